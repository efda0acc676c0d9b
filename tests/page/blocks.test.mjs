/** Cells of a scene in blocks: as large as the classes allow, and nothing that overlaps on both sides unseen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf } from '../../www/training/blocks.js';

/** @typedef {import('../../www/training/blocks.js').PlacedTile} PlacedTile */

const SCENE = new Blob(['scene']);

/** @param {string} classId @param {number} x @param {number} y @param {{ sceneId?: string, size?: number }} [cell] @returns {PlacedTile} */
function cellAt(classId, x, y, { sceneId = 'a', size = 100 } = {}) {
  return { classId, source: { kind: 'window', sceneId, file: SCENE, window: { x, y, width: size, height: size }, raster: null, sidecars: { world: null, auxXml: null } } };
}

/** A square of cells, of the class that the place has. @param {number} across @param {(column: number, row: number) => string} classAt @param {number} [step] */
function covered(across, classAt, step = 100) {
  return Array.from({ length: across * across }, (_, index) => {
    const [column, row] = [index % across, Math.floor(index / across)];
    return cellAt(classAt(column, row), column * step, row * step);
  });
}

/** @param {PlacedTile[]} tiles */
function blocks(tiles) {
  const found = blocksOf(tiles);
  assert.ok(found);
  return found;
}

/** In how many blocks each class is. @param {PlacedTile[]} tiles @param {number[]} groups @param {string} classId */
const spread = (tiles, groups, classId) => new Set(groups.filter((_, index) => tiles[index].classId === classId)).size;

test('files have no place; beside cells each is by itself', () => {
  /** @type {PlacedTile[]} */
  const files = ['wood', 'water'].map((classId) => ({ classId, source: { kind: 'file', file: SCENE } }));
  assert.equal(blocksOf(files), null);
  assert.equal(blocksOf([]), null);
  const { groups, touching } = blocks([...files, cellAt('wood', 0, 0), cellAt('wood', 100, 0)]);
  assert.deepEqual([groups, touching], [[0, 1, 2, 2], []]);
});

test('blocks are as large as they can be with every class in five of them', () => {
  const tiles = covered(48, (column, row) => (column * 7 + row * 3 > 170 ? 'water' : 'wood'));
  const { groups, cellsAcross } = blocks(tiles);
  assert.equal(cellsAcross, 16);
  for (const classId of ['wood', 'water']) assert.ok(spread(tiles, groups, classId) >= 5);
  // With the next larger blocks the scene has four.
  assert.equal(blocks(covered(48, () => 'wood')).cellsAcross, 16);
  assert.equal(blocks(covered(60, () => 'wood')).cellsAcross, 24);
  // A class in few places has larger blocks' way barred only if it is in five of the smallest.
  const few = [...tiles, ...[0, 600, 1200, 1800, 2400].map((x) => cellAt('field', x, 4700))];
  assert.equal(blocks(few).cellsAcross, 6);
  const clump = [...tiles, ...[0, 100, 200].map((x) => cellAt('field', x, 4700))];
  assert.equal(blocks(clump).cellsAcross, 16);
  assert.equal(blocks([cellAt('wood', 0, 0), cellAt('water', 500, 0)]).cellsAcross, 3);
});

test('with enough scenes each of them is one block', () => {
  const tiles = ['a', 'b', 'c', 'd', 'e'].flatMap((sceneId) => [cellAt('wood', 0, 0, { sceneId }), cellAt('water', 2000, 1000, { sceneId })]);
  const { groups, touching } = blocks(tiles);
  assert.deepEqual([groups, touching], [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4], []]);
});

test('what overlaps or adjoins is in one block or named, and nothing else is named', () => {
  for (const step of [25, 50, 100, 130]) {
    const tiles = covered(16, (column) => (column % 2 ? 'wood' : 'water'), step);
    const { groups, touching } = blocks(tiles);
    assert.ok(new Set(groups).size > 1);
    const named = new Set(touching.map((pair) => pair.toSorted((a, b) => a - b).join()));
    assert.equal(named.size, touching.length);
    let expected = 0;
    for (let b = 0; b < tiles.length; b += 1) {
      for (let a = 0; a < b; a += 1) {
        const near = [16, 1].every((unit) => Math.abs((Math.floor(a / unit) % 16) - (Math.floor(b / unit) % 16)) * step <= 100);
        if (!near || groups[a] === groups[b]) continue;
        expected += 1;
        assert.ok(named.has(`${a},${b}`), `${a} and ${b} at a step of ${step}`);
      }
    }
    assert.equal(named.size, expected);
    assert.equal(expected > 0, step < 130);
  }
});

test('cells of an earlier grid, of another size, are kept apart all the same', () => {
  const tiles = [...covered(12, () => 'wood'), cellAt('water', 390, 390, { size: 40 }), cellAt('water', 900, 900, { size: 40 })];
  const { groups, touching } = blocks(tiles);
  const small = tiles.length - 2;
  const overlapped = [39, 40, 51, 52].filter((cell) => groups[cell] !== groups[small]);
  assert.ok(overlapped.length > 0);
  for (const cell of overlapped) assert.ok(touching.some((pair) => pair.includes(cell) && pair.includes(small)));
});

test('a scene with many thousand labels is cut at once', () => {
  const tiles = covered(200, (column, row) => String((column >> 4) + (row >> 5)), 50);
  const { groups, touching } = blocks(tiles);
  assert.equal(groups.length, 40_000);
  assert.ok(touching.length > 0);
});

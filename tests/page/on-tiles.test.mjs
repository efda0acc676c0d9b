/** Views are drawn at once after what the user did, and seldom while answers stream in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TileList } from '../../www/tiles/tile-list.js';
import { onTiles } from '../../www/views/on-tiles.js';

/** @param {number} count */
function tilesOf(count) {
  const tiles = new TileList();
  const added = tiles.add(Array.from({ length: count }, (_, index) => ({ name: `${index}`, path: `${index}`, source: { kind: 'file', file: new Blob() } })));
  return { tiles, added };
}

test('a hundred answers are drawn twice, a label at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { tiles, added } = tilesOf(100);
  let draws = 0;
  onTiles(tiles, ['changed'], () => (draws += 1));
  for (const tile of added) tiles.fail(tile, { code: 'image.empty' });
  t.mock.timers.tick(1);
  assert.equal(draws, 1, 'the first as soon as its event is over');
  tiles.label([[added[0], 'a']]);
  assert.equal(draws, 2, 'a label does not wait');
  tiles.fail(added[1], { code: 'image.empty' });
  t.mock.timers.tick(1);
  assert.equal(draws, 2, 'the next answer waits');
  t.mock.timers.tick(300);
  assert.equal(draws, 3, 'the last one is drawn, too');
});

test('views that hear of different answers are drawn in one task', async () => {
  const { tiles, added } = tilesOf(2);
  /** @type {string[]} */
  const told = [];
  const draws = (/** @type {string} */ view) => () => {
    told.push(view);
    queueMicrotask(() => told.push('end'));
  };
  const toldOf = async (/** @type {number} */ count) => {
    while (told.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  onTiles(tiles, ['changed'], draws('grid'));
  onTiles(tiles, ['pictured'], draws('plane'));
  tiles.fail(added[0], { code: 'image.empty' });
  await toldOf(2);
  tiles.picture(added[1], new Blob());
  tiles.fail(added[0], { code: 'image.empty' });
  await toldOf(6);
  assert.deepEqual(told, ['grid', 'end', 'plane', 'grid', 'end', 'end']);
});

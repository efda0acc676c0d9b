/** The view Similarity without its canvas: where tiles lie, what is stale, what is inside a lasso, colours, what stands out. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { FakeSession, decodedEvent, loadedModel, newTiles, settled } from './fakes.mjs';
import { arrange } from '../../www/similarity/arrange.js';
import { grouped } from '../../www/similarity/colouring.js';
import { found, measure } from '../../www/similarity/measures.js';
import { nearest } from '../../www/similarity/neighbours.js';
import { Plane } from '../../www/similarity/plane.js';
import { alongPrincipalAxes } from '../../www/similarity/principal-axes.js';
import { seededRandom } from '../../www/similarity/random.js';
import { Sight, isInside, nearestTo, nextTowards } from '../../www/similarity/sight.js';
import { History } from '../../www/labels/history.js';
import { Labelling } from '../../www/labels/labelling.js';
import { Features } from '../../www/tiles/features.js';
import { TileList } from '../../www/tiles/tile-list.js';

/** @typedef {[number, number]} Pair */

/** Rows of kinds that differ in some of their numbers. @param {number} count @param {number} width @param {number} kinds */
function rowsOfKinds(count, width, kinds) {
  const next = seededRandom(7);
  return Float32Array.from({ length: count * width }, (_, at) => next() + (at % width % kinds === Math.floor(at / width) % kinds ? 2 : 0));
}

test('principal components are those of NumPy', async () => {
  const { width, axes, rows, components } = JSON.parse(await readFile(new URL('../fixtures/similarity/axes.json', import.meta.url), 'utf8'));
  const along = alongPrincipalAxes(Float32Array.from(rows), width, axes);
  assert.equal(along.axes, axes);
  // Values of up to 20, in 32 bits.
  for (const [at, value] of components.entries()) assert.ok(Math.abs(along.values[at] - value) < 1e-3, `${along.values[at]} for ${value}`);
});

test('nearest rows are those of a plain sort of all distances', () => {
  const [width, rows] = [20, rowsOfKinds(60, 20, 3)];
  const { indices, distances } = nearest(rows, rows, width, 5);
  for (let query = 0; query < 60; query += 1) {
    const all = Array.from({ length: 60 }, (_, row) => ({ row, distance: Math.hypot(...Array.from({ length: width }, (__, at) => rows[query * width + at] - rows[row * width + at])) }));
    all.sort((a, b) => a.distance - b.distance);
    assert.deepEqual([...indices.subarray(query * 5, query * 5 + 5)], all.slice(0, 5).map(({ row }) => row));
    assert.ok(Math.abs(distances[query * 5 + 4] - all[4].distance) < 1e-4);
  }
});

test('like tiles come to lie by like, and the same tiles give the same picture in whatever order they come', () => {
  const [count, width, kinds] = [120, 24, 4];
  const rows = rowsOfKinds(count, width, kinds);
  /** @type {number[]} */
  const told = [];
  const positions = arrange(rows, width, { onProgress: (share) => told.push(share) });
  const { indices } = nearest(positions, positions, 2, 6);
  let alike = 0;
  for (let at = 0; at < indices.length; at += 1) alike += Number(indices[at] % kinds === Math.floor(at / 6) % kinds);
  assert.ok(alike / indices.length > 0.95, `${alike} of ${indices.length} neighbours are of the same kind`);
  assert.ok(positions.every((value) => value >= -1.0001 && value <= 1.0001));
  assert.ok(told.length > 5 && told.at(-1) === 1);

  const backwards = Float32Array.from(Array.from({ length: count }, (_, row) => [...rows.subarray((count - 1 - row) * width, (count - row) * width)]).flat());
  const again = arrange(backwards, width);
  for (let row = 0; row < count; row += 1) assert.deepEqual(again.subarray(row * 2, row * 2 + 2), positions.subarray((count - 1 - row) * 2, (count - row) * 2));
});

test('one tile, and tiles that are all the same, are laid out too', () => {
  assert.deepEqual([...arrange(Float32Array.of(1, 2, 3), 3)], [0, 0]);
  assert.ok(arrange(new Float32Array(30 * 4).fill(2), 4).every(Number.isFinite));
});

test('what is under the pointer stays there when the plane comes nearer', () => {
  const sight = new Sight();
  Object.assign(sight, { width: 800, height: 600 });
  const before = sight.pointAt([250, 200]);
  sight.zoomBy(3, [250, 200]);
  const after = sight.pointAt([250, 200]);
  assert.ok(Math.hypot(before[0] - after[0], before[1] - after[1]) < 1e-9);
  const [x, y] = sight.pixelOf(after);
  assert.ok(Math.hypot(x - 250, y - 200) < 1e-9);
  sight.pan(10, -20);
  const [movedX, movedY] = sight.pixelOf(after);
  assert.ok(Math.hypot(movedX - 260, movedY - 180) < 1e-9);
});

test('a lasso takes what is inside, also where it is hollow, and keys go to the next tile that way', () => {
  /** @type {Pair[]} */
  const horseshoe = [[0, 0], [30, 0], [30, 30], [20, 30], [20, 10], [10, 10], [10, 30], [0, 30]];
  assert.deepEqual([[5, 5], [15, 20], [25, 25], [15, 5], [40, 5]].map((pixel) => isInside(horseshoe, /** @type {Pair} */ (pixel))), [true, false, true, true, false]);
  /** @type {Pair[]} */
  const pixels = [[0, 0], [10, 1], [4, 20], [30, 0]];
  assert.equal(nextTowards(pixels, [0, 0], [1, 0]), 1);
  assert.equal(nextTowards(pixels, [0, 0], [0, 1]), 2);
  assert.equal(nextTowards([[0, 0], [3, 20]], [0, 0], [1, 0]), 1, 'aside, where nothing is straight ahead');
  assert.equal(nextTowards(pixels, [0, 0], [-1, 0]), -1);
  assert.equal(nearestTo(pixels, [9, 3], 5), 1);
  assert.equal(nearestTo(pixels, [15, 8], 5), -1);
});

test('colours say label, class, confidence or mistake, and each tile is counted once', () => {
  const list = new TileList();
  const labelling = new Labelling(list, new History());
  const tiles = list.add(newTiles(4));
  const water = labelling.create('water');
  const [, info] = [0, loadedModel().info];
  const answer = (/** @type {number} */ place, /** @type {number[]} */ probabilities) => list.answer(tiles[place], /** @type {any} */ (decodedEvent(tiles[place].id, { probabilities }).result), info);
  answer(0, [0.05, 0.95]);
  answer(1, [0.75, 0.25]);
  answer(2, [0.6, 0.4]);
  labelling.assign([tiles[0], tiles[1]], water);
  const counts = (/** @type {import('../../www/similarity/colouring.js').ColourBy} */ by) => grouped(by, tiles, labelling).map(({ name, tiles: some }) => [name, some.length]);
  assert.deepEqual(counts('label'), [['water', 2], ['unlabelled', 2]]);
  assert.deepEqual(counts('class'), [['forest', 2], ['water', 1], ['unanswered', 1]]);
  assert.deepEqual(counts('confidence'), [['confidence 0.9', 1], ['confidence 0.7', 1], ['confidence 0.6', 1], ['unanswered', 1]]);
  assert.deepEqual(counts('mistake'), [['mistake', 1], ['right', 1], ['unjudged', 2]]);
  assert.equal(grouped('class', tiles, labelling)[1].colour, water.colour);
});

/** @param {(x: number, y: number) => number} grey */
function picture(grey) {
  const [width, height] = [192, 192];
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at += 1) data.fill(grey(at % width, Math.floor(at / width)), at * 4, at * 4 + 3);
  return { width, height, data };
}

test('copies, blurred, dark and empty tiles are found by their pixels', () => {
  const next = seededRandom(5);
  const noise = Array.from({ length: 48 * 48 }, () => next() * 200 + 30);
  const cell = (/** @type {number} */ x, /** @type {number} */ y) => noise[Math.floor(y / 4) * 48 + Math.floor(x / 4)];
  const pictures = [
    picture(cell),
    picture((x, y) => cell(x, y) + 2),
    picture((x, y) => 120 + 80 * Math.sin(x / 40) * Math.cos(y / 50)),
    picture((x, y) => cell(x, y) * 0.1),
    picture(() => 90),
    picture(() => 90),
  ];
  const all = pictures.map((one) => measure(one, 192));
  assert.deepEqual(found('duplicates', all), [1], 'an empty tile is no copy of an empty one');
  assert.deepEqual(found('blurred', all), [2]);
  assert.deepEqual(found('dark', all), [3]);
  assert.deepEqual(found('empty', all), [4, 5]);
});

/** A plane on tiles with features, and the worker that it started last. */
function plane() {
  const session = new FakeSession();
  session.answers.readFeatures = ({ tileIds }) => tileIds.map((/** @type {string} */ tileId) => ({ tileId, backbone: 'backbone-a', look: '', views: 1, values: Float32Array.of(1, 2) }));
  const tiles = new TileList();
  const features = new Features(session.asSession);
  /** @type {{ sent: any[], isEnded: boolean, tell: (data: any) => void }[]} */
  const workers = [];
  const made = new Plane({ session: session.asSession, tiles, features }, async () => {
    /** @type {Record<string, (event: any) => void>} */
    const listeners = {};
    const worker = { sent: /** @type {any[]} */ ([]), isEnded: false, tell: (/** @type {any} */ data) => listeners.message({ data }) };
    workers.push(worker);
    return {
      postMessage: (message) => void worker.sent.push(message),
      terminate: () => void (worker.isEnded = true),
      addEventListener: (type, listener) => void (listeners[type] = listener),
    };
  });
  const add = (/** @type {number} */ count) => {
    for (const { id } of tiles.add(newTiles(count))) features.note(id, { backbone: 'backbone-a', look: '', views: 1 });
  };
  return { plane: made, session, tiles, add, workers };
}

test('a layout is stale when tiles have come, or when another backbone is loaded', async () => {
  const { plane: made, session, tiles, add, workers } = plane();
  add(2);
  const done = made.layOut();
  await settled();
  assert.deepEqual(workers[0].sent.map(({ kind }) => kind), ['rows', 'layOut']);
  workers[0].tell({ kind: 'positions', positions: Float32Array.of(0, 0, 0.5, 1), isFinal: false });
  assert.equal(made.state, 'working');
  workers[0].tell({ kind: 'positions', positions: Float32Array.of(0, 0, 1, 0.5), isFinal: true });
  await done;
  assert.deepEqual([made.state, made.staleCount, workers[0].isEnded], ['idle', 0, true]);
  assert.deepEqual(made.points.get(tiles.all[1].id), [1, 0.5]);
  add(3);
  assert.equal(made.staleCount, 3);
  assert.equal(made.placedCount, 2);
  session.status.loaded = loadedModel({ backbone: 'backbone-b' });
  assert.equal(made.placeable.length, 0);
  tiles.remove(tiles.all);
  assert.equal(made.placedCount, 0, 'another project begins without points');
});

test('who cancels keeps the first picture; a worker that fails is told of, and the next one is asked afresh', async () => {
  const { plane: made, add, workers } = plane();
  add(2);
  const cancelled = made.layOut();
  await settled();
  workers[0].tell({ kind: 'positions', positions: Float32Array.of(0, 0, 1, 1), isFinal: false });
  made.cancel();
  await cancelled;
  assert.deepEqual([made.state, made.points.size, workers[0].isEnded], ['idle', 2, true]);
  const failing = made.layOut();
  await settled();
  workers[1].tell({ kind: 'failed', message: 'It broke.' });
  await failing;
  assert.deepEqual([made.state, made.failure, workers[1].isEnded], ['failed', 'It broke.', true]);
  const again = made.layOut();
  await settled();
  workers[2].tell({ kind: 'positions', positions: Float32Array.of(1, 0, 0, 1), isFinal: true });
  await again;
  assert.equal(made.state, 'idle');
});

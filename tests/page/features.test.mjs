/** What the page knows of features that the worker has, and the store. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookOf } from '../../www/engine/index.js';
import { Features } from '../../www/tiles/features.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { ViewFeatures } from '../../www/training/view-features.js';
import { FakeSession, loadedModel, newTiles } from './fakes.mjs';

/** @param {string[]} tileIds */
function rows(tileIds, backbone = 'backbone-a', views = 1) {
  return tileIds.map((tileId) => ({ tileId, backbone, look: '', views, values: new Float32Array(4 * views) }));
}

/** @param {import('../../www/engine/index.js').FeatureRow[][]} chunks */
async function* saved(...chunks) {
  yield* chunks;
}

test('what is saved is moved to the worker, and known from then on; a new worker gets it again', async () => {
  const fake = new FakeSession();
  fake.answers.keepFeatures = () => ({});
  const features = new Features(fake.asSession);
  const chunks = [rows(['a', 'b']), rows(['c'], 'backbone-a', 8)];
  await features.give(saved(...chunks));
  assert.equal(chunks[0][0].values.length, 0, 'no copy stays');
  assert.ok(features.has('b', 'backbone-a') && features.has('c', 'backbone-a', 8) && !features.has('b', 'backbone-a', 8) && !features.has('b', 'other'));

  features.note('d', { backbone: 'backbone-a', look: '', views: 1 });
  features.saved = () => saved(rows(['a', 'b']));
  await fake.refill();
  assert.ok(features.has('a', 'backbone-a'));
  assert.ok(!features.has('d', 'backbone-a'), 'what was not saved has to be computed again');
});

test('of a raster the features are known that were computed as it is seen now, for whoever compares tiles', () => {
  const fake = new FakeSession();
  const features = new Features(fake.asSession);
  const stretch = /** @type {import('../../www/engine/index.js').Stretch} */ ({ bands: [3, 2, 1], ranges: [{ black: 0, white: 1 }, { black: 0, white: 1 }, { black: 0, white: 1 }], rule: 'fixed' });
  const raster = { id: 'r', source: /** @type {const} */ ({ kind: 'file', file: new Blob(), raster: { alike: 'four bands', stretch } }) };
  features.note('r', { backbone: 'backbone-a', look: lookOf(raster.source), views: 1 });
  assert.ok(features.knows(raster) && !features.knows(raster, 8));
  assert.ok(!features.knows({ ...raster, source: { kind: 'file', file: new Blob() } }), 'those of another look do not count');
});

test('without an engine nothing is given, and nothing read', async () => {
  const features = new Features(new FakeSession().asSession);
  await features.give(saved(rows(['a'])));
  assert.ok(!features.hasAny('a'));
  assert.deepEqual(await features.read(['a']), []);
});

test('a computation is told once, and tiles that are gone are forgotten', () => {
  const fake = new FakeSession();
  fake.answers.forgetFeatures = () => ({});
  const features = new Features(fake.asSession);
  /** @type {string[]} */
  const told = [];
  features.addEventListener('computed', (event) => told.push(.../** @type {CustomEvent} */ (event).detail.tileIds));
  features.note('a', { backbone: 'backbone-a', look: '', views: 8 });
  features.note('a', { backbone: 'backbone-a', look: '', views: 1 });
  features.note('b', { backbone: 'backbone-a', look: '', views: 1 });
  assert.deepEqual(told, ['a', 'b']);
  features.keepOnly(new Set(['b']));
  assert.ok(!features.hasAny('a') && features.hasAny('b'));
  assert.deepEqual(fake.asked.at(-1)?.payload, { tileIds: ['a'] });
});

test('the views of a tile are stored under the backbone that computed them, whichever model is loaded meanwhile', async () => {
  const fake = new FakeSession();
  const tiles = new TileList();
  const features = new Features(fake.asSession);
  const viewFeatures = new ViewFeatures({ session: fake.asSession, tiles, features });
  const [tile] = tiles.add(newTiles(1));
  fake.answers.views = (payload, onEvent) => {
    // The user opens another model; it takes its turn in the worker before these views do.
    onEvent({ event: 'features', tileId: payload.tiles[0].tileId, features: { backbone: 'backbone-b', look: '', views: 8 } });
    fake.set({ loaded: loadedModel({ backbone: 'backbone-b' }, 2) });
    return { features: [] };
  };
  await viewFeatures.complete([tile], () => undefined, new AbortController().signal);
  assert.ok(!features.has(tile.id, 'backbone-a'), 'the backbone that was loaded when they were asked for did not compute them');
  assert.ok(features.has(tile.id, 'backbone-b', 8));
});

test('a tile that cannot be read is marked, and an end that was asked for comes after the tiles at work', async () => {
  const fake = new FakeSession();
  const tiles = new TileList();
  const features = new Features(fake.asSession);
  const viewFeatures = new ViewFeatures({ session: fake.asSession, tiles, features });
  const added = tiles.add(newTiles(40));
  const abort = new AbortController();
  fake.answers.views = (payload, onEvent) => {
    for (const { tileId } of payload.tiles) onEvent({ event: 'features', tileId, error: { code: 'image.unreadable' } });
    abort.abort();
    return { features: [] };
  };
  await viewFeatures.complete(added, () => undefined, abort.signal);
  assert.equal(fake.asked.length, 1);
  assert.equal(tiles.inState('error').length, fake.asked[0].payload.tiles.length);
});

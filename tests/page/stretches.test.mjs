/** Rasters on the page: looked at together, seen alike, and classified again when their stretch changes. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStretch, lookOf } from '../../www/engine/index.js';
import { Classification } from '../../www/tiles/classification.js';
import { Features } from '../../www/tiles/features.js';
import { Stretches } from '../../www/tiles/stretches.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { resultsCsv } from '../../www/tiles/results-csv.js';
import { FakeSession, decodedEvent, loadedModel, newTiles, settled } from './fakes.mjs';

/** @typedef {import('../../www/engine/index.js').Stretch} Stretch */

/** @param {number} white @param {Stretch['rule']} [rule] @returns {Stretch} */
function stretch(white, rule = 'cumulative-cut') {
  const range = { black: 0, white };
  return { bands: [3, 2, 1], ranges: [range, range, range], rule };
}

/** A page whose worker knows files by their names: `16-…` is a raster of 16 bits, everything else a picture. */
function page() {
  const fake = new FakeSession();
  const tiles = new TileList();
  const features = new Features(fake.asSession);
  const stretches = new Stretches({ session: fake.asSession, tiles });
  const classification = new Classification({ session: fake.asSession, tiles, features, stretches });
  /** What was decoded, and how. @type {[string, string][]} */
  const decoded = [];
  fake.answers.classify = ({ tiles: asked }, onEvent) => {
    for (const { tileId, source } of asked) {
      const name = tiles.get(tileId)?.name ?? '';
      if (name.startsWith('16-') && source.raster === undefined) {
        onEvent({ event: 'tile', tileId, error: { code: 'raster.unseen' } });
      } else {
        decoded.push([name, lookOf(source)]);
        onEvent(decodedEvent(tileId, { look: lookOf(source) }));
      }
    }
    return { features: [] };
  };
  fake.answers.lookAtRasters = ({ tiles: asked }) => {
    const group = { alike: 'kind', files: asked.length, bands: ['a', 'b', 'c'], numbers: '', stretch: stretch(1000 * asked.length), choices: [], histograms: [], notes: [] };
    return { groups: [group], alike: Object.fromEntries(asked.map((/** @type {{ tileId: string }} */ { tileId }) => [tileId, 'kind'])) };
  };
  return { fake, tiles, stretches, classification, decoded };
}

/** @param {string[]} names */
function named(names) {
  return newTiles(names.length).map((tile, index) => ({ ...tile, name: names[index], path: names[index] }));
}

const looks = (/** @type {TileList} */ tiles) => tiles.all.map(({ source }) => source.raster?.stretch.ranges[0].white);

test('rasters that came together are looked at together, before one of them is decoded', async () => {
  const { fake, tiles, classification, decoded } = page();
  tiles.add(named([...Array.from({ length: 100 }, (_, index) => `16-${index}`), 'picture']));
  await settled();
  assert.deepEqual(fake.asked.filter(({ kind }) => kind === 'lookAtRasters').map(({ payload }) => payload.tiles.length), [100]);
  assert.deepEqual(new Set(looks(tiles)), new Set([100_000, undefined]));
  assert.equal(decoded.length, 101, 'each once');
  assert.deepEqual(tiles.inState('done').length, 101);
  assert.equal(classification.running, false);

  // Those that come later are seen as those before.
  tiles.add(named(['16-later']));
  await settled();
  assert.deepEqual(new Set(looks(tiles)), new Set([100_000, undefined]));
});

test('another choice is that of all tiles of the kind, which are classified again, and of no other', async () => {
  const { fake, tiles, stretches, decoded } = page();
  tiles.add(named(['16-a', '16-b', 'picture']));
  await settled();
  decoded.length = 0;
  stretches.choose('kind', stretch(7, 'fixed'));
  await settled();
  assert.deepEqual(decoded.map(([name]) => name), ['16-a', '16-b']);
  assert.deepEqual(looks(tiles), [7, 7, undefined]);
  decoded.length = 0;
  stretches.choose('kind', stretch(7, 'min-max'));
  await settled();
  assert.deepEqual(decoded, [], 'the same range by another rule is the same look');

  // An answer to what was asked before the choice is not taken for one after it.
  /** @type {(() => void)[]} */
  const later = [];
  const answer = fake.answers.classify;
  fake.answers.classify = (payload, onEvent) => new Promise((resolve) => later.push(() => resolve(answer(payload, onEvent))));
  stretches.choose('kind', stretch(8, 'fixed'));
  stretches.choose('kind', stretch(9, 'fixed'));
  await settled();
  later.shift()?.();
  await settled();
  assert.notEqual(tiles.all[0].state, 'done');
  for (const go of later) go();
  await settled();
  assert.deepEqual([tiles.all[0].state, decoded.at(-1)?.[1]], ['done', lookOf(tiles.all[1].source)]);
});

test('a model knows how to look at files of the kind that it learnt from, and says where tiles look otherwise', async () => {
  const { fake, tiles, stretches } = page();
  fake.set({ loaded: loadedModel({ preparations: [{ alike: 'kind', stretch: stretch(3000) }] }) });
  tiles.add(named(['16-a', 'picture']));
  await settled();
  assert.deepEqual(looks(tiles), [3000, undefined]);
  assert.deepEqual(tiles.all.map(({ isSeenOtherwise }) => isSeenOtherwise), [false, true]);
  stretches.choose('kind', stretch(4000));
  await settled();
  assert.deepEqual(tiles.all.map(({ isSeenOtherwise }) => isSeenOtherwise), [true, true]);
});

test('where the reader cannot be fetched each raster says so, and pictures go on', async () => {
  const { fake, tiles } = page();
  fake.answers.lookAtRasters = () => Promise.reject({ code: 'network.unreachable', message: '' });
  tiles.add(named(['16-a', 'picture']));
  await settled();
  assert.deepEqual(tiles.all.map(({ state, error }) => [state, error?.code]), [['error', 'network.unreachable'], ['done', undefined]]);
});

test('tables have the stretch and the share without data', async () => {
  const { tiles } = page();
  tiles.add(named(['16-a']));
  await settled();
  const [tile] = tiles.all;
  if (tile.facts) tile.facts = { ...tile.facts, noDataShare: 0.25 };
  const [header, row] = (await resultsCsv([tile], () => '', () => '', () => ['A note.']).text()).slice(1).split('\r\n');
  const place = header.split(',').indexOf('no_data_share');
  assert.equal(row.split(',')[place], '0.25');
  assert.ok(row.includes('""white"":1000') && row.endsWith('A note.,'), row);
});

test('a stretch of a stranger is looked at before it is used', () => {
  assert.ok(isStretch(stretch(5)) && isStretch({ ...stretch(5), no_data: -9999 }));
  for (const wrong of [null, {}, { ...stretch(5), bands: [0, 1, 2] }, { ...stretch(5), bands: [1, 2] }, { ...stretch(5), rule: 'magic' }, { ...stretch(5), ranges: [{ black: 0, white: null }] }, { ...stretch(5), no_data: 'x' }]) {
    assert.ok(!isStretch(wrong), JSON.stringify(wrong));
  }
});

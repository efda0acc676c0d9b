/** The heatmap of the tile in focus: which class it is for, what it waits for, and that no stale one is shown. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../www/engine/index.js';
import { Heatmaps } from '../../www/tiles/heatmaps.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { FakeSession, decodedEvent, deferred, loadedModel, newTiles, settled } from './fakes.mjs';

/** Two tiles, both said to be water. */
function page() {
  const fake = new FakeSession();
  const tiles = new TileList();
  const [first, second] = tiles.add(newTiles(2));
  const { labels, preparations } = loadedModel().info;
  const answer = (/** @type {typeof first} */ tile, probabilities = [0.25, 0.75], known = labels) => tiles.answer(tile, decodedEvent(tile.id, { probabilities }).result, { labels: known, preparations });
  answer(first);
  answer(second);
  const heatmaps = new Heatmaps({ session: fake.asSession });
  fake.answers.heatmap = ({ className }) => ({ model: 1, className });
  const classes = () => fake.asked.map(({ payload }) => payload.className);
  return { fake, tiles, first, second, answer, heatmaps, classes };
}

/** What it shows; the property's type would be taken for what it was before. @param {Heatmaps} heatmaps */
function stateOf(heatmaps) {
  const { state } = heatmaps;
  return { code: state.code, heatmap: 'heatmap' in state ? state.heatmap : null, failure: 'failure' in state ? state.failure.code : '' };
}

test('it is for the model\'s class of each tile, or for the one that was chosen', async () => {
  const { first, second, heatmaps, classes } = page();
  heatmaps.show(first);
  await settled();
  assert.deepEqual([stateOf(heatmaps).code, classes()], ['off', []]);
  heatmaps.toggle();
  await settled();
  assert.equal(stateOf(heatmaps).code, 'shown');
  heatmaps.choose('forest');
  heatmaps.show(second);
  await settled();
  assert.deepEqual([classes(), heatmaps.className], [['water', 'forest', 'forest'], 'forest']);
  heatmaps.show(second);
  await settled();
  assert.equal(classes().length, 3, 'what is shown is not asked for again');
  heatmaps.choose('forest');
  assert.deepEqual([heatmaps.isOn, heatmaps.className], [false, null]);
  heatmaps.toggle();
  assert.equal(heatmaps.className, 'water', 'the key goes back to what the model says');
});

test('whoever walks on sees no heatmap of a tile that he left, and waits for none', async () => {
  const { fake, tiles, first, second, heatmaps } = page();
  const [third] = tiles.add(newTiles(1));
  const slow = deferred();
  fake.answers.heatmap = () => slow.promise;
  heatmaps.toggle();
  heatmaps.show(first);
  heatmaps.show(third);
  assert.equal(stateOf(heatmaps).code, 'waiting');
  heatmaps.show(second);
  fake.answers.heatmap = ({ className }) => ({ model: 1, className, of: 'second' });
  slow.resolve({ model: 1, className: 'water', of: 'first' });
  await settled();
  assert.equal(fake.asked.length, 2, 'of the tiles between nothing is asked');
  assert.deepEqual(stateOf(heatmaps).heatmap, { model: 1, className: 'water', of: 'second' });
});

test('without a class it says why; another model\'s answer is not shown; a failure is told', async () => {
  const { fake, first, second, answer, heatmaps, classes } = page();
  heatmaps.toggle();
  assert.equal(stateOf(heatmaps).code, 'noTile');
  answer(first, [], []);
  heatmaps.show(first);
  assert.equal(stateOf(heatmaps).code, 'noHead');
  fake.answers.heatmap = () => ({ model: 2, className: 'water' });
  heatmaps.show(second);
  await settled();
  assert.notEqual(stateOf(heatmaps).code, 'shown');
  fake.answers.heatmap = () => {
    throw new EngineError('image.unreadable');
  };
  answer(second);
  heatmaps.show(second);
  await settled();
  assert.deepEqual([stateOf(heatmaps).code, stateOf(heatmaps).failure], ['failed', 'image.unreadable']);
  heatmaps.choose('forest');
  answer(second, [0.9], ['meadow']);
  fake.answers.heatmap = ({ className }) => ({ model: 1, className });
  heatmaps.show(second);
  await settled();
  assert.deepEqual([classes().at(-1), stateOf(heatmaps).code], ['meadow', 'shown'], 'this model does not know what was chosen');
});

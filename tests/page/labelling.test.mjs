/** Tiles, classes, labels, and what can be undone. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../www/labels/history.js';
import { LabelError, Labelling } from '../../www/labels/labelling.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { decodedEvent, newTiles } from './fakes.mjs';

/** @param {number} count */
function workbench(count) {
  const tiles = new TileList();
  const history = new History();
  const labelling = new Labelling(tiles, history);
  return { tiles, history, labelling, added: tiles.add(newTiles(count)) };
}

test('a label, a name and a class are undone and done again', () => {
  const { tiles, history, labelling, added } = workbench(3);
  const wood = labelling.create(' Wood ');
  labelling.assign(added.slice(0, 2), wood);
  labelling.rename(wood, 'Forest');
  const renamed = labelling.named('Forest');
  assert.ok(renamed);
  labelling.remove(renamed);
  assert.deepEqual([labelling.classes.length, added.filter(({ classId }) => classId).length], [0, 0]);
  history.undo();
  assert.deepEqual(labelling.counts, [2]);
  history.undo();
  assert.equal(labelling.classes[0].name, 'Wood');
  history.undo();
  assert.deepEqual(labelling.counts, [0]);
  history.redo();
  assert.deepEqual(labelling.counts, [2]);
  labelling.removeTiles([added[0]]);
  assert.equal(tiles.size, 2);
  history.undo();
  assert.equal(tiles.get(added[0].id)?.classId, wood.id, 'a tile comes back with its label');
  // The tile that came back is another object: taking the label away has to find it all the same.
  history.undo();
  assert.deepEqual(labelling.counts, [0]);
});

test('what takes something away says what', () => {
  const { labelling, history, added } = workbench(3);
  /** @type {(string | undefined)[]} */
  const removed = [];
  history.addEventListener('done', (event) => removed.push(/** @type {CustomEvent<import('../../www/labels/history.js').Command>} */ (event).detail.removed));
  const wood = labelling.create('Wood');
  labelling.assign(added, wood);
  labelling.assign(added.slice(0, 2), null);
  labelling.removeTiles([added[0]]);
  history.undo();
  history.redo();
  labelling.removeTiles(added.slice(1));
  labelling.remove(wood);
  assert.deepEqual(removed, [undefined, undefined, 'the label of 2 tiles', '0.png', '2 tiles', 'the class Wood']);
});

test('a name that is taken or empty changes nothing, and so do too many classes at once', () => {
  const { labelling, history, added } = workbench(60);
  labelling.create('Wood');
  for (const name of ['Wood', ' Wood ', '', '  ']) assert.throws(() => labelling.create(name), LabelError);
  const names = added.map((tile, index) => /** @type {[typeof tile, string]} */ ([tile, `class ${index}`]));
  assert.throws(() => labelling.assignByName('labels by folder', names), /61 classes|60 classes/);
  assert.deepEqual([labelling.classes.length, labelling.labelled.length], [1, 0]);
  assert.equal(labelling.assignByName('labels by folder', names.slice(0, 49)), 49);
  assert.equal(labelling.classes.length, 50);
  assert.equal(new Set(labelling.classes.map(({ colour }) => colour)).size, 50, 'each class has a colour of its own');
  assert.throws(() => labelling.create('One more'), LabelError);
  history.undo();
  assert.deepEqual([labelling.classes.length, labelling.labelled.length], [1, 0], 'all of it is one step');
});

test('a tile that cannot be read is not learnt from', () => {
  const { tiles, labelling, added } = workbench(2);
  labelling.assign(added, labelling.create('Wood'));
  tiles.fail(added[0], { code: 'image.unreadable' });
  assert.deepEqual([labelling.labelled.length, labelling.counts], [1, [1]]);
});

test('the most probable class is the verdict; where no head answers there is none', () => {
  const { tiles, added } = workbench(2);
  const { result } = decodedEvent(added[0].id);
  tiles.answer(added[0], result, { labels: ['forest', 'water'], preparations: [] });
  assert.deepEqual([added[0].state, added[0].verdict], ['done', { className: 'water', confidence: 0.75 }]);
  tiles.answer(added[1], { ...result, probabilities: new Float32Array() }, { labels: [], preparations: [] });
  assert.deepEqual([added[1].state, added[1].verdict, added[1].facts?.format], ['done', null, 'PNG']);
  tiles.forgetAnswers();
  assert.deepEqual([added[0].state, added[0].verdict, added[0].facts?.format], ['queued', null, 'PNG'], 'what the file is stays known');
});

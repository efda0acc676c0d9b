/** The check of a map: what is kept of it, how far it is, and what is made of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accuracyCsv, answered, beginCheck, cellWindow, drawnOf, foundIn, identityOf, nextOpen, progressOf } from '../../www/scene/map-check.js';
import { readPlan, usualPlan } from '../../www/scene/plan.js';

const map = /** @type {any} */ ({
  ids: Uint8Array.of(1, 1, 2, 0, 2, 3),
  labels: ['Forest', 'Water'],
  summary: { cells: [3, 2], areas: [{ id: 1, name: 'Forest' }, { id: 2, name: 'Water' }, { id: 3, name: 'Undecided' }] },
});

test('a sample is gone through in a random order, with skips, back, and from where it was left', () => {
  let check = beginCheck(map, [0, 2, 4, 5], () => 0);
  assert.deepEqual([...check.cells].sort(), [0, 2, 4, 5]);
  assert.notDeepEqual(check.cells, [0, 2, 4, 5]);
  assert.deepEqual(drawnOf(check, map), [{ name: 'Forest', count: 1 }, { name: 'Water', count: 2 }, { name: 'Undecided', count: 1 }]);
  check = answered(answered(check, 0, 'Water'), 2, '');
  assert.deepEqual(progressOf(check), { found: 1, skipped: 1, open: 2 });
  assert.equal(nextOpen(check, 2), 3);
  check = answered(check, 3, 'Forest');
  assert.equal(nextOpen(check, 4), 1, 'what was left open comes again');
  check = answered(check, 1, 'Water');
  assert.equal(nextOpen(check), -1);
  const found = foundIn(check);
  assert.deepEqual([...found.cells], [check.cells[0], check.cells[1], check.cells[3]]);
  assert.deepEqual(found.truths, ['Water', 'Water', 'Forest']);
});

test('another map is told from the one that was sampled', () => {
  const identity = identityOf(map);
  assert.equal(identityOf({ ...map, ids: map.ids.slice() }), identity);
  for (let cell = 0; cell < map.ids.length; cell += 1) assert.notEqual(identityOf({ ...map, ids: map.ids.with(cell, 9) }), identity);
  assert.notEqual(identityOf({ ...map, labels: ['Water', 'Forest'] }), identity);
  assert.notEqual(identityOf({ ...map, summary: { cells: [2, 3] } }), identity);
});

test('a plan keeps a check, and leaves out one that is damaged', () => {
  const check = answered(beginCheck(map, [0, 2]), 1, 'Water');
  const kept = JSON.parse(JSON.stringify({ ...usualPlan(), check }));
  assert.deepEqual(readPlan(kept).check, check);
  assert.equal(readPlan(usualPlan()).check, null);
  const damages = [7, { map: '<b>' }, { cells: [0] }, { cells: [0, 0] }, { cells: [0, -1] }, { cells: [0, 0.5] }, { truths: [null, 7] }, { cells: [], truths: [] }, { truths: 'no' }];
  for (const damage of damages) {
    const value = typeof damage === 'number' ? damage : { ...check, ...damage };
    assert.equal(readPlan({ ...kept, check: value }).check, null, JSON.stringify(damage));
  }
});

test('a cell of the map is one step of the grid', () => {
  const grid = { cellPx: [64, 64], stepPx: [32, 16], offsetPx: [5, 7], windows: [2, 2], cells: [3, 2], cellM: null };
  assert.deepEqual(cellWindow(/** @type {any} */ (grid), 4), { x: 37, y: 23, width: 32, height: 16 });
});

test('the report is a table in hectares, or in cells where nothing says how large they are', () => {
  const half = { value: 0.5, plus_minus: 0.25 };
  const one = { name: 'Forest, "old"', cells: 4, mapped_area: 40_000, checked: 2, area: { value: 30_000, plus_minus: 5000 }, users_accuracy: half, producers_accuracy: null };
  const accuracy = /** @type {any} */ ({ overall: half, classes: [one], checked: 2 });
  const [heads, row, all, end] = accuracyCsv(accuracy, true).split('\r\n');
  assert.match(heads, /^class,cells,checked,mapped_ha,area_ha,area_ha_plus_minus_95,/);
  assert.equal(row, '"Forest, ""old""",4,2,4,3,0.5,0.5,0.25,,,,');
  assert.equal(all, 'all,4,2,,,,,,,,0.5,0.25');
  assert.equal(end, '');
  assert.match(accuracyCsv(accuracy, false), /mapped_cells[^]*,40000,30000,5000,/);
});

/** The way of a newcomer: what is ticked, and what comes next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSteps } from '../../www/app/first-steps.js';

const NOTHING = { tiles: 0, unlabelled: 0, counts: [], obstacle: 'not yet', isTraining: false, isTrained: false, isLookedAt: false, isTakenAway: false };
/** @param {Partial<import('../../www/app/first-steps.js').State>} state */
const at = (state) => {
  const { done, next } = firstSteps({ ...NOTHING, ...state });
  return { done: done.filter(Boolean).length, next };
};
const LABELLED = { tiles: 12, unlabelled: 2, counts: [5, 5], obstacle: '' };

test('each step follows from what is on the page', () => {
  assert.deepEqual(at({}), { done: 0, next: { do: 'add' } });
  assert.deepEqual(at({ tiles: 12, unlabelled: 12 }), { done: 1, next: { do: 'classes' } });
  assert.deepEqual(at({ tiles: 12, unlabelled: 12, counts: [0] }), { done: 1, next: { do: 'classes' } });
  assert.deepEqual(at({ tiles: 12, unlabelled: 6, counts: [5, 1] }), { done: 1, next: { do: 'label', place: 1, missing: 4 } });
  assert.deepEqual(at(LABELLED), { done: 2, next: { do: 'train' } });
  assert.deepEqual(at({ ...LABELLED, obstacle: 'the engine starts' }), { done: 2, next: { do: 'wait' } });
  assert.deepEqual(at({ ...LABELLED, isTraining: true }), { done: 2, next: { do: 'training' } });
  assert.deepEqual(at({ ...LABELLED, isTrained: true }), { done: 3, next: { do: 'look' } });
  assert.deepEqual(at({ ...LABELLED, isTrained: true, isLookedAt: true }), { done: 4, next: { do: 'take' } });
  assert.deepEqual(at({ ...LABELLED, isTrained: true, isLookedAt: true, isTakenAway: true }), { done: 5, next: { do: 'end' } });
});

test('where every tile has a label, nobody is asked for more labels', () => {
  assert.deepEqual(at({ tiles: 7, counts: [3, 4], obstacle: '' }), { done: 1, next: { do: 'scarce' } });
  assert.deepEqual(at({ tiles: 7, counts: [7, 0] }), { done: 1, next: { do: 'label', place: 1, missing: 5 } });
});

test('who trained with fewer labels, or emptied the page since, is not sent back', () => {
  assert.deepEqual(at({ tiles: 12, unlabelled: 8, counts: [2, 2], obstacle: '', isTrained: true }), { done: 3, next: { do: 'look' } });
  assert.deepEqual(at({ counts: [0, 0], isTrained: true, isLookedAt: true }), { done: 4, next: { do: 'take' } });
});

test('a project that was exported before it had a head is not the end of the way', () => {
  assert.deepEqual(at({ ...LABELLED, isTakenAway: true, isLookedAt: true }), { done: 2, next: { do: 'train' } });
});

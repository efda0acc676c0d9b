/** What the report says of cells that are like their neighbours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { howApart, howJudged } from '../../www/views/verdict.js';

const LABELS = ['Wood', 'Water', 'Field'];

/** @param {any} grouping @returns {any} */
function report(grouping) {
  return { folds: 5, tiles: 200, evaluation: { tiles: 200, accuracy: 0.84, interval: [0.76, 0.9] }, grouping };
}

const APART = { groups: 12, keptApart: true, unjudgedClasses: [], againstRandom: { tiles: 200, right: 168, otherRight: 186, verdict: 'worse' } };

test('both figures and the difference are said', () => {
  assert.equal(
    howApart(report(APART), LABELS, 12),
    'Checked on blocks of the scene that it did not learn from, 12 × 12 cells each: 84 %. Had neighbouring cells been split at random, it would have looked like 93 %: 9.0 points too good.',
  );
  assert.match(howJudged(report(APART), 0), /trained without its block and the cells beside that \(5-fold cross-validation\)/);
  const chance = { ...APART, againstRandom: { tiles: 200, right: 168, otherRight: 171, verdict: 'no_difference' } };
  assert.match(howApart(report(chance), LABELS, 12), /like 86 %: 1\.5 points more, which may be chance\.$/);
  const none = { ...APART, againstRandom: { tiles: 200, right: 168, otherRight: 166, verdict: 'no_difference' } };
  assert.match(howApart(report(none), LABELS, 12), /comes to 83 %: here neighbours do not flatter\.$/);
});

test('what could not be checked by blocks is never silent', () => {
  assert.match(howApart(report({ ...APART, againstRandom: null }), LABELS, 12), /84 %\. Training ended before/);
  assert.match(howApart(report({ ...APART, unjudgedClasses: [1] }), LABELS, 12), /Not checked so: Water\. All labels of it lie together/);
  assert.match(howApart(report({ ...APART, unjudgedClasses: [1, 2] }), LABELS, 12), /Not checked so: Water, Field\. All labels of each lie together/);
  const together = { groups: 1, keptApart: false, unjudgedClasses: [0, 1, 2], againstRandom: null };
  assert.match(howApart(report(together), LABELS, 3), /^Labels of one class lie together, .* every figure here is too good/);
  assert.match(howJudged(report(together), 0), /trained without it \(5-fold/);
});

test('tiles without a place, and reports of earlier versions, say nothing of blocks', () => {
  for (const grouping of [null, undefined]) {
    assert.equal(howApart(report(grouping), LABELS), '');
    assert.match(howJudged(report(grouping), 0), /^84 % correct .* each classified by a head trained without it \(5-fold cross-validation\), of 200 labelled\.$/);
  }
});

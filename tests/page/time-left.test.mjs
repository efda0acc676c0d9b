/** How long something still takes, as it is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roughly, timeLeft } from '../../www/views/time-left.js';

test('the rest is told after a second, by how long the first part took', () => {
  assert.equal(timeLeft(0, 0.5, 900), '', 'too early to tell');
  assert.equal(timeLeft(0, 0, 5000), '', 'nothing is done');
  assert.equal(timeLeft(0, 1, 5000), '', 'all is done');
  assert.equal(timeLeft(1000, 0.25, 5000), ', about 12 s left');
  assert.equal(timeLeft(0, 0.999, 2000), ', about 1 s left');
  assert.equal(timeLeft(0, Number.NaN, 2000), '');
});

test('what takes long is told in minutes', () => {
  assert.deepEqual([400, 60_000, 89_000, 90_000, 600_000].map(roughly), ['1 s', '60 s', '89 s', '2 min', '10 min']);
});

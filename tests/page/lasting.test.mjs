/** What the browser promises of the page's storage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askToLast, isReminderDue } from '../../www/project/lasting.js';

test('the promise is asked for where it is not given, and a browser without it is no fault', async () => {
  let asked = 0;
  const storage = (/** @type {boolean} */ persisted, /** @type {boolean} */ granted) => ({
    persisted: async () => persisted,
    persist: async () => {
      asked += 1;
      return granted;
    },
  });
  assert.equal(await askToLast(storage(true, false)), 'promised');
  assert.equal(asked, 0, 'what is given is not asked for again');
  assert.equal(await askToLast(storage(false, true)), 'promised');
  assert.equal(await askToLast(storage(false, false)), 'refused');
  assert.equal(await askToLast(undefined), 'unknown');
  assert.equal(await askToLast({ persisted: () => Promise.reject(new Error('no')), persist: async () => true }), 'unknown');
});

test('where nothing is promised, the user is reminded to export, once a week', () => {
  const dayMs = 86_400_000;
  assert.equal(isReminderDue('promised', 0, 100 * dayMs), false);
  assert.equal(isReminderDue('refused', 0, 100 * dayMs), true);
  assert.equal(isReminderDue('unknown', 94 * dayMs, 100 * dayMs), false);
  assert.equal(isReminderDue('refused', 93 * dayMs, 100 * dayMs), true);
});

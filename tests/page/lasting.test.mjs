/** What the browser promises of the page's storage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askToLast } from '../../www/project/lasting.js';

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

/** Parts of a large file: those that are fetched ahead are not waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slices } from '../../www/engine/worker/slices.js';

const MB = 1 << 20;

/** A file that counts what is read of it, at once and ahead. @param {{ isGone?: boolean }} [how] */
async function largeFile({ isGone = false } = {}) {
  const read = { atOnce: 0, ahead: 0 };
  const bytes = new Uint8Array(40 * MB);
  for (let at = 0; at < bytes.length; at += MB) bytes[at] = at / MB;
  /** @type {any} */ (globalThis).FileReaderSync = class {
    readAsArrayBuffer(/** @type {{ data: Uint8Array }} */ { data }) {
      read.atOnce += 1;
      if (isGone) throw new DOMException('it has changed', 'NotReadableError');
      return data.slice().buffer;
    }
  };
  const file = {
    size: bytes.length,
    slice: (/** @type {number} */ start, /** @type {number} */ end) => ({
      data: bytes.subarray(start, end),
      async arrayBuffer() {
        read.ahead += 1;
        if (isGone) throw new DOMException('it has changed', 'NotReadableError');
        return bytes.slice(start, end).buffer;
      },
    }),
  };
  const large = await slices(/** @type {any} */ (file));
  assert.ok(large);
  return { large, read };
}

/** @param {number[]} places */
function partsAt(places) {
  return places.map((place) => ({ offset: place * MB, length: MB }));
}

test('a part that was fetched is there at once, and kept for one reading', async () => {
  const { large, read } = await largeFile();
  await Promise.all([large.fetch(partsAt([3, 5])), large.fetch(partsAt([5, 7]))]);
  assert.deepEqual([3, 5, 7].map((place) => large.read(place * MB, MB)[0]), [3, 5, 7]);
  assert.deepEqual(read, { atOnce: 0, ahead: 3 });
  assert.equal(large.read(5 * MB, MB)[0], 5);
  assert.deepEqual(read, { atOnce: 1, ahead: 3 });
});

test('neighbours are read together, and each is there at once', async () => {
  const { large, read } = await largeFile();
  const [near, far, gone] = [partsAt([6, 4, 5]), partsAt([9]), partsAt([12, 13])];
  await large.fetch([...near, ...far, ...gone]);
  assert.equal(read.ahead, 3);
  assert.deepEqual([5, 4, 9, 6].map((place) => large.read(place * MB, MB)[0]), [5, 4, 9, 6]);
  large.forget(gone);
  assert.equal(large.read(13 * MB, MB)[0], 13);
  assert.deepEqual(read, { atOnce: 1, ahead: 3 });
});

test('a part that two cells share is fetched once, and leaves room when it was read', async () => {
  const { large, read } = await largeFile();
  await large.fetch(partsAt([3, 3, 3, 3]));
  assert.equal(large.read(3 * MB, MB)[0], 3);
  await large.fetch(partsAt(Array.from({ length: 12 }, (_, place) => 10 + place)));
  assert.equal(large.read(21 * MB, MB)[0], 21);
  assert.deepEqual(read, { atOnce: 0, ahead: 2 });
});

test('what is fetched ahead has a limit, and what is forgotten makes room', async () => {
  const { large, read } = await largeFile();
  const many = partsAt(Array.from({ length: 30 }, (_, place) => place));
  await large.fetch(many);
  assert.deepEqual([large.read(11 * MB, MB)[0], read.atOnce], [11, 0]);
  assert.deepEqual([large.read(12 * MB, MB)[0], read.atOnce], [12, 1]);
  large.forget(many);
  await large.fetch(partsAt([31]));
  assert.equal(large.read(31 * MB, MB)[0], 31);
  assert.deepEqual(read, { atOnce: 1, ahead: 2 });
});

test('a part that could not be fetched is read when it is asked for, which says what is wrong', async () => {
  const { large } = await largeFile({ isGone: true });
  await large.fetch(partsAt([2]));
  assert.throws(() => large.read(2 * MB, MB), /it has changed/);
});

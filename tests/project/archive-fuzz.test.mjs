/**
 * Archives that were changed at random, by a seed: each is read or refused in words, whatever is in it. Some have a
 * wrong zip structure, some a manifest that is wrong within a right one.
 *
 *     FUZZ_SECONDS=1800 node --test tests/project/archive-fuzz.test.mjs
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportArchive, importArchive } from '../../www/project/archive.js';
import { LIMITS } from '../../www/project/archive/layout.js';
import { ProjectError } from '../../www/project/failures.js';
import { project, withManifest } from './zip-bench.mjs';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Numbers from 0 to below 1 (mulberry32). @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {() => number} random */
function choices(random) {
  const below = (/** @type {number} */ end) => Math.floor(random() * end);
  return { below, oneOf: /** @template T @param {T[]} all @returns {T} */ (all) => all[below(all.length)] };
}

/** Numbers that overflow a field, or a sum of fields. */
const FIELDS = [0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff];

/**
 * Bytes flipped, cut out, moved, repeated, or set to a number that matters.
 * @param {Uint8Array} bytes
 * @param {() => number} random
 */
function damaged(bytes, random) {
  const { below, oneOf } = choices(random);
  let changed = bytes.slice();
  for (let times = 1 + below(4); times > 0 && changed.length > 8; times -= 1) {
    const start = below(changed.length - 4);
    const end = Math.min(changed.length, start + 1 + below(64));
    const change = below(5);
    if (change === 0) changed[start] ^= 1 << below(8);
    else if (change === 1) changed = new Uint8Array([...changed.subarray(0, start), ...changed.subarray(end)]);
    else if (change === 2) changed = new Uint8Array([...changed.subarray(0, start), ...changed.subarray(start, end), ...changed.subarray(start)]);
    else if (change === 3) new DataView(changed.buffer).setUint32(start, oneOf(FIELDS), true);
    else changed = new Uint8Array([...changed.subarray(end), ...changed.subarray(0, end)]);
  }
  return new Blob([changed]);
}

/** What may stand where something else is expected. */
const VALUES = [null, true, -1, 0.5, 1e300, '', '../../outside', '\u0000', '\u202e', 'x'.repeat(LIMITS.nameCharacters + 1), [], {}, [[]], { length: 3 }];

/**
 * A value of the manifest is replaced, taken away or doubled, at any depth.
 * @param {any} value
 * @param {() => number} random
 * @returns {any}
 */
function otherwise(value, random) {
  const { below, oneOf } = choices(random);
  const keys = value && typeof value === 'object' ? Object.keys(value) : [];
  if (keys.length === 0 || below(4) === 0) return oneOf(VALUES);
  const key = oneOf(keys);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  if (below(6) === 0) delete copy[key];
  else if (below(6) === 0 && Array.isArray(copy)) copy.push(copy[Number(key)]);
  else copy[key] = otherwise(copy[key], random);
  return copy;
}

/** What the page relies on. @param {import('../../www/project/types.js').Project} imported */
function assertSound({ record, tiles, models }) {
  const classIds = new Set(record.classes.map(({ id }) => id));
  assert.equal(classIds.size, record.classes.length);
  assert.ok(record.classes.length <= LIMITS.classes);
  for (const { name, source: { file }, classId, widthPx } of tiles) {
    assert.ok(typeof name === 'string' && name.length <= LIMITS.nameCharacters);
    assert.ok(file instanceof Blob && (classId === null || classIds.has(classId)) && Number.isSafeInteger(widthPx));
  }
  for (const model of Object.values(models)) assert.ok(model instanceof Blob);
}

test(`archives changed at random are read or refused (seed ${SEED})`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
  const random = generator(SEED);
  const archive = await exportArchive(project());
  const bytes = new Uint8Array(await archive.arrayBuffer());
  /** @type {Map<string, number>} */
  const outcomes = new Map();
  const endMs = performance.now() + SECONDS * 1000;
  let round = 0;
  for (; performance.now() < endMs || round < 100; round += 1) {
    const changed = round % 2 === 0 ? damaged(bytes, random) : await withManifest(archive, (manifest) => otherwise(manifest, random));
    const outcome = await importArchive(changed).then(
      ({ project: found, leftOut }) => {
        assertSound(found);
        return leftOut.length > 0 ? 'read in part' : 'read';
      },
      (thrown) => {
        assert.ok(thrown instanceof ProjectError, `round ${round} of seed ${SEED}: ${thrown instanceof Error ? thrown.stack : thrown}`);
        return String(/** @type {any} */ (thrown).code);
      },
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  t.diagnostic(`${round} archives: ${JSON.stringify(Object.fromEntries(outcomes))}`);
  assert.ok(outcomes.size >= 3, 'more than one thing happens');
});

/** The built page with an engine that may have little memory, as on a machine where there is no more. */
import { createHash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT, temporaryFolder } from './harness.mjs';

const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;

/**
 * An unsigned number as WebAssembly writes it (LEB128).
 * @param {Uint8Array} bytes
 * @param {number} place
 */
function readNumber(bytes, place) {
  let value = 0;
  let end = place;
  for (let shift = 0; ; shift += 7, end += 1) {
    value += (bytes[end] & 0x7f) * 2 ** shift;
    if (bytes[end] < 0x80) return { value, end: end + 1 };
  }
}

/** @param {number} value */
function writtenNumber(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

/**
 * The module with another limit of its one memory (WebAssembly core specification, 5.5.8).
 * @param {Uint8Array} module
 * @param {number} mostPages of 64 kB
 */
function withMostMemory(module, mostPages) {
  for (let start = HEADER_BYTES; start < module.length; ) {
    const { value: length, end: content } = readNumber(module, start + 1);
    if (module[start] === MEMORY_SECTION) {
      // One memory, and flags that tell whether it has a limit.
      const { value: leastPages } = readNumber(module, content + 2);
      const memory = [1, 1, ...writtenNumber(leastPages), ...writtenNumber(mostPages)];
      return Buffer.concat([module.subarray(0, start), Buffer.from([MEMORY_SECTION, ...writtenNumber(memory.length), ...memory]), module.subarray(content + length)]);
    }
    start = content + length;
  }
  throw new Error('the module has no memory of its own');
}

/**
 * @param {import('./harness.mjs').TestContext} t
 * @param {number} mostPages of 64 kB, for each worker
 * @returns {Promise<string>} the folder of the page
 */
export async function siteWithTightEngine(t, mostPages) {
  const site = path.join(await temporaryFolder(t), 'site');
  await cp(path.join(ROOT, 'dist'), site, { recursive: true });
  const assets = JSON.parse(await readFile(path.join(site, 'assets.json'), 'utf8'));
  const { url } = assets.engines.cpu;
  const engine = withMostMemory(await readFile(path.join(site, url)), mostPages);
  assets.engines.cpu = { url, bytes: engine.length, sha256: createHash('sha256').update(engine).digest('hex') };
  await writeFile(path.join(site, url), engine);
  await writeFile(path.join(site, 'assets.json'), JSON.stringify(assets));
  for (const name of [url, 'assets.json']) {
    for (const twin of ['br', 'gz']) await rm(path.join(site, `${name}.${twin}`), { force: true });
  }
  return site;
}

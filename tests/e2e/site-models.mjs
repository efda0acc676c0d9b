/** The models of the built page, whole and in parts, and one on a backbone that the site does not have. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Engine, initSync } from '../../pkg/cpu/tilelens.js';
import { ROOT } from './harness.mjs';

/** @typedef {import('../../www/app/assets.js').Assets} Assets */

const DIST = path.join(ROOT, 'dist');
const CHECKSUM = /(\{\\"sha256\\":\\")([0-9a-f]{64})/;
/** Before the header of a safetensors file stands its length. */
const LENGTH_BYTES = 8;

/** What the site offers. @returns {Promise<Assets['models']>} */
export async function listedModels() {
  return JSON.parse(await readFile(path.join(DIST, 'assets.json'), 'utf8')).models;
}

/**
 * The site's backbone alone, its first head alone, and both as one file.
 * @returns {Promise<{ backbone: Uint8Array, head: Uint8Array, whole: Uint8Array }>}
 */
export async function parts() {
  initSync({ module: await readFile(path.join(ROOT, 'pkg/cpu/tilelens_bg.wasm')) });
  const { backbone, heads } = await listedModels();
  const [base, head] = await Promise.all([backbone, heads[0]].map(({ url }) => readFile(path.join(DIST, url))));
  const engine = await Engine.create('cpu');
  engine.loadModel(base);
  return { backbone: base, head, whole: engine.joinHead(head) };
}

/**
 * The same whole model with one weight of its backbone changed a little: another backbone, which says nearly the same.
 * @param {Uint8Array} whole
 */
export function onOtherBackbone(whole) {
  const bytes = Buffer.from(whole);
  const headerEnd = LENGTH_BYTES + Number(bytes.readBigUInt64LE(0));
  const header = bytes.subarray(LENGTH_BYTES, headerEnd).toString('utf8');
  const { data_offsets: [start] } = JSON.parse(header)['features.0.0.weight'];
  bytes[headerEnd + start] ^= 1;
  const found = CHECKSUM.exec(header);
  if (!found) throw new Error('the file has no checksum');
  const digits = LENGTH_BYTES + Buffer.byteLength(header.slice(0, found.index + found[1].length));
  bytes.fill('0', digits, digits + 64);
  bytes.write(createHash('sha256').update(bytes).digest('hex'), digits);
  return bytes;
}

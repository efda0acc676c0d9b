/**
 * The network outside of a browser: Tilelens as `cargo bench` has measured it, onnxruntime and PyTorch in Python. PYTHON
 * names the Python that has onnxruntime, TORCH_PYTHON the one that has torch and torchvision; both may be the same.
 *
 * What cargo bench measures are the features, which is all but the two small layers of the head.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, temporaryFolder } from '../../tests/e2e/harness.mjs';
import { leftOut, repeated, tilesAtOnce } from './measuring.mjs';
import { networkFiles } from './network-files.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {{ engine: string, threads: number, batch: number, milliseconds: number[] }} Case */

const CRITERION = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'criterion/network');
/** The functions of the criterion group, and their tiles. */
const FUNCTIONS = { 'one tile': 1, '32 tiles': 32 };
const PYTHONS = [process.env.PYTHON ?? 'python3', process.env.TORCH_PYTHON].filter((python) => python !== undefined);

/** @returns {Promise<Measurement[]>} */
async function measureTilelens() {
  return Promise.all(
    Object.entries(FUNCTIONS).map(async ([name, batch]) => {
      const file = path.join(CRITERION, name, 'new/estimates.json');
      const what = `native, ${tilesAtOnce(batch)}, a tile: Tilelens`;
      if (!existsSync(file)) return leftOut(what, 'run cargo bench');
      const { median } = JSON.parse(await readFile(file, 'utf8'));
      const date = (await stat(file)).mtime.toISOString().slice(0, 10);
      return { what: `${what}, one thread (cargo bench of ${date})`, value: median.point_estimate / 1e6 / batch, unit: 'ms' };
    }),
  );
}

/**
 * @param {string} python
 * @param {string} network
 * @param {number} rounds
 * @returns {Promise<Measurement[]>}
 */
async function measurePython(python, network, rounds) {
  const run = promisify(execFile)(python, [path.join(ROOT, 'tools/bench/native.py'), network, String(rounds)]);
  const answer = await run.catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (!answer) return [leftOut('onnxruntime and PyTorch', `there is no ${python}`)];
  /** @type {{ cases: Case[], missing: string[] }} */
  const { cases, missing } = JSON.parse(answer.stdout);
  return [
    ...cases.map(({ engine, threads, batch, milliseconds }) => {
      const what = `native, ${tilesAtOnce(batch)}, a tile: ${engine}, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
      return repeated(what, milliseconds.map((ms) => ms / batch), 'ms');
    }),
    ...missing.map((name) => leftOut(name, `${python} does not have it`)),
  ];
}

/**
 * @param {Context} context
 * @param {import('./measuring.mjs').Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureNative(context, { rounds }) {
  const network = path.join(await temporaryFolder(context), 'network.onnx');
  await writeFile(network, (await networkFiles()).onnx);
  yield* await measureTilelens();
  for (const python of PYTHONS) yield* await measurePython(python, network, rounds);
}

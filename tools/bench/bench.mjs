/**
 * Measures the built page. Prints a table and writes target/bench.json.
 *
 *     node tools/bench/bench.mjs [FOLDER_OF_TILES] [--only PART] [--sizes 40,400,4000] [--rounds 5] [--smoke]
 *
 * The parts: `page`: what a visitor downloads and waits for. `throughput`: many tiles dropped at once, beside what the
 * workers alone need for them, and beside a minimal page over onnxruntime-web. `inference`: the network alone, beside
 * onnxruntime-web and tfjs; it draws target/bench.svg too. `native`: the network outside of a browser, beside onnxruntime
 * and PyTorch. `training`: features and heads, beside tfjs. `memory`: what the page holds after training. `load`: a project
 * of ten thousand tiles. The tiles of the folder are for `page`; the others have their own, and the sizes are numbers of
 * tiles to train with. The rounds are those of `throughput`, `inference` and `native`. Times are worth something on a
 * machine that does nothing else. With --smoke each part runs once on a few tiles, which shows that it runs;
 * target/bench.json stays.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ROOT, WITHOUT_WEBGPU, hasRealTiles, visit } from '../../tests/e2e/harness.mjs';
import { measureInference } from './inference.mjs';
import { SMOKE, WHOLE, line } from './measuring.mjs';
import { measureLoad } from './load.mjs';
import { measureMemory } from './memory.mjs';
import { measureNative } from './native.mjs';
import { measurePage } from './page.mjs';
import { measureThroughput } from './throughput.mjs';
import { measureTraining } from './training.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */

/** Undone in reverse at the end. @type {(() => unknown)[]} */
const undo = [];
/** @type {Context} */
const context = { after: (step) => void undo.push(step) };

/** What the figures are of. */
async function versions() {
  const { page, close } = await visit(context, 'about:blank');
  const session = await page.context().newCDPSession(page);
  const { product } = await session.send('Browser.getVersion');
  await close();
  const { devDependencies } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--dirty', '--abbrev=12'], { cwd: ROOT });
  return {
    tilelens: stdout.trim(),
    browser: product,
    onnxruntimeWeb: devDependencies['onnxruntime-web'],
    tfjs: devDependencies['@tensorflow/tfjs'],
  };
}

/** @param {number} value */
function isCount(value) {
  return Number.isInteger(value) && value > 0;
}

/** @param {string} text */
function parseSizes(text) {
  const sizes = text.split(',').map(Number);
  if (!sizes.every(isCount)) throw new Error(`${text} are no sizes: give numbers of tiles, such as 40,400`);
  return sizes.sort((a, b) => a - b);
}

try {
  const { values, positionals } = parseArgs({
    options: {
      only: { type: 'string' },
      sizes: { type: 'string' },
      rounds: { type: 'string' },
      smoke: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (WITHOUT_WEBGPU) throw new Error(`${WITHOUT_WEBGPU}: run ./build.sh build`);
  const effort = { ...(values.smoke ? SMOKE : WHOLE) };
  if (values.sizes) effort.sizes = parseSizes(values.sizes);
  if (values.rounds) effort.rounds = Number(values.rounds);
  if (!isCount(effort.rounds)) throw new Error(`${values.rounds} is no number of rounds: give one such as 10`);
  const parts = {
    page: () => measurePage(context, effort, positionals[0]),
    throughput: () => measureThroughput(context, effort),
    inference: () => measureInference(context, effort),
    native: () => measureNative(context, effort),
    training: () => measureTraining(context, effort),
    memory: () => measureMemory(context, effort),
    load: () => measureLoad(context, effort),
  };
  const wanted = Object.entries(parts).filter(([name]) => !values.only || name === values.only);
  if (wanted.length === 0) throw new Error(`there is no part ${values.only}: give one of ${Object.keys(parts).join(', ')}`);

  const cpu = os.cpus()[0]?.model;
  const machine = { cpu, cores: os.availableParallelism(), memoryBytes: os.totalmem(), loadBefore: os.loadavg()[0], node: process.version };
  const of = await versions();
  const software = `Tilelens ${of.tilelens}, ${of.browser}, onnxruntime-web ${of.onnxruntimeWeb}, tfjs ${of.tfjs}`;
  console.log(`${software}; ${cpu}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(2)}`);
  /** @type {Measurement[]} */
  const measurements = [];
  for (const [, measure] of wanted) {
    for await (const measurement of measure()) {
      console.log(line(measurement));
      measurements.push(measurement);
    }
  }
  // The bench itself adds one or two: more says that somebody else was at work, and that the times are worth little.
  const loadAfter = os.loadavg()[0];
  console.log(`load afterwards ${loadAfter.toFixed(2)}`);
  const report = { date: new Date().toISOString(), versions: of, machine: { ...machine, loadAfter }, realTiles: hasRealTiles, measurements };
  await mkdir(path.join(ROOT, 'target'), { recursive: true });
  if (!values.smoke) await writeFile(path.join(ROOT, 'target/bench.json'), `${JSON.stringify(report, null, 2)}\n`);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const step of undo.reverse()) await step();
}

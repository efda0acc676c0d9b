/**
 * The network alone, in one browser, with the same weights and images for every engine: Tilelens, onnxruntime-web and
 * tfjs, each in a worker of its own, which takes the time from an array of normalised images in JavaScript's memory to
 * an array of probabilities there. Every engine's answers are compared before it is timed. Rounds go through all of
 * them, each round from another one on.
 *
 * What stands before the network, decoding and resizing, is measured apart. A headless browser's GPU is a software one:
 * its times compare the engines' shaders on it, and say nothing of a real GPU.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT, WEBGPU, tiles, visit } from '../../tests/e2e/harness.mjs';
import { leftOut, median, repeated, tilesAtOnce } from './measuring.mjs';
import { inferenceSite, serveBench } from './site.mjs';

/** @typedef {import('./browser/inference.js').Bar} Bar */
/** @typedef {import('./browser/inference.js').EngineScript} EngineScript */
/** @typedef {import('./browser/inference.js').Inference} Inference */
/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Effort} Effort */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {import('playwright-core').JSHandle<Inference>} InferenceHandle */
/** @typedef {EngineScript & { name: string, mayBeMissing?: boolean }} Engine not every browser runs those of others */
/** Milliseconds of each run, by batch size and engine. @typedef {Map<number, Map<string, number[]>>} Times */

/**
 * @typedef {object} Group Engines that are compared with each other.
 * @property {string} name
 * @property {string} chart the name of its file in target/
 * @property {Engine[]} engines
 * @property {number} warmUpRounds rounds that do not count
 * @property {number} mostRounds
 * @property {Record<number, number>} repetitions in a round, by batch size
 * @property {{ what: string, ours: string, others: string[] }[]} ratios
 */

/** No probability may differ by more from that of Tilelens on the CPU. */
const TOLERANCE = 1e-3;

/** Threads of onnxruntime wait for more work in a loop for a while: nobody else is timed meanwhile. */
const PAUSE_MS = 300;
/** Profiles in which a first answer is taken. */
const FIRST_ANSWERS = 3;

const CORES = os.availableParallelism();

const OURS = { cpu: 'Tilelens CPU', allCores: 'Tilelens CPU, all cores', webgpu: 'Tilelens WebGPU' };
const ORT = { oneThread: 'onnxruntime-web wasm, 1 thread', allThreads: `onnxruntime-web wasm, ${CORES} threads`, webgpu: 'onnxruntime-web WebGPU' };
const TFJS = { wasm: 'tfjs wasm, 1 thread', webgl: 'tfjs WebGL', webgpu: 'tfjs WebGPU' };

/** @type {Group} */
const CPU = {
  name: 'CPU',
  chart: 'bench.svg',
  engines: [
    { name: OURS.cpu, script: 'tilelens.js', options: { device: 'cpu' } },
    { name: OURS.allCores, script: 'tilelens-pool.js', options: { workers: CORES } },
    { name: ORT.oneThread, script: 'onnxruntime-wasm.js', options: { provider: 'wasm', threads: 1 } },
    { name: ORT.allThreads, script: 'onnxruntime-wasm.js', options: { provider: 'wasm', threads: CORES } },
    { name: TFJS.wasm, script: 'tfjs.js', options: { backend: 'wasm' } },
  ],
  // A browser compiles once more what is hot.
  warmUpRounds: 1,
  mostRounds: Number.POSITIVE_INFINITY,
  repetitions: { 1: 10, 8: 3, 32: 1 },
  ratios: [
    { what: 'Tilelens CPU ÷ the faster of onnxruntime-web and tfjs, one thread', ours: OURS.cpu, others: [ORT.oneThread, TFJS.wasm] },
    { what: 'Tilelens CPU ÷ onnxruntime-web, all cores', ours: OURS.allCores, others: [ORT.allThreads] },
  ],
};

/** @type {Group} */
const GPU = {
  name: 'software GPU',
  chart: 'bench-gpu.svg',
  engines: [
    { name: OURS.webgpu, script: 'tilelens.js', options: { device: 'webgpu' } },
    { name: ORT.webgpu, script: 'onnxruntime-webgpu.js', options: { provider: 'webgpu', threads: 1 }, mayBeMissing: true },
    { name: TFJS.webgpu, script: 'tfjs.js', options: { backend: 'webgpu' }, mayBeMissing: true },
    { name: TFJS.webgl, script: 'tfjs.js', options: { backend: 'webgl' }, mayBeMissing: true },
  ],
  // A tile may take seconds.
  warmUpRounds: 0,
  mostRounds: 3,
  repetitions: { 1: 1, 8: 1, 32: 1 },
  ratios: [{ what: 'WebGPU: Tilelens ÷ onnxruntime-web', ours: OURS.webgpu, others: [ORT.webgpu] }],
};

/**
 * @param {number[]} answers
 * @param {number[]} expected
 */
function largestDifference(answers, expected) {
  if (answers.length !== expected.length) throw new Error(`there are ${answers.length} probabilities instead of ${expected.length}`);
  return Math.max(...answers.map((value, index) => Math.abs(value - expected[index])));
}

/**
 * A browser with a new profile on the bench's page.
 * @param {Context} context
 * @param {string} url
 */
async function openPage(context, url) {
  const { visit: seen, page, close } = await visit(context, url, { query: 'inference.html', flags: WEBGPU });
  await seen.ready();
  return { bench: /** @type {InferenceHandle} */ (await page.evaluateHandle('inference')), close };
}

/**
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 */
function open(bench, engine) {
  return bench.evaluate((onPage, opened) => onPage.open(opened.name, opened), engine);
}

/**
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 */
function close(bench, { name }) {
  return bench.evaluate((onPage, closed) => onPage.close(closed), name);
}

/**
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 * @param {number} batch
 * @param {number} repetitions
 */
function run(bench, { name }, batch, repetitions) {
  return bench.evaluate((onPage, [engine, size, times]) => onPage.run(engine, size, times), /** @type {const} */ ([name, batch, repetitions]));
}

/**
 * Opens an engine of ours, reads tiles with it and keeps their images for the largest batch.
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 * @param {number} count
 * @param {number} kept
 */
async function readTiles(bench, engine, count, kept) {
  await open(bench, engine);
  return bench.evaluate((onPage, [name, read, first]) => onPage.read(name, read, first), /** @type {const} */ ([engine.name, count, kept]));
}

/**
 * The probabilities of one run of each batch size, which warms the engine up too: it may prepare itself anew for each.
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 * @param {number[]} batches
 */
async function answersOf(bench, engine, batches) {
  const answers = [];
  for (const batch of batches) answers.push(...(await run(bench, engine, batch, 1)).probabilities);
  return answers;
}

/**
 * Opens those engines of a group that the browser runs, and compares their answers.
 * @param {InferenceHandle} bench
 * @param {Group} group
 * @param {number[]} expected
 * @param {number[]} batches
 */
async function openGroup(bench, { engines }, expected, batches) {
  /** @type {Engine[]} */
  const running = [];
  /** @type {Measurement[]} */
  const measured = [];
  for (const engine of engines) {
    /** @type {number[]} */
    let answers;
    try {
      await open(bench, engine);
      answers = await answersOf(bench, engine, batches);
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      if (!engine.mayBeMissing) throw new Error(`${engine.name} does not run: ${reason}`);
      measured.push(leftOut(engine.name, reason));
      await close(bench, engine);
      continue;
    }
    const difference = largestDifference(answers, expected);
    // Not a number is too far away as well.
    if (!(difference <= TOLERANCE)) throw new Error(`${engine.name} gives other probabilities than Tilelens on the CPU, off by up to ${difference}`);
    measured.push({ what: `largest difference of a probability from Tilelens CPU: ${engine.name}`, value: difference, unit: 'of 1' });
    running.push(engine);
  }
  return { running, measured };
}

/**
 * @param {InferenceHandle} bench
 * @param {Group} group
 * @param {Engine[]} engines those that run
 * @param {Effort} effort
 * @returns {Promise<Times>}
 */
async function timeEngines(bench, { warmUpRounds, mostRounds, repetitions }, engines, effort) {
  const rounds = Math.min(effort.rounds, mostRounds);
  /** @type {Times} */
  const times = new Map(effort.batches.map((batch) => [batch, new Map(engines.map(({ name }) => [name, []]))]));
  for (const [batch, ofEngines] of times) {
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      for (const index of engines.keys()) {
        const engine = engines[(index + round + engines.length) % engines.length];
        await setTimeout(PAUSE_MS);
        const { elapsedMs } = await run(bench, engine, batch, repetitions[batch] ?? 1);
        if (round >= 0) ofEngines.get(engine.name)?.push(...elapsedMs);
      }
    }
  }
  return times;
}

/**
 * @param {Group} group
 * @param {Times} times
 * @returns {Measurement[]}
 */
function ratiosOf({ ratios }, times) {
  const measured = [];
  for (const { what, ours, others } of ratios) {
    for (const [batch, ofEngines] of times) {
      const medianOf = (/** @type {string} */ name) => median(ofEngines.get(name) ?? []);
      const ratio = medianOf(ours) / Math.min(...others.map(medianOf));
      // There is none where the others do not run.
      if (Number.isFinite(ratio)) measured.push({ what: `${what}, ${tilesAtOnce(batch)}`, value: ratio, unit: 'times' });
    }
  }
  return measured;
}

/**
 * Compares the engines of a group, times them and draws the chart.
 * @param {InferenceHandle} bench
 * @param {Group} group
 * @param {number[]} expected
 * @param {Effort} effort
 */
async function measureGroup(bench, group, expected, effort) {
  const { running, measured } = await openGroup(bench, group, expected, effort.batches);
  const times = await timeEngines(bench, group, running, effort);
  for (const engine of running) await close(bench, engine);
  /** @type {Bar[]} */
  const bars = [];
  for (const [batch, ofEngines] of times) {
    for (const [engine, elapsedMs] of ofEngines) {
      const measurement = repeated(`network, ${tilesAtOnce(batch)}, a tile: ${engine}`, elapsedMs.map((ms) => ms / batch), 'ms');
      measured.push(measurement);
      bars.push({ engine, batch, ms: measurement.value });
    }
  }
  const svg = await bench.evaluate((onPage, [caption, drawn]) => onPage.chart(caption, drawn), /** @type {[string, Bar[]]} */ ([group.name, bars]));
  await mkdir(path.join(ROOT, 'target'), { recursive: true });
  await writeFile(path.join(ROOT, 'target', group.chart), svg);
  return { running, measured: [...measured, ...ratiosOf(group, times)] };
}

/**
 * What an engine asks of the GPU for one tile; WebGL has other words for it.
 * @param {InferenceHandle} bench
 * @param {Engine} engine
 * @returns {Promise<Measurement[]>}
 */
async function gpuWorkOf(bench, engine) {
  if (!engine.name.endsWith('WebGPU')) return [];
  await open(bench, engine);
  const { gpuWork } = await run(bench, engine, 1, 2);
  await close(bench, engine);
  return Object.entries(gpuWork).map(([what, value]) => ({ what: `one tile, ${what}: ${engine.name}`, value, unit: 'times' }));
}

/**
 * From nothing to the first answer, each time in a new profile: a browser keeps compiled code and shaders.
 * @param {Context} context
 * @param {string} url
 * @param {Engine[]} engines
 * @param {number} times
 * @returns {Promise<Measurement[]>}
 */
async function measureFirstAnswers(context, url, engines, times) {
  /** @type {Map<Engine, number[]>} */
  const elapsedMs = new Map(engines.map((engine) => [engine, []]));
  for (let time = 0; time < times; time += 1) {
    for (const [engine, ofEngine] of elapsedMs) {
      const { bench, close: closePage } = await openPage(context, url);
      await readTiles(bench, CPU.engines[0], 1, 1);
      ofEngine.push(await bench.evaluate((onPage, opened) => onPage.firstAnswer(opened), engine));
      await closePage();
    }
  }
  return [...elapsedMs].map(([{ name }, values]) => repeated(`first answer, in a new profile: ${name}`, values, 'ms'));
}

/**
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureInference(context, effort) {
  const files = (await tiles(context, effort.tiles)).map((tile) => tile.path);
  const url = await serveBench(context, await inferenceSite(context, files));
  const { bench, close: closePage } = await openPage(context, url);

  const reader = { ...CPU.engines[0], name: 'reader' };
  const { decodeMs, imagesMs } = await readTiles(bench, reader, files.length, Math.max(...effort.batches));
  yield repeated('decoding, a tile: Tilelens CPU', decodeMs, 'ms');
  yield repeated('resizing and normalising, a tile: Tilelens CPU', imagesMs, 'ms');
  const expected = await answersOf(bench, reader, effort.batches);
  const layers = await bench.evaluate((onPage, [name, repetitions]) => onPage.layers(name, repetitions), /** @type {const} */ ([reader.name, effort.layerRuns]));
  for (const [name, elapsedMs] of layers) yield repeated(`layer, one tile: ${name}`, elapsedMs, 'ms');
  await close(bench, reader);

  const { measured } = await measureGroup(bench, CPU, expected, effort);
  yield* measured;
  const onGpu = await measureGroup(bench, GPU, expected, effort);
  yield* onGpu.measured;
  for (const engine of onGpu.running) yield* await gpuWorkOf(bench, engine);
  await closePage();
  const withWebgpu = onGpu.running.filter(({ name }) => name.endsWith('WebGPU'));
  yield* await measureFirstAnswers(context, url, withWebgpu, Math.min(effort.rounds, FIRST_ANSWERS));
}

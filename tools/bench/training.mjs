/**
 * What training a head takes, and the features for it: on the engine's worker through its messages, and with tfjs in
 * a worker beside it, in one browser, run by run in turn.
 *
 * Both train the same head on the same features in the same batches: 576 → 128 (ReLU) → 4, dropout 0.2, Adam 0.001,
 * cross-entropy, batches of 16, 50 epochs, judged by the same 20 tiles after every epoch. The sizes are tiles to learn
 * from. “As the page does it” is more work: every tile has eight views of which each epoch draws one, a fifth of the
 * tiles is held out or, where that is fewer than 20, five heads judge by cross-validation before the one that is kept,
 * and the report is made.
 */
import { CLASSES } from '../../tests/e2e/fine-tuning-harness.mjs';
import { WEBGPU, visit } from '../../tests/e2e/harness.mjs';
import { MEASURING_MEMORY, memoryOf } from './memory.mjs';
import { repeated } from './measuring.mjs';
import { serveBench, tilesInTurn, trainingSite } from './site.mjs';

/** @typedef {import('./browser/bench.js').Bench} Bench */
/** @typedef {import('./browser/bench.js').Task} Task */
/** @typedef {import('./browser/bench.js').Timed} Timed */
/** @typedef {import('./browser/tfjs-backend.js').Backend} Backend */
/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {import('playwright-core').JSHandle<Bench>} BenchHandle */

/** @typedef {import('./measuring.mjs').Effort} Effort */

/** @param {number} epochs @returns {import('../../www/engine/index.js').TrainingSettings} */
function settingsFor(epochs) {
  return {
    learningRate: 0.001,
    dropoutRate: 0.2,
    denseNeurons: 128,
    epochs,
    batchSize: 16,
    // No run ends early.
    patience: epochs,
    classWeighting: false,
    seed: 0,
  };
}

/** The fewest that the engine takes for a split of their own. */
const HELD_OUT = 20;
/** What the page holds out where the user sets nothing else. */
const PAGE_VALIDATION_FRACTION = 0.2;
const PAGE_VIEWS = 8;

/** Runs of a size, smaller ones oftener: the larger, the steadier and the longer. */
const FEW_TILES = 1000;
const TIMES = { few: 5, many: 3 };
/** Where tfjs takes minutes it runs once, and not with more tiles than these. @type {{ backend: Backend, mostTiles: number }[]} */
const SLOW_BACKENDS = [
  { backend: 'cpu', mostTiles: 400 },
  { backend: 'webgl', mostTiles: 40 },
  { backend: 'webgpu', mostTiles: 40 },
];
/** On a software GPU a step takes tens of milliseconds. */
const MOST_TILES_ON_GPU = 40;

/** Different tiles of each class; with their eight views they make 4,032 rows of features. */
const MOST_TILES_OF_CLASS = 126;
/** Tiles whose features are timed together. */
const TILES_TOGETHER = 28;
const GPU_TILES = 4;

/**
 * @param {BenchHandle} bench
 * @param {number} count
 * @returns {Promise<Measurement[]>}
 */
async function measureFeatures(bench, count) {
  const tiles = [...Array(count).keys()];
  const parts = Array.from({ length: Math.ceil(count / TILES_TOGETHER) }, (_, part) => tiles.slice(part * TILES_TOGETHER, (part + 1) * TILES_TOGETHER));
  await bench.evaluate((onPage) => onPage.openEngine('cpu'));
  await bench.evaluate((onPage, first) => onPage.classify(first), parts[0]);
  const [oneView, allViews] = [[], []].map((times) => /** @type {number[]} */ (times));
  for (const part of parts) {
    oneView.push((await bench.evaluate((onPage, wanted) => onPage.classify(wanted), part)) / part.length);
    allViews.push((await bench.evaluate((onPage, wanted) => onPage.computeViews(wanted), part)) / part.length);
  }
  return [repeated('features: a tile, one view, CPU', oneView, 'ms'), repeated(`features: a tile, all ${PAGE_VIEWS} views, CPU`, allViews, 'ms')];
}

/**
 * @param {BenchHandle} bench
 * @returns {Promise<Measurement[]>}
 */
async function measureFeaturesOnGpu(bench) {
  const tiles = [...Array(GPU_TILES).keys()];
  await bench.evaluate((onPage) => onPage.openEngine('webgpu'));
  // The first run compiles the shaders.
  await bench.evaluate((onPage, wanted) => onPage.classify(wanted), tiles);
  await bench.evaluate((onPage) => onPage.computeViews([0]));
  const oneViewMs = await bench.evaluate((onPage, wanted) => onPage.classify(wanted), tiles);
  const allViewsMs = await bench.evaluate((onPage, wanted) => onPage.computeViews(wanted), tiles);
  return [
    { what: 'features: a tile, one view, software WebGPU', value: oneViewMs / GPU_TILES, unit: 'ms' },
    { what: `features: a tile, all ${PAGE_VIEWS} views, software WebGPU`, value: allViewsMs / GPU_TILES, unit: 'ms' },
  ];
}

/** The same work for both: so many tiles to learn from, and 20 to judge by. @param {number} tiles @param {number} epochs @returns {Task} */
function bareTask(tiles, epochs) {
  const all = tiles + HELD_OUT;
  return { tiles: all, views: 1, validationFraction: HELD_OUT / all, settings: settingsFor(epochs) };
}

/** @param {number} tiles @param {number} epochs @returns {Task} */
function pageTask(tiles, epochs) {
  return { tiles, views: PAGE_VIEWS, validationFraction: PAGE_VALIDATION_FRACTION, settings: settingsFor(epochs) };
}

/**
 * @param {BenchHandle} bench
 * @param {Task} task
 * @param {'cpu' | 'webgpu'} device
 */
function runTilelens(bench, task, device) {
  return bench.evaluate((onPage, [wanted, labels, on]) => onPage.trainWithTilelens(wanted, labels, on), /** @type {const} */ ([task, CLASSES, device]));
}

/**
 * @param {BenchHandle} bench
 * @param {Task} task
 * @param {number[]} heldOut
 * @param {Backend} backend
 */
function runTfjs(bench, task, heldOut, backend) {
  const request = /** @type {const} */ ([task, heldOut, CLASSES.length, backend]);
  return bench.evaluate((onPage, [wanted, judges, classCount, on]) => onPage.trainWithTfjs(wanted, judges, classCount, on), request);
}

/**
 * @param {string} what
 * @param {Timed[]} runs
 * @returns {Measurement[]}
 */
function timesOf(what, runs) {
  return [
    repeated(`${what}, whole`, runs.map(({ wholeMs }) => wholeMs), 'ms'),
    repeated(`${what}, epochs alone`, runs.map(({ epochsMs }) => epochsMs), 'ms'),
  ];
}

/**
 * What the runs came to, so that it is plain that both learnt.
 * @param {string} what
 * @param {Timed[]} runs
 * @returns {Measurement[]}
 */
function learnt(what, runs) {
  const last = (/** @type {'loss' | 'accuracy' | 'validationLoss' | 'validationAccuracy'} */ name, factor = 1) => runs.map((run) => run[name] * factor);
  return [
    repeated(`${what}, loss of the last epoch`, last('loss'), 'nats'),
    repeated(`${what}, accuracy of the last epoch`, last('accuracy', 100), '%'),
    repeated(`${what}, loss on held-out tiles`, last('validationLoss'), 'nats'),
    repeated(`${what}, accuracy on held-out tiles`, last('validationAccuracy', 100), '%'),
  ];
}

/**
 * @param {BenchHandle} bench
 * @param {number} tiles
 * @param {Effort} effort
 * @returns {Promise<Measurement[]>}
 */
async function measureSize(bench, tiles, { rounds, epochs }) {
  const bare = bareTask(tiles, epochs);
  /** @type {{ tilelens: Awaited<ReturnType<typeof runTilelens>>[], tfjs: Timed[], page: Awaited<ReturnType<typeof runTilelens>>[] }} */
  const runs = { tilelens: [], tfjs: [], page: [] };
  for (let run = 0; run < Math.min(rounds, tiles <= FEW_TILES ? TIMES.few : TIMES.many); run += 1) {
    const trained = await runTilelens(bench, bare, 'cpu');
    if (trained.heldOut.length !== HELD_OUT) throw new Error(`the engine held out ${trained.heldOut.length} tiles instead of ${HELD_OUT}`);
    runs.tilelens.push(trained);
    runs.tfjs.push(await runTfjs(bench, bare, trained.heldOut, 'wasm'));
    runs.page.push(await runTilelens(bench, pageTask(tiles, epochs), 'cpu'));
  }
  const [{ heldOut }] = runs.tilelens;
  const [{ folds, lastEpochs }] = runs.page;
  const judging = folds > 1 ? `${folds} folds, then ${lastEpochs} epochs` : `${runs.page[0].heldOut.length} held out`;
  const size = `train ${tiles.toLocaleString('en')} tiles`;
  const measured = [
    ...timesOf(`${size}: Tilelens, CPU`, runs.tilelens),
    ...timesOf(`${size}: tfjs, wasm`, runs.tfjs),
    ...timesOf(`${size}: Tilelens as the page does it (${judging})`, runs.page),
    ...learnt(`${size}: Tilelens`, runs.tilelens),
    ...learnt(`${size}: tfjs`, runs.tfjs),
  ];
  for (const { backend, mostTiles } of SLOW_BACKENDS) {
    if (tiles > mostTiles) continue;
    measured.push(...timesOf(`${size}: tfjs, ${backend}`, [await runTfjs(bench, bare, heldOut, backend)]));
    await bench.evaluate((onPage, ended) => onPage.closeTfjs(ended), backend);
  }
  return measured;
}

/**
 * What new workers hold after one run: as above, and as the page does it.
 * @param {BenchHandle} bench
 * @param {import('playwright-core').Page} page
 * @param {number} tiles
 * @param {Effort} effort
 * @returns {Promise<Measurement[]>}
 */
async function measureWorkers(bench, page, tiles, { epochs }) {
  const bare = bareTask(tiles, epochs);
  await bench.evaluate((onPage) => onPage.closeTfjs('wasm'));
  await bench.evaluate((onPage) => onPage.openEngine('cpu'));
  const untrained = await memoryOf(page);
  const { heldOut } = await runTilelens(bench, bare, 'cpu');
  await runTfjs(bench, bare, heldOut, 'wasm');
  const trained = await memoryOf(page);
  await runTilelens(bench, pageTask(tiles, epochs), 'cpu');
  const asThePage = await memoryOf(page);
  const what = `memory of a worker, ${tiles.toLocaleString('en')} tiles`;
  return [
    { what: `${what}: Tilelens, before training`, value: untrained.engine, unit: 'bytes' },
    { what: `${what}: Tilelens, CPU`, value: trained.engine, unit: 'bytes' },
    { what: `${what}: tfjs, wasm`, value: trained.tfjs, unit: 'bytes' },
    { what: `${what}: Tilelens as the page does it`, value: asThePage.engine, unit: 'bytes' },
  ];
}

/**
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureTraining(context, effort) {
  const { sizes, epochs } = effort;
  const needed = Math.ceil((Math.max(...sizes) + HELD_OUT) / CLASSES.length);
  const files = await tilesInTurn(context, Math.min(needed, MOST_TILES_OF_CLASS));
  const url = await serveBench(context, await trainingSite(context, files));
  const { visit: seen, page, close } = await visit(context, url, { query: 'bench.html', flags: [...WEBGPU, MEASURING_MEMORY] });
  await seen.ready();
  const bench = /** @type {BenchHandle} */ (await page.evaluateHandle('bench'));

  // Where a size needs more, tiles stand there again under other views: those held out are then like some learnt from.
  yield { what: 'different tiles to train with', value: files.length, unit: 'tiles' };
  yield* await measureFeatures(bench, files.length);
  // What a first run compiles is not what is compared.
  const { heldOut } = await runTilelens(bench, bareTask(sizes[0], epochs), 'cpu');
  await runTfjs(bench, bareTask(sizes[0], epochs), heldOut, 'wasm');
  for (const tiles of sizes) yield* await measureSize(bench, tiles, effort);
  for (const tiles of sizes.filter((size) => size <= MOST_TILES_ON_GPU)) {
    yield* timesOf(`train ${tiles} tiles: Tilelens, software WebGPU`, [await runTilelens(bench, bareTask(tiles, epochs), 'webgpu')]);
  }
  for (const tiles of sizes) yield* await measureWorkers(bench, page, tiles, effort);
  yield* await measureFeaturesOnGpu(bench);
  await close();
}

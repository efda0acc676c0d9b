/**
 * The training bench's page: has the engine's worker and one with tfjs do the same work on the same features, and
 * takes the time. A program outside drives it through `bench`.
 */

import { Connection, VIEWS } from '../../../www/engine/index.js';

/** @typedef {import('../../../www/app/assets.js').Assets} Assets */
/** @typedef {import('../../../www/engine/index.js').DeviceKind} DeviceKind */
/** @typedef {import('../../../www/engine/index.js').TrainedHead} TrainedHead */
/** @typedef {import('../../../www/engine/index.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../../../www/engine/index.js').TrainingSettings} TrainingSettings */
/** @typedef {import('./tfjs-backend.js').Backend} Backend */
/** @typedef {import('./tfjs-worker.js').Samples} Samples */
/** @typedef {import('./tfjs-worker.js').TfjsReply} TfjsReply */
/** @typedef {import('./tfjs-worker.js').TfjsRequest} TfjsRequest */
/** @typedef {import('./tfjs-worker.js').TrainedWith} TrainedWith */
/** @typedef {TrainedWith & { wholeMs: number }} Timed `wholeMs` from the request to the reply with the head. */
/** @typedef {typeof bench} Bench */

/**
 * @typedef {object} Task
 * @property {number} tiles
 * @property {number} views
 * @property {number} validationFraction
 * @property {TrainingSettings} settings
 */

/** Features of all views of the tiles that were read, in turn of each class. @type {Float32Array[]} */
const known = [];
/** Numbers of a view, and the backbone that gave them. */
let width = 0;
let knownBackbone = '';
/** @type {Connection | null} */
let engine = null;
/** One for each backend, so that what they hold can be told apart. @type {Map<Backend, Worker>} */
const tfjs = new Map();

/** @param {DeviceKind} device */
async function openEngine(device) {
  engine?.close();
  /** @type {Assets} */
  const assets = await (await fetch('assets.json')).json();
  engine = new Connection(assets.worker.url);
  const { backbone, heads } = assets.models;
  await Promise.all([engine.request('start', { engines: assets.engines, device }), engine.request('useModel', { kind: 'site', backbone, head: heads[0] })]);
}

function openedEngine() {
  if (!engine) throw new Error('the engine is not open');
  return engine;
}

/** @param {number[]} tiles their numbers on the site */
function fetchTiles(tiles) {
  return Promise.all(tiles.map(async (tile) => ({ tileId: String(tile), source: { kind: /** @type {const} */ ('file'), file: await (await fetch(`tiles/${tile}`)).blob() } })));
}

/**
 * Milliseconds to read, decode and classify tiles, which is to compute the features of one view and the head on them.
 * @param {number[]} tiles
 */
async function classify(tiles) {
  const requests = (await fetchTiles(tiles)).map((tile) => ({ ...tile, needsDecoding: true, needsThumbnail: false }));
  const startMs = performance.now();
  await openedEngine().request('classify', { tiles: requests, isAveraged: false });
  return performance.now() - startMs;
}

/**
 * Milliseconds to read and decode tiles and to compute the features of their eight views, which are kept.
 * @param {number[]} tiles
 */
async function computeViews(tiles) {
  const requests = await fetchTiles(tiles);
  const startMs = performance.now();
  await openedEngine().request('views', { tiles: requests });
  const elapsedMs = performance.now() - startMs;
  const rows = await openedEngine().request('readFeatures', { tileIds: tiles.map(String) });
  for (const { tileId, backbone, values } of rows) {
    known[Number(tileId)] = values;
    width = values.length / VIEWS;
    knownBackbone = backbone;
  }
  return elapsedMs;
}

/**
 * Features of as many tiles as are wanted, in turn of each class. Where there are not as many, the tiles stand there
 * again with their views turned on, so that no two have the same features.
 * @param {number} tiles
 * @param {number} views
 * @param {number} classCount
 * @returns {Samples}
 */
function samples(tiles, views, classCount) {
  const features = new Float32Array(tiles * views * width);
  for (let tile = 0; tile < tiles; tile += 1) {
    const turned = Math.floor(tile / known.length);
    const ofTile = known[tile % known.length];
    for (let view = 0; view < views; view += 1) {
      const start = ((view + turned) % VIEWS) * width;
      features.set(ofTile.subarray(start, start + width), (tile * views + view) * width);
    }
  }
  return { features, classes: Array.from({ length: tiles }, (_, tile) => tile % classCount) };
}

/**
 * @param {Samples} samples of one view a tile
 * @param {(tile: number) => boolean} isWanted
 * @returns {Samples}
 */
function chosen({ features, classes }, isWanted) {
  const tiles = [...classes.keys()].filter(isWanted);
  const rows = tiles.map((tile) => features.subarray(tile * width, (tile + 1) * width));
  const all = new Float32Array(tiles.length * width);
  for (const [place, row] of rows.entries()) all.set(row, place * width);
  return { features: all, classes: tiles.map((tile) => classes[tile]) };
}

/**
 * Trains as the page asks the engine to, and gives the tiles that were held out too.
 * @param {Task} task
 * @param {string[]} labels
 * @param {DeviceKind} device
 * @returns {Promise<Timed & { heldOut: number[], folds: number, lastEpochs: number }>}
 */
async function trainWithTilelens({ tiles, views, validationFraction, settings }, labels, device) {
  const { features, classes } = samples(tiles, views, labels.length);
  const tileIds = classes.map((_, tile) => `trained ${tile}`);
  const rows = tileIds.map((tileId, tile) => ({ tileId, backbone: knownBackbone, look: '', views, values: features.slice(tile * views * width, (tile + 1) * views * width) }));
  await openedEngine().request('forgetFeatures', { tileIds });
  await openedEngine().request('keepFeatures', { rows }, { transfer: rows.map(({ values }) => values.buffer) });
  const setup = {
    labels,
    classes,
    views,
    settings,
    validationFraction: validationFraction,
    fromCurrent: false,
    hasSeen: classes.map(() => false),
    name: 'Bench',
    description: '',
  };
  /** @type {TrainingProgress[]} */
  const epochs = [];
  let [firstMs, lastMs] = [0, 0];
  const startMs = performance.now();
  /** @type {TrainedHead} */
  const { report } = await openedEngine().request(
    'train',
    { setup, tileIds, device },
    {
      onEvent(event) {
        if (event.event === 'trainingDevice') firstMs = performance.now();
        if (event.event !== 'epoch') return;
        lastMs = performance.now();
        epochs.push(event.progress);
      },
    },
  );
  const wholeMs = performance.now() - startMs;
  const last = epochs[epochs.length - 1];
  const judged = epochs.findLast(({ phase }) => phase !== 'all');
  return {
    wholeMs,
    epochsMs: lastMs - firstMs,
    epochs: last.epoch,
    loss: last.loss,
    accuracy: last.accuracy,
    validationLoss: judged?.validationLoss ?? Number.NaN,
    validationAccuracy: judged?.validationAccuracy ?? Number.NaN,
    heldOut: report.predictions.map(({ tile }) => tile),
    folds: report.folds,
    lastEpochs: epochs.filter(({ phase }) => phase === 'all').length,
  };
}

/**
 * @param {Task} task of one view a tile
 * @param {number[]} heldOut the tiles to judge by
 * @param {number} classCount
 * @param {Backend} backend
 * @returns {Promise<Timed>}
 */
async function trainWithTfjs({ tiles, settings }, heldOut, classCount, backend) {
  const worker = tfjs.get(backend) ?? new Worker('tfjs.js', { type: 'module' });
  tfjs.set(backend, worker);
  const all = samples(tiles, 1, classCount);
  const judges = new Set(heldOut);
  /** @type {TfjsRequest} */
  const request = {
    backend,
    training: chosen(all, (tile) => !judges.has(tile)),
    validation: chosen(all, (tile) => judges.has(tile)),
    classCount,
    settings,
  };
  const startMs = performance.now();
  /** @type {TfjsReply} */
  const reply = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(request);
  });
  const wholeMs = performance.now() - startMs;
  if ('error' in reply) throw new Error(reply.error);
  const { weights, ...trained } = reply.value;
  return { ...trained, wholeMs };
}

/** @param {Backend} backend */
function closeTfjs(backend) {
  tfjs.get(backend)?.terminate();
  tfjs.delete(backend);
}

const bench = { openEngine, classify, computeViews, trainWithTilelens, trainWithTfjs, closeTfjs };
Object.assign(globalThis, { bench });
document.documentElement.dataset.engine = 'ready';

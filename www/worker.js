/**
 * The worker that owns the engine. Whatever takes long happens here, so that the page never blocks.
 * The messages are described in `messages.js`.
 */

import { notBuilt, openDevice, verifyDevice } from './worker/device-choice.js';
import { fetchEngine } from './worker/download.js';
import { relabelled, toF32, toOnnx } from './worker/model-files.js';
import { CodedError, isFatal, toFailure } from './worker/failures.js';
import { concludeRun, steer, trainHead } from './worker/head-training.js';
import { Helpers } from './worker/helpers.js';
import { modelBytes } from './worker/model-source.js';
import { compareTiles } from './worker/neighbours.js';
import { classifyTiles, computeViews } from './worker/tile-work.js';

/** @typedef {import('./messages.js').ClassifyPayload} ClassifyPayload */
/** @typedef {import('./messages.js').DeviceKind} DeviceKind */
/** @typedef {import('./messages.js').LoadModelPayload} LoadModelPayload */
/** @typedef {import('./messages.js').StartPayload} StartPayload */
/** @typedef {import('./messages.js').TileEvent} TileEvent */
/** @typedef {import('./messages.js').ViewsPayload} ViewsPayload */
/** @typedef {import('./messages.js').WorkerEvent} WorkerEvent */
/** @typedef {import('./messages.js').WorkerRequest} WorkerRequest */
/** @typedef {import('./worker/device-choice.js').OpenDevice} OpenDevice */
/** @typedef {(event: WorkerEvent, transfer?: Transferable[]) => void} Emit */
/** @typedef {<Value>(work: (open: OpenDevice) => Promise<Value>) => Promise<Value>} EngineInTurn */

/** Fewer tiles are done before helpers have started. */
const TILES_WORTH_HELP = 8;

/** Tiles whose views are computed by all before others have their turn; one alone does one. */
const VIEWED_AT_ONCE = 16;

/** @type {Promise<OpenDevice> | null} */
let opening = null;
/** What this worker was started with. @type {StartPayload} */
let started;
/** @type {(build: DeviceKind) => Promise<WebAssembly.Module>} */
let fetchBuild;
/** The model file in use. @type {Blob} */
let loadedModel;
/** Null until there is enough for them to do. @type {Helpers | null} */
let helpers = null;
/** Starts them, where this worker may have any. @type {(() => Helpers) | null} */
let startHelpers = null;
/** The engine does one thing at a time: each turn waits for the one before. @type {Promise<unknown>} */
let lastTurn = Promise.resolve();

/**
 * @template Value
 * @param {() => Promise<Value>} work
 * @returns {Promise<Value>}
 */
function inTurn(work) {
  const turn = lastTurn.then(work, work);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

function openedDevice() {
  if (!opening) throw new CodedError('engine.not_started', 'The engine was not started.');
  return opening;
}

/**
 * @template Value
 * @param {(open: OpenDevice) => Promise<Value>} work
 */
function engineInTurn(work) {
  return inTurn(async () => work(await openedDevice()));
}

/**
 * @param {StartPayload} payload
 * @param {Emit} emit
 */
async function start(payload, emit) {
  started = payload;
  const { engines, device, module } = payload;
  fetchBuild = async (build) => {
    if (module) return module;
    const engine = engines[build];
    if (!engine) throw notBuilt();
    const totalBytes = engine.bytes;
    return fetchEngine(engine, (loadedBytes) => emit({ event: 'progress', stage: 'engine', loadedBytes, totalBytes }));
  };
  opening = openDevice(device, fetchBuild);
  return (await opening).choice;
}

/**
 * The bytes are fetched at once, beside the engine; only loading them waits for its turn.
 * @param {LoadModelPayload} payload
 * @param {Emit} emit
 */
async function loadModel(payload, emit) {
  const fetching = modelBytes(payload, (loadedBytes, totalBytes) =>
    emit({ event: 'progress', stage: 'model', loadedBytes, totalBytes }),
  );
  const [bytes] = await Promise.all([fetching, openedDevice()]);
  return inTurn(async () => {
    const open = await openedDevice();
    const model = new Uint8Array(bytes);
    const info = open.engine.loadModel(model);
    const verified = await verifyDevice(open, started.device, model, fetchBuild).catch((thrown) => {
      // The new model is in the engine and the page goes on with the one before: this engine is of no use.
      const { code, message } = toFailure(thrown);
      throw new CodedError(code, message, true);
    });
    opening = Promise.resolve(verified);
    loadedModel = new Blob([bytes]);
    prepareHelpers(verified, loadedModel);
    return { info, ...verified.choice };
  });
}

/** @type {import('./worker/head-training.js').EngineFor} */
async function engineFor(open, device) {
  if (device === 'cpu' || open.choice.device === 'webgpu') return open;
  const withGpu = await openDevice('webgpu', fetchBuild);
  withGpu.engine.loadModel(new Uint8Array(await loadedModel.arrayBuffer()));
  return withGpu;
}

/**
 * Helpers have the model before: they end. Others are started when there is work for them.
 * @param {OpenDevice} open
 * @param {Blob} model
 */
function prepareHelpers({ module, choice }, model) {
  helpers?.close();
  helpers = null;
  const isHelper = started.module !== undefined;
  const mayStart = choice.device === 'cpu' && !isHelper;
  startHelpers = mayStart ? () => new Helpers({ engines: started.engines, module, model }) : null;
}

/**
 * Whoever shares the work, where it is enough to be shared.
 * @param {number} tiles
 */
function helpersFor(tiles) {
  if (tiles >= TILES_WORTH_HELP) helpers ??= startHelpers?.() ?? null;
  return helpers;
}

/**
 * @param {ClassifyPayload} payload
 * @param {Emit} emit
 */
async function classify({ tiles }, emit) {
  const onTile = (/** @type {TileEvent} */ event) => emit(event, event.result ? [event.result.probabilities.buffer] : []);
  /** @type {Promise<void>[]} */
  const reports = [];
  const reporting = { onTile, later: (/** @type {Promise<void>} */ report) => void reports.push(report) };
  try {
    await engineInTurn(async (open) => {
      const unknown = tiles.filter(({ features }) => features === null);
      const sharing = helpersFor(unknown.length);
      if (!sharing) return classifyTiles(open, tiles, reporting);
      await classifyTiles(open, tiles.filter(({ features }) => features !== null), reporting);
      return sharing.share(
        unknown,
        (tile) => classifyTiles(open, [tile], reporting),
        (tile) => ({ kind: 'classify', payload: { tiles: [tile] } }),
        emit,
      );
    });
  } finally {
    await Promise.all(reports);
  }
  return {};
}

/**
 * Some tiles at a time, so that what is asked for meanwhile need not wait for all of them.
 * @param {ViewsPayload} payload
 * @param {Emit} emit
 */
async function views({ tiles }, emit) {
  const left = [...tiles];
  while (left.length > 0) {
    await engineInTurn(async (open) => {
      const here = async (/** @type {ViewsPayload['tiles'][0]} */ tile) => emit(await computeViews(open, tile));
      const sharing = helpersFor(tiles.length);
      const some = left.splice(0, sharing ? VIEWED_AT_ONCE : 1);
      if (sharing) await sharing.share(some, here, (tile) => ({ kind: 'views', payload: { tiles: [tile] } }), emit);
      else await here(some[0]);
    });
  }
  return {};
}

/**
 * @param {WorkerRequest} request
 * @param {Emit} emit
 */
function answer(request, emit) {
  switch (request.kind) {
    case 'start':
      return start(request.payload, emit);
    case 'loadModel':
      return loadModel(request.payload, emit);
    case 'classify':
      return classify(request.payload, emit);
    case 'views':
      return views(request.payload, emit);
    case 'train':
      return trainHead(request.payload, { inTurn: engineInTurn, engineFor }, emit);
    case 'steerTraining':
      return steer(request.payload.command);
    case 'concludeTraining':
      return concludeRun(request.payload, engineInTurn);
    case 'neighbours':
      return engineInTurn(async ({ wasm }) => compareTiles(wasm, request.payload));
    case 'toOnnx':
      return engineInTurn(({ wasm }) => toOnnx(wasm, request.payload.model));
    case 'toF32':
      return engineInTurn(({ wasm }) => toF32(wasm, request.payload.model));
    case 'relabel':
      return engineInTurn(({ wasm }) => relabelled(wasm, request.payload.model, request.payload.labels));
  }
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<WorkerRequest>} */ { data }) => {
  const { id } = data;
  try {
    const value = await answer(data, (event, transfer = []) => postMessage({ ...event, id }, { transfer }));
    postMessage({ id, ok: true, value });
  } catch (thrown) {
    postMessage({ id, ok: false, error: toFailure(thrown), fatal: isFatal(thrown) });
  }
});

// A trap inside a promise of the engine rejects nothing that is awaited here; thrown again outside of
// any promise it reaches the page as the worker's `error` event.
globalThis.addEventListener('unhandledrejection', (event) => {
  setTimeout(() => {
    throw event.reason;
  });
});

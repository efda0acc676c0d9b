/**
 * The worker that owns the engine. Whatever takes long happens here, so that the page never blocks.
 * The messages are described in `messages.js`.
 */

import init from '../pkg/tilelens.js';
import { openDevice, verifyDevice } from './worker/device-choice.js';
import { fetchEngine } from './worker/download.js';
import { relabelled, toF32, toOnnx } from './worker/model-files.js';
import { CodedError, isFatal, toFailure } from './worker/failures.js';
import { concludeRun, steer, trainHead } from './worker/head-training.js';
import { modelBytes } from './worker/model-source.js';
import { compareTiles } from './worker/neighbours.js';
import { classifyTiles, computeViews } from './worker/tile-work.js';

/** @typedef {import('./messages.js').ClassifyPayload} ClassifyPayload */
/** @typedef {import('./messages.js').DevicePreference} DevicePreference */
/** @typedef {import('./messages.js').LoadModelPayload} LoadModelPayload */
/** @typedef {import('./messages.js').StartPayload} StartPayload */
/** @typedef {import('./messages.js').WorkerEvent} WorkerEvent */
/** @typedef {import('./messages.js').WorkerRequest} WorkerRequest */
/** @typedef {import('./worker/device-choice.js').OpenDevice} OpenDevice */
/** @typedef {(event: WorkerEvent, transfer?: Transferable[]) => void} Emit */
/** @typedef {<Value>(work: (open: OpenDevice) => Promise<Value>) => Promise<Value>} EngineInTurn */

/** @type {Promise<OpenDevice> | null} */
let opening = null;
/** @type {DevicePreference} */
let preference = 'auto';
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
async function start({ engine, device }, emit) {
  preference = device;
  opening = (async () => {
    const module = await fetchEngine(engine, (loadedBytes) =>
      emit({ event: 'progress', stage: 'engine', loadedBytes, totalBytes: engine.bytes }),
    );
    await init({ module_or_path: module });
    return openDevice(device);
  })();
  return (await opening).choice;
}

/**
 * The bytes are fetched at once, beside the engine; only loading them waits for its turn.
 * @param {LoadModelPayload} payload
 * @param {Emit} emit
 */
async function loadModel(payload, emit) {
  const fetching = modelBytes(payload, (loadedBytes, totalBytes, fromCache) =>
    emit({ event: 'progress', stage: 'model', loadedBytes, totalBytes, fromCache }),
  );
  const [{ bytes, fromCache, stored }] = await Promise.all([fetching, openedDevice()]);
  return inTurn(async () => {
    const open = await openedDevice();
    const model = new Uint8Array(bytes);
    const info = open.engine.loadModel(model);
    const verified = await verifyDevice(open, preference, model).catch((thrown) => {
      // The new model is in the engine and the page goes on with the one before: this engine is of no use.
      const { code, message } = toFailure(thrown);
      throw new CodedError(code, message, true);
    });
    opening = Promise.resolve(verified);
    await stored;
    return { info, fromCache, ...verified.choice };
  });
}

/**
 * @param {ClassifyPayload} payload
 * @param {Emit} emit
 */
function classify({ tiles }, emit) {
  return inTurn(async () => {
    const { engine } = await openedDevice();
    await classifyTiles(engine, tiles, (event) =>
      emit(event, event.result ? [event.result.probabilities.buffer] : []),
    );
    return {};
  });
}

/**
 * Tile by tile, so that what is asked for meanwhile need not wait for all of them.
 * @param {import('./messages.js').ViewsPayload} payload
 * @param {Emit} emit
 */
async function views({ tiles }, emit) {
  for (const request of tiles) {
    await inTurn(async () => emit(await computeViews((await openedDevice()).engine, request)));
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
      return trainHead(request.payload, engineInTurn, emit);
    case 'steerTraining':
      return steer(request.payload.command);
    case 'concludeTraining':
      return concludeRun(request.payload, engineInTurn);
    case 'neighbours':
      return inTurn(() => compareTiles(request.payload));
    case 'toOnnx':
      return inTurn(() => toOnnx(request.payload.model));
    case 'toF32':
      return inTurn(() => toF32(request.payload.model));
    case 'relabel':
      return inTurn(() => relabelled(request.payload.model, request.payload.labels));
  }
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<WorkerRequest>} */ { data }) => {
  const { id } = data;
  try {
    const value = await answer(data, (event, transfer = []) => postMessage({ id, ...event }, { transfer }));
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

/**
 * The worker that owns the engine. Whatever takes long happens here, so that the page never blocks. The messages are
 * described in `protocol.js`.
 */

import { EngineError, isFatal, toFailure } from '../failures.js';
import { VIEWS } from '../numbers.js';
import { orderToLabel, similar, unfamiliar } from './comparisons.js';
import { openDevice } from './device-choice.js';
import { fetchEngine, imported } from './download.js';
import { FeatureStore } from './feature-store.js';
import { concludeRun, steer, trainHead } from './head-training.js';
import { converted, relabelled, wholeOf } from './model-files.js';
import { Fetched, Models } from './models.js';
import { placeOf, rowsOf } from './places.js';
import { Pool } from './pool.js';
import { RasterReader } from './raster-reader.js';
import { classifyKnown, classifyTiles, classifyViews, computeViews, heatmapOf, readAhead, thumbnails } from './tile-work.js';
import { TrainingModule } from './training-module.js';

/** @typedef {import('../client/connection.js').Connection} Connection */
/** @typedef {import('../protocol.js').DeviceKind} DeviceKind */
/** @typedef {import('../protocol.js').FeatureRow} FeatureRow */
/** @typedef {import('../protocol.js').RequestKind} RequestKind */
/** @typedef {import('../protocol.js').StartPayload} StartPayload */
/** @typedef {import('../protocol.js').TileRequest} TileRequest */
/** @typedef {import('../protocol.js').TileSource} TileSource */
/** @typedef {import('../protocol.js').WorkerRequest} WorkerRequest */
/** @template {RequestKind} Kind @typedef {import('../protocol.js').PayloadOf<Kind>} PayloadOf */
/** @template {RequestKind} Kind @typedef {import('../protocol.js').ReplyOf<Kind>} ReplyOf */
/** @typedef {import('./device-choice.js').OpenDevice} OpenDevice */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./training-module.js').TrainingBindings} TrainingBindings */
/** @typedef {(event: any, transfer?: Transferable[]) => void} Emit */
/** @typedef {{ id: number, emit: Emit }} Asked Which request of the page's is answered, and how. */
/** @template Value @typedef {{ value: Value, transfer?: Transferable[], elsewhere?: number }} Answer */

/** Fewer runs of the backbone than this are done before helpers have started. */
const RUNS_WORTH_HELP = 8;

const store = new FeatureStore();
/** Features that helpers are computing, by tile: whoever needs them waits. @type {Map<string, Promise<unknown>>} */
const arriving = new Map();
/** @type {Promise<Models> | null} */
let opening = null;
/** The first model is fetched while the engine is; of later ones it is known what is there already. */
let isFirst = true;
/** What this worker was started with. @type {StartPayload} */
let started;
/** Each build is fetched and compiled once. @type {(build: DeviceKind) => Promise<WebAssembly.Module>} */
let fetchBuild;
/** @type {RasterReader} */
let reader;
/** @type {TrainingModule} */
let training;
/** A GPU beside a CPU that computes the tiles, for training alone. @type {OpenDevice | null} */
let trainingGpu = null;
/** Null until there is enough for it to do. @type {Pool | null} */
let pool = null;
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

function openModels() {
  if (!opening) throw new EngineError('engine.not_started');
  return opening;
}

/**
 * @template Value
 * @param {(open: OpenModel) => Promise<Value>} work
 */
function modelInTurn(work) {
  return inTurn(async () => {
    const { inUse } = await openModels();
    if (!inUse) throw new EngineError('model.none');
    return work(inUse);
  });
}

/**
 * Does what reads features of tiles, once those that helpers compute are here.
 * @template Value
 * @param {string[]} tileIds
 * @param {(open: OpenModel) => Promise<Value> | Value} work
 */
async function withFeatures(tileIds, work) {
  await Promise.allSettled(tileIds.map((id) => arriving.get(id)));
  return modelInTurn(async (open) => work(open));
}

/** @param {StartPayload} payload @param {Asked} asked */
async function start(payload, { emit }) {
  started = payload;
  const { engines, device, helper } = payload;
  reader = new RasterReader(engines.raster);
  training = new TrainingModule(engines.training);
  /** @type {Map<DeviceKind, Promise<WebAssembly.Module>>} */
  const modules = new Map();
  fetchBuild = async (build) => {
    const known = modules.get(build);
    if (known) return known;
    const file = engines[build];
    if (!file) throw new EngineError('device.not_built');
    const progress = (/** @type {number} */ loadedBytes) => emit({ event: 'progress', stage: 'engine', loadedBytes, totalBytes: file.bytes });
    const fetching = helper ? Promise.resolve(helper.module) : fetchEngine(file, progress);
    modules.set(build, fetching);
    // What could not be fetched is tried again.
    fetching.catch(() => modules.delete(build));
    return fetching;
  };
  opening = openDevice(device, fetchBuild).then((open) => new Models(open, device, fetchBuild, reader));
  return (await opening).device.choice;
}

/**
 * What a model needs of the network is fetched at once, beside the engine; only loading it waits for its turn, and for
 * the helpers.
 * @param {PayloadOf<'useModel'>} source
 * @param {Asked} asked
 * @returns {Promise<ReplyOf<'useModel'>>}
 */
async function useModel(source, { emit }) {
  const fetched = new Fetched(emit);
  if (isFirst) fetched.begin(source);
  isFirst = false;
  const models = await openModels();
  for (;;) {
    await pool?.idle();
    // Helpers may have been given more meanwhile, and work that is left to this worker waits for its turn.
    const inUse = await inTurn(async () => (pool && !pool.isIdle ? null : models.use(source, fetched).finally(onOtherModel)));
    if (inUse) return { ...describe(inUse), ...inUse.choice };
  }
}

/** @param {OpenModel} open */
function describe({ info, model }) {
  return { info, model };
}

/** Helpers have the model before. Others are started when there is work for them. */
function onOtherModel() {
  pool?.close();
  pool = null;
}

/**
 * What trains on the CPU, compares and converts. Whoever needs it in a turn asks for it before: it may have to be fetched.
 * @returns {Promise<TrainingBindings>}
 */
async function trainingPart() {
  const { device } = await openModels();
  return device.choice.device === 'webgpu' ? trainingOf(device) : training.open();
}

/** The build that knows WebGPU trains, too. @param {OpenDevice} device */
function trainingOf({ wasm }) {
  return /** @type {TrainingBindings} */ (/** @type {unknown} */ (wasm));
}

/** @type {import('./head-training.js').TrainerFor} */
async function trainerFor(open, device) {
  if (device === 'cpu') return trainingPart();
  // A GPU belongs to the module that opened it.
  return trainingOf(open.choice.device === 'webgpu' ? open : (trainingGpu ??= await openDevice('webgpu', fetchBuild)));
}

/**
 * Helpers, where the work is enough to be shared. On a GPU it is not: it has all tiles at once.
 * @param {OpenModel} open
 * @param {number} runs of the backbone
 * @param {Emit} emit
 */
function poolFor({ choice, module, base, head, model }, runs, emit) {
  if (runs < RUNS_WORTH_HELP || choice.device !== 'cpu' || started.helper) return pool;
  const { engines } = started;
  pool ??= new Pool(async (helper) => {
    const { port1, port2 } = new MessageChannel();
    const starting = helper.request('start', { engines, device: 'cpu', helper: { module, page: port1 } }, { transfer: [port1] });
    await Promise.all([starting, helper.request('copyModel', { base: base.file, head: head?.file ?? null, model })]);
    emit({ event: 'helper', page: port2 }, [port2]);
  });
  return pool;
}

/**
 * Has tiles done by the helpers, some at a time by whoever is free next.
 * @template {{ tileId: string, source: TileSource }} Tile
 * @param {Pool} helpers
 * @param {Tile[][]} groups each is one job of one helper
 * @param {(helper: Connection, group: Tile[]) => Promise<{ features: FeatureRow[] }>} there
 * @param {(group: Tile[]) => Promise<unknown>} here
 * @returns {Promise<number>} how many tiles were done elsewhere
 */
async function share(helpers, groups, there, here) {
  let elsewhere = 0;
  const jobs = groups.map((group) => {
    const run = async (/** @type {Connection} */ helper) => {
      const { features } = await there(helper, group);
      for (const row of features) store.keep(row);
      elsewhere += group.length;
    };
    const job = helpers.do(run, () => here(group), placeOf(group[0].source)).finally(() => {
      for (const { tileId } of group) if (arriving.get(tileId) === job) arriving.delete(tileId);
    });
    for (const { tileId } of group) arriving.set(tileId, job);
    return job;
  });
  // The first failure is told when all have ended.
  for (const outcome of await Promise.allSettled(jobs)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  return elsewhere;
}

/**
 * What a worker does with features: it keeps them, or, as a helper, gives them to the worker that it helps.
 * @param {FeatureRow[]} given
 * @returns {(row: FeatureRow) => void}
 */
function keeping(given) {
  return (row) => (started.helper ? void given.push(row) : store.keep(row));
}

/** @param {FeatureRow[]} features */
function withTransfer(features) {
  return features.map(({ values }) => values.buffer);
}

/** What is done of a request before it is its turn. @param {Parameters<FeatureStore['expect']>[0]} tiles */
function begin(tiles) {
  if (started?.helper) readAhead(reader, tiles.map(({ source }) => source));
  else store.expect(tiles);
}

/**
 * @param {PayloadOf<'classify'>} payload
 * @param {Asked} asked
 * @returns {Promise<Answer<ReplyOf<'classify'>>>}
 */
async function classify({ tiles, isAveraged }, { id, emit }) {
  begin(tiles);
  /** @type {Promise<void>[]} */
  const reports = [];
  /** @type {FeatureRow[]} */
  const features = [];
  const views = isAveraged ? VIEWS : 1;
  const tell = (/** @type {import('../protocol.js').TileEvent} */ event) => emit(event, event.result ? [event.result.probabilities.buffer] : []);
  /** A helper tells of tiles when it also gives their features away: where it crashes before, they are asked for again. @type {Parameters<typeof tell>[0][]} */
  const told = [];
  const reporting = {
    onTile: started.helper ? (/** @type {Parameters<typeof tell>[0]} */ event) => void told.push(event) : tell,
    onFeatures: keeping(features),
    later: (/** @type {Promise<void>} */ report) => void reports.push(report),
  };
  const here = (/** @type {OpenModel} */ open, /** @type {TileRequest[]} */ some) => (isAveraged ? classifyViews : classifyTiles)(open, some, reporting);
  let elsewhere = 0;
  try {
    const sharing = await modelInTurn(async (open) => {
      const isKnown = (/** @type {TileRequest} */ { tileId, needsDecoding }) => !needsDecoding && store.has(tileId, open.backbone, views);
      const known = tiles.filter(isKnown).map(({ tileId }) => tileId);
      await classifyKnown(open, known, views, store, reporting.onTile);
      const unknown = tiles.filter((tile) => !isKnown(tile));
      const helpers = poolFor(open, unknown.length * views, emit);
      if (!helpers) return void (await here(open, unknown));
      const there = (/** @type {Connection} */ helper, /** @type {TileRequest[]} */ group) => helper.request('classify', { tiles: group, isAveraged, pageRequest: id });
      // Dealt in this turn, so that another model waits for them, and not waited for, so that all else goes on.
      return { ending: share(helpers, rowsOf(unknown), there, (group) => modelInTurn((model) => here(model, group))) };
    });
    elsewhere = (await sharing?.ending) ?? 0;
  } finally {
    await Promise.all(reports);
  }
  told.forEach(tell);
  return { value: { features }, transfer: withTransfer(features), elsewhere };
}

/**
 * Without helpers one tile at a time, so that what is asked for meanwhile need not wait for all of them.
 * @param {PayloadOf<'views'>} payload
 * @param {Asked} asked
 * @returns {Promise<Answer<ReplyOf<'views'>>>}
 */
async function views({ tiles }, { id, emit }) {
  begin(tiles);
  /** @type {FeatureRow[]} */
  const features = [];
  const here = (/** @type {typeof tiles[0]} */ tile) => modelInTurn(async (open) => emit(await computeViews(open, tile, keeping(features))));
  const there = (/** @type {Connection} */ helper, /** @type {typeof tiles} */ group) => helper.request('views', { tiles: group, pageRequest: id });
  const sharing = await modelInTurn(async (open) => {
    const helpers = poolFor(open, tiles.length * VIEWS, emit);
    return helpers && { ending: share(helpers, tiles.map((tile) => [tile]), there, ([tile]) => here(tile)) };
  });
  if (!sharing) for (const tile of tiles) await here(tile);
  const elsewhere = (await sharing?.ending) ?? 0;
  return { value: { features }, transfer: withTransfer(features), elsewhere };
}

/**
 * Has features of tiles compared.
 * @template Value
 * @param {string[]} tileIds
 * @param {(part: TrainingBindings, open: OpenModel) => Promise<Value> | Value} work
 */
async function compared(tileIds, work) {
  const part = await trainingPart();
  return withFeatures(tileIds, (open) => work(part, open));
}

/** @type {import('./head-training.js').TrainingWorker} */
const trainingWorker = { store, withFeatures, inTurn: modelInTurn, trainingPart, trainerFor };

/** @template Value @param {Promise<Value>} value @returns {Promise<Answer<Value>>} */
async function plain(value) {
  return { value: await value };
}

/**
 * @param {WorkerRequest} request
 * @param {Emit} emit
 * @returns {Promise<Answer<unknown>>}
 */
async function answer({ id, kind, payload }, emit) {
  switch (kind) {
    case 'start':
      return plain(start(payload, { id, emit }));
    case 'useModel':
      return plain(useModel(payload, { id, emit }));
    case 'copyModel':
      return plain(inTurn(async () => describe(await (await openModels()).copy(payload))));
    case 'classify':
      return classify(payload, { id, emit });
    case 'views':
      return views(payload, { id, emit });
    case 'heatmap': {
      const heatmap = await modelInTurn((open) => heatmapOf(open, payload));
      return { value: heatmap, transfer: [heatmap.values.buffer, heatmap.picture.values.buffer] };
    }
    case 'lookAtRasters':
      return plain(reader.look(payload.tiles, payload.bands));
    case 'thumbnails': {
      const { wasm } = (await openModels()).device;
      return plain(thumbnails({ wasm, reader }, payload.tiles));
    }
    case 'keepFeatures':
      for (const row of payload.rows) store.keep(row);
      return { value: {} };
    case 'readFeatures': {
      await Promise.allSettled(payload.tileIds.map((tileId) => arriving.get(tileId)));
      const rows = store.read(payload.tileIds);
      return { value: rows, transfer: withTransfer(rows) };
    }
    case 'forgetFeatures':
      store.forget(payload.tileIds);
      return { value: {} };
    case 'similar':
      return plain(compared([payload.tileId, ...payload.tileIds], (part, open) => similar(part, open, store, payload)));
    case 'unfamiliar':
      return plain(compared([...payload.tileIds, ...payload.labelled], (part, open) => unfamiliar(part, open, store, payload)));
    case 'orderToLabel':
      return plain(compared([...payload.tileIds, ...payload.labelled], (part, open) => orderToLabel(part, open, store, payload)));
    case 'train':
      return plain(trainHead(payload, trainingWorker, emit));
    case 'steerTraining':
      return plain(steer(payload.command));
    case 'concludeTraining':
      return plain(concludeRun(payload, trainingWorker));
    case 'convert':
      return plain(converted(trainingPart, await modelInTurn((open) => wholeOf(open, payload.model)), payload.form));
    case 'importModel': {
      const { importer } = started.engines;
      if (!importer) throw new EngineError('import.not_built');
      const { importCheckpoint } = await imported(import('./importer.js'));
      return plain(importCheckpoint(importer, payload));
    }
    case 'readTree':
      return { value: (await trainingPart()).readTree(payload.paths, payload.classFrom) };
    case 'relabel':
      return plain(modelInTurn(({ wasm }) => relabelled(wasm, payload.model, payload.labels)));
  }
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<WorkerRequest>} */ { data }) => {
  const { id } = data;
  const pageRequest = 'pageRequest' in data.payload ? data.payload.pageRequest : undefined;
  /** @type {Emit} */
  const emit = (event, transfer = []) => {
    if (pageRequest === undefined) postMessage({ ...event, id }, { transfer });
    else started.helper?.page.postMessage({ ...event, id: pageRequest }, { transfer });
  };
  try {
    const { value, transfer = [], elsewhere = 0 } = await answer(data, emit);
    postMessage({ id, ok: true, value, elsewhere }, { transfer });
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

/** A classifier of tiles: an engine in a worker of its own, a backbone, and the head that answers. */

import { EngineError, Session, VIEWS, asEngineError, preparationsOf, stretchFor } from '../../www/engine/index.js';
import { address, remoteFile } from './assets.js';
import { TilelensError, asTilelensError } from './errors.js';
import { platform } from './platform-browser.js';
import { checkSamples, checkedSettings } from './settings.js';

/** @typedef {import('../../www/engine/index.js').Connection} Connection */
/** @typedef {import('../../www/engine/index.js').DeviceChoice} DeviceChoice */
/** @typedef {import('../../www/engine/index.js').DevicePreference} DevicePreference */
/** @typedef {import('../../www/engine/index.js').ModelInfo} ModelInfo */
/** @typedef {import('../../www/engine/index.js').ModelSource} ModelSource */
/** @typedef {import('../../www/engine/index.js').RemoteFile} RemoteFile */
/** @typedef {import('../../www/engine/index.js').TrainingConfig} TrainingConfig */
/** @typedef {import('../../www/engine/index.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../../www/engine/index.js').TrainingReport} TrainingReport */
/** @typedef {import('./sources.js').TileSource} TileSource */

/** @typedef {'overhead-scenes' | 'sentinel-2'} ShippedHead Scenes in aerial images (30 classes); land cover in 10 m pixels of Sentinel-2 (10 classes). */
/** @typedef {{ worker: string, engine: RemoteFile }} WebGpuEngine What `tilelens/webgpu` exports. */
/** @typedef {'model' | 'safetensors' | 'onnx'} ExportForm A Tilelens model file; the same with 32-bit weights, for PyTorch; ONNX. */

/**
 * @typedef {object} OpenOptions
 * @property {Blob | Uint8Array | ArrayBuffer | URL | string} [model] a model file of your own, with a backbone; the
 *   shipped backbone of overhead imagery if not given
 * @property {ShippedHead | Blob | Uint8Array | ArrayBuffer | URL | null} [head] what names the classes: a shipped head
 *   (`overhead-scenes` if not given), a head of your own, whose text is never an address: give a `URL`; or `null` for
 *   features alone. With a `model` of your own, its own head if not given
 * @property {DevicePreference} [device] `cpu` if not given, or `auto` where `webgpu` is: then the GPU is taken where it
 *   gives the CPU's answers and is faster
 * @property {WebGpuEngine} [webgpu] the larger engine that also knows WebGPU, from `tilelens/webgpu`
 * @property {string | URL} [assets] where the package's folder `assets/` is served, for a bundler that does not follow
 *   `new URL(…, import.meta.url)`
 * @property {(progress: { loadedBytes: number, totalBytes: number }) => void} [onProgress] told while engine and model
 *   are downloaded
 */

/**
 * @typedef {object} ClassifyOptions
 * @property {boolean} [averaged] whether to answer by the mean over the tile's eight flips and turns: a little more
 *   often correct, eight times the work
 * @property {(result: Classification | TilelensError, index: number) => void} [onResult] told of each tile as it is done
 * @property {AbortSignal} [signal] ends the work; the promise then rejects with the signal's reason
 */

/**
 * @typedef {object} Classification
 * @property {string} label the most probable class
 * @property {number} probability of that class, 0 to 1
 * @property {{ label: string, probability: number }[]} classes all classes, the most probable first
 * @property {number} widthPx width of the tile in pixels, upright
 * @property {number} heightPx height of the tile in pixels, upright
 * @property {string} format such as `JPEG`; `PNG` where pixels were given
 * @property {string[]} notes what decoding changed or guessed, in sentences to show
 */

/**
 * @typedef {object} Heatmap Where in a tile a class is seen, by Grad-CAM.
 * @property {string} className
 * @property {number} side cells of a side; 7 with the shipped models
 * @property {Float32Array} values `side × side` from 0 to 1, row by row from the top: shares of the strongest cell. They
 *   compare places of this tile, not tiles or classes
 * @property {number} strongest what the strongest cell adds to the class's score before softmax, so that
 *   `values[i] * strongest` is what each adds; 0 where nothing in the tile speaks for the class
 * @property {{ left: number, top: number, right: number, bottom: number }} seen the part of the tile that the cells divide
 *   evenly, in shares of its width and height: of a tile that is no square, the model sees the middle
 */

/** @typedef {{ source: TileSource, label: string }} Sample A tile and its class. */

/**
 * @typedef {object} TrainOnlySettings
 * @property {string[]} [labels] the classes in the order wanted; in the order of the samples if not given
 * @property {string} [name] the new head's name
 * @property {number} [validationFraction] share of the samples that is held out to judge, 0 to 0.5; 0.2 if not given.
 *   Where that is fewer than 20, five-fold cross-validation judges
 * @property {boolean} [augmentation] whether to learn from the eight flips and turns of each tile; `true` if not given
 * @property {AbortSignal} [signal] ends training early; the best epoch so far is kept. While features are still computed
 *   there is none, and the promise rejects with the signal's reason
 */
/** @typedef {TrainingConfig & TrainOnlySettings} TrainSettings */

/** @typedef {{ tileId: string, index: number, file: Blob }} ReadTile A tile whose file was read. */
/** @typedef {{ rasters: Map<string, import('../../www/engine/index.js').Raster>, notes: Map<string, string[]> }} Looks How rasters become colours, and what was guessed, by tile. */

/** As many tiles are read and sent at once, so that a long list does not fill the memory. */
const TILES_AT_ONCE = 64;

/** @type {Record<ExportForm, import('../../www/engine/index.js').ModelForm>} */
const FORMS = { model: 'modelFile', safetensors: 'safetensors', onnx: 'onnx' };

let lastTile = 0;

/**
 * A classifier of tiles. Its engine is in a worker, so that a page never blocks. The first rasters of a kind set the stretch that
 * makes colours of their numbers, and it is kept for all that come later: `notes` says which.
 */
export class Classifier {
  #session;
  /** How the rasters of a kind become colours. @type {Map<string, import('../../www/engine/index.js').Stretch>} */
  #stretches = new Map();
  #releaseWorker;
  #isDisposed = false;
  /** The file whose head answers; null where none does. @type {Blob | RemoteFile | null} */
  #head;
  /** The backbone that the shipped heads stand on. @type {RemoteFile} */
  #backbone;

  /**
   * @internal
   * @param {any} parts
   */
  constructor({ session, releaseWorker, head, backbone }) {
    this.#session = /** @type {Session} */ (session);
    this.#releaseWorker = /** @type {() => void} */ (releaseWorker);
    this.#head = head;
    this.#backbone = backbone;
  }

  /**
   * Downloads the engine and the model, and starts them in a worker.
   * @param {OpenOptions} [options]
   * @returns {Promise<Classifier>} rejects with a {@link TilelensError}
   */
  static async open(options = {}) {
    const { webgpu, onProgress = () => undefined } = options;
    const assets = options.assets === undefined ? undefined : platform.folderOf(options.assets);
    const device = options.device ?? (webgpu ? 'auto' : 'cpu');
    if (device === 'webgpu' && !webgpu) {
      throw new TilelensError('device.not_built', "WebGPU needs the larger engine: import { webgpu } from 'tilelens/webgpu' and give it to Classifier.open.");
    }
    const backbone = remoteFile('overhead.safetensors', assets);
    const [model, head] = await Promise.all([ownFile(options.model), headOf(options, assets)]);
    const { url: workerUrl, release } = await platform.workerUrl(webgpu?.worker ?? address('worker.js', assets));
    const session = new Session(platform.connect);
    const modules = { cpu: remoteFile('engine.wasm', assets), training: remoteFile('training.wasm', assets), raster: remoteFile('raster.wasm', assets) };
    session.site = { engines: { ...modules, ...(webgpu && { webgpu: webgpu.engine }) }, workerUrl };
    session.addEventListener('status', () => {
      if (session.status.state === 'loading') onProgress(session.status.progress);
    });
    const classifier = new Classifier({ session, releaseWorker: release, head: head ?? model, backbone });
    try {
      await session.open(device, firstSource(model, head, backbone));
      if (session.status.error) throw session.status.error;
      if (model && head) await classifier.#putOn(await fileOfHead(head));
      return classifier;
    } catch (thrown) {
      classifier.dispose();
      const error = asTilelensError(thrown);
      if (error.code !== 'engine.not_loaded') throw error;
      throw new TilelensError(error.code, `The engine could not be loaded from ${workerUrl}: check that the package's folder assets/ is served there, or say where by the option assets. Vite before 8 needs optimizeDeps: { exclude: ['tilelens'] }.`, thrown);
    }
  }

  /** The classes that it tells apart; none without a head. */
  get labels() {
    return this.#loaded.info.labels;
  }

  /** What the model says of itself: name, purpose, ground resolution, data, licence. @returns {ModelInfo} */
  get model() {
    return this.#loaded.info;
  }

  /** Which device computes, and why. @returns {DeviceChoice} */
  get device() {
    const { device, why, adapter } = this.#loaded;
    return { device, why, adapter };
  }

  /** Lets a head answer on the backbone that was given, and on no other. @param {Blob} head */
  async #putOn(head) {
    const { backbone } = this.model;
    await this.#session.changeModel({ kind: 'head', head, backbone: this.#backbone });
    if (this.model.backbone !== backbone) throw new TilelensError('model.other_backbone', 'The head belongs to another backbone than that of the model: give the model that it was trained on.');
  }

  get #loaded() {
    const { loaded } = this.#session.status;
    if (!loaded) throw disposed();
    return loaded;
  }

  /**
   * Classifies tiles on all cores. One that cannot be read is a {@link TilelensError} in its place; the others go on.
   * @overload
   * @param {readonly TileSource[]} sources
   * @param {ClassifyOptions} [options]
   * @returns {Promise<(Classification | TilelensError)[]>} in the order of the sources
   */
  /**
   * Classifies a tile.
   * @overload
   * @param {TileSource} source
   * @param {ClassifyOptions} [options]
   * @returns {Promise<Classification>} rejects with a {@link TilelensError} when the tile cannot be read
   */
  /**
   * Classifies a tile, or tiles.
   * @overload
   * @param {TileSource | readonly TileSource[]} given
   * @param {ClassifyOptions} [options]
   * @returns {Promise<Classification | (Classification | TilelensError)[]>} as many as were given
   */
  /**
   * @param {TileSource | readonly TileSource[]} given
   * @param {ClassifyOptions} [options]
   * @returns {Promise<Classification | (Classification | TilelensError)[]>}
   */
  async classify(given, options = {}) {
    const { labels } = this;
    if (labels.length === 0) throw new TilelensError('model.no_head', 'This classifier has no head, and so no classes: open it with a head, or train one.');
    return this.#oneOrMany(given, (sources) => this.#classifyAll(sources, options, (result) => classification(result, labels), true));
  }

  /**
   * What the backbone sees in each of these tiles. One that cannot be read is a {@link TilelensError} in its place.
   * @overload
   * @param {readonly TileSource[]} sources
   * @returns {Promise<(Float32Array | TilelensError)[]>} in the order of the sources
   */
  /**
   * What the backbone sees in a tile: 576 numbers, which are close for tiles that look alike.
   * @overload
   * @param {TileSource} source
   * @returns {Promise<Float32Array>} rejects with a {@link TilelensError} when the tile cannot be read
   */
  /**
   * @param {TileSource | readonly TileSource[]} given
   * @returns {Promise<Float32Array | (Float32Array | TilelensError)[]>}
   */
  async features(given) {
    return this.#oneOrMany(given, async (sources) => {
      const ids = await this.#classifyAll(sources, {}, (_, tileId) => tileId, false);
      const known = ids.filter((id) => typeof id === 'string');
      const rows = await this.#ask('readFeatures', { tileIds: known });
      this.#forget(known);
      const found = new Map(rows.map(({ tileId, values }) => [tileId, values]));
      return ids.map((id) => (typeof id === 'string' ? /** @type {Float32Array} */ (found.get(id)) : id));
    });
  }

  /**
   * Where in a tile a class is seen.
   * @param {TileSource} source
   * @param {string} [className] one of {@link Classifier.labels}; the most probable class if not given
   * @returns {Promise<Heatmap>} rejects with a {@link TilelensError} when the tile cannot be read
   */
  async heatmap(source, className) {
    const { labels } = this;
    if (labels.length === 0) throw new TilelensError('model.no_head', 'This classifier has no head, and so no classes: open it with a head, or train one.');
    if (className !== undefined && !labels.includes(className)) throw new TilelensError('heatmap.no_class', `There is no class ${className}: name one of ${labels.join(', ')}.`);
    const [tile] = await this.#read([source], 0, (_, error) => {
      throw error;
    });
    const ask = (/** @type {Looks | null} */ looks) => this.#ask('heatmap', { source: requestOf(tile, looks).source, className: className ?? null });
    const found = await ask(null).catch(async (error) => {
      if (!isUnseen(error)) throw error;
      return ask(await this.#lookAt([tile]));
    });
    const { className: name, side, values, strongest, seen } = found;
    return { className: name, side, values, strongest, seen };
  }

  /**
   * Trains a head on the samples and lets it answer from then on. The backbone stays as it is.
   * @param {readonly Sample[]} samples at least two classes
   * @param {TrainSettings} [settings] the README lists them with their defaults
   * @param {(progress: TrainingProgress) => void} [onEpoch] told after each epoch, which is counted anew in each phase: heads
   *   that judge first, and then the one that is kept
   * @returns {Promise<TrainingReport>} how good the head is on samples that it did not learn from
   */
  async train(samples, settings = {}, onEpoch = () => undefined) {
    checkSamples(samples);
    const { labels: wanted, name = 'My classes', validationFraction, augmentation, signal, ...config } = checkedSettings(settings);
    const labels = wanted ?? [...new Set(samples.map(({ label }) => label))];
    const classes = samples.map(({ label }) => labels.indexOf(label));
    const stray = samples.find((_, index) => classes[index] < 0);
    if (stray) throw new TilelensError('training.setting', `A sample has the label "${stray.label}", which is not among the labels: ${labels.join(', ')}.`);
    const views = augmentation ? VIEWS : 1;
    const { tileIds, preparations } = await this.#computeFeatures(samples, views, signal);
    const stop = () => void this.#session.ask('steerTraining', { command: 'stop' }).catch(() => undefined);
    const caller = new Caller();
    try {
      const setup = {
        ...{ labels, classes, views, settings: config, validationFraction, name, fromCurrent: false },
        hasSeen: samples.map(() => false),
        preparations,
        description: `A head for ${labels.length} classes, trained on ${samples.length} labelled tiles, on the backbone ${this.model.backboneName}.`,
      };
      const onEvent = (/** @type {import('../../www/engine/index.js').EventOf<'train'>} */ event) => {
        if (event.event === 'epoch' && !caller.tell(() => onEpoch(event.progress))) stop();
      };
      signal?.addEventListener('abort', stop, { once: true });
      const { report, model } = await this.#ask('train', { setup, tileIds, device: 'auto' }, { onEvent });
      caller.check();
      await this.#session.changeModel({ kind: 'head', head: model, backbone: this.#backbone });
      this.#head = model;
      return report;
    } catch (thrown) {
      caller.check();
      throw asTilelensError(thrown);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#forget(tileIds);
    }
  }

  /**
   * The model as a file: backbone, head, labels and preprocessing.
   * @param {ExportForm} [form] `model` if not given, which {@link Classifier.open} takes again
   * @returns {Promise<Blob>}
   */
  async exportModel(form = 'model') {
    if (!this.#head || this.labels.length === 0) throw new TilelensError('model.no_head', 'There is no head to export: open the classifier with a head, or train one.');
    if (!(form in FORMS)) throw new TilelensError('export.form', `There is no form ${form}: ask for ${Object.keys(FORMS).join(', ')}.`);
    return this.#ask('convert', { model: await fileOfHead(this.#head), form: FORMS[form] });
  }

  /** Ends the worker and frees its memory. What is still asked for rejects. */
  dispose() {
    this.#isDisposed = true;
    this.#session.close();
    this.#releaseWorker();
  }

  /**
   * @template Result
   * @param {any} given
   * @param {(sources: readonly TileSource[]) => Promise<(Result | TilelensError)[]>} work
   */
  async #oneOrMany(given, work) {
    if (Array.isArray(given)) return work(given);
    const [result] = await work([given]);
    if (result instanceof TilelensError) throw result;
    return result;
  }

  /**
   * @template Result
   * @param {readonly TileSource[]} sources
   * @param {ClassifyOptions} options
   * @param {(result: import('../../www/engine/index.js').TileResult, tileId: string) => Result} resultOf
   * @param {boolean} forget whether the features are of no further use
   * @returns {Promise<(Result | TilelensError)[]>}
   */
  async #classifyAll(sources, { averaged = false, onResult, signal }, resultOf, forget) {
    /** @type {(Result | TilelensError)[]} */
    const results = Array.from({ length: sources.length });
    const caller = new Caller();
    const settle = (/** @type {number} */ index, /** @type {Result | TilelensError} */ result) => {
      results[index] = result;
      caller.tell(() => onResult?.(/** @type {any} */ (result), index));
    };
    /** Rasters wait for one another: those of one kind become colours by one stretch. @type {ReadTile[]} */
    const rasters = [];
    const answer = async (/** @type {ReadTile[]} */ tiles, /** @type {Looks | null} */ looks) => {
      const byId = new Map(tiles.map((tile) => [tile.tileId, tile]));
      await this.#answerEach(tiles.map((tile) => requestOf(tile, looks)), averaged, (tileId, outcome) => {
        const tile = byId.get(tileId);
        if (!tile || signal?.aborted) return;
        if (isUnseen(outcome)) rasters.push(tile);
        else settle(tile.index, outcome instanceof TilelensError ? outcome : resultOf(withNotes(outcome, looks?.notes.get(tileId)), tileId));
      });
      if (forget) this.#forget(tiles.map(({ tileId }) => tileId));
    };
    const starts = startsOf(sources.length);
    const read = (/** @type {number} */ start) => this.#read(sources.slice(start, start + TILES_AT_ONCE), start, settle);
    let reading = starts.length > 0 ? read(0) : null;
    for (const start of starts) {
      signal?.throwIfAborted();
      const tiles = (await reading) ?? [];
      // The next files are read while these are at work.
      reading = start + TILES_AT_ONCE < sources.length ? read(start + TILES_AT_ONCE) : null;
      await answer(tiles, null);
      caller.check();
    }
    const seen = rasters.splice(0);
    const looks = await this.#lookAt(seen);
    for (const start of startsOf(seen.length)) {
      signal?.throwIfAborted();
      await answer(seen.slice(start, start + TILES_AT_ONCE), looks);
      caller.check();
    }
    signal?.throwIfAborted();
    return results;
  }

  /**
   * How rasters become colours: those of one kind by one stretch.
   * @param {ReadTile[]} tiles
   * @returns {Promise<Looks>}
   */
  async #lookAt(tiles) {
    const looked = tiles.filter(({ file }) => platform.canLookAt(file));
    /** @type {Looks} */
    const looks = { rasters: new Map(), notes: new Map() };
    if (looked.length === 0) return looks;
    const { groups, alike } = await this.#ask('lookAtRasters', { tiles: looked.map(({ tileId, file }) => ({ tileId, source: { kind: 'file', file } })), bands: null });
    for (const { tileId } of looked) {
      const group = groups.find((one) => one.alike === alike[tileId]);
      if (!group) continue;
      const stretch = stretchFor(group, this.#stretches.get(group.alike), this.model.preparations);
      this.#stretches.set(group.alike, stretch);
      looks.rasters.set(tileId, { alike: group.alike, stretch });
      looks.notes.set(tileId, group.notes);
    }
    return looks;
  }

  /**
   * Reads sources into files; what cannot be read is settled at once.
   * @param {readonly TileSource[]} sources
   * @param {number} start index of the first
   * @param {(index: number, error: TilelensError) => void} settle
   * @returns {Promise<ReadTile[]>}
   */
  async #read(sources, start, settle) {
    const files = await Promise.allSettled(sources.map((source) => platform.fileOf(source)));
    return files.flatMap((file, offset) => {
      if (file.status === 'rejected') {
        settle(start + offset, asTilelensError(file.reason));
        return [];
      }
      lastTile += 1;
      return [{ tileId: `tile-${lastTile}`, index: start + offset, file: file.value }];
    });
  }

  /**
   * Has each tile answered. An engine that stops is replaced: then what had no answer is asked for again, one tile at a
   * time, so that only the tile that stops it is left out.
   * @param {import('../../www/engine/index.js').TileRequest[]} tiles
   * @param {boolean} isAveraged
   * @param {(tileId: string, outcome: import('../../www/engine/index.js').TileResult | TilelensError) => void} onTile
   */
  async #answerEach(tiles, isAveraged, onTile) {
    const waiting = new Map(tiles.map((tile) => [tile.tileId, tile]));
    const onEvent = (/** @type {import('../../www/engine/index.js').TileEvent} */ { tileId, result, error }) => {
      if (waiting.delete(tileId)) onTile(tileId, result ?? asTilelensError(new EngineError(error?.code ?? 'engine.failed', error)));
    };
    try {
      if (tiles.length > 0) await this.#session.ask('classify', { tiles, isAveraged }, { onEvent });
    } catch (thrown) {
      if (this.#isDisposed) throw disposed();
      if (!asEngineError(thrown).fatal) throw asTilelensError(thrown);
    }
    for (const tile of [...waiting.values()]) {
      try {
        await this.#session.ask('classify', { tiles: [tile], isAveraged }, { onEvent });
      } catch (thrown) {
        const { fatal, failure } = asEngineError(thrown);
        if (this.#isDisposed) throw disposed();
        if (!fatal) throw asTilelensError(thrown);
        onEvent({ event: 'tile', tileId: tile.tileId, error: { code: 'tile.engine_stopped', data: { cause: failure } } });
      }
    }
  }

  /**
   * @param {readonly Sample[]} samples
   * @param {number} views
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<{ tileIds: string[], preparations: ModelInfo['preparations'] }>} the tiles that the engine now knows,
   *   and how they became colours
   */
  async #computeFeatures(samples, views, signal) {
    /** @type {(TilelensError | undefined)[]} */
    const errors = [];
    /** @type {string[]} */
    const tileIds = [];
    /** By tile. @type {Map<string, import('../../www/engine/index.js').TileRequest['source']>} */
    const sources = new Map();
    /** @type {ReadTile[]} */
    const rasters = [];
    const compute = async (/** @type {ReadTile[]} */ tiles, /** @type {Looks | null} */ looks) => {
      const byId = new Map(tiles.map((tile) => [tile.tileId, tile]));
      const onEvent = (/** @type {{ tileId: string, error?: import('../../www/engine/index.js').Failure }} */ { tileId, error }) => {
        const tile = byId.get(tileId);
        if (!tile || !error) return;
        const failure = asTilelensError(new EngineError(error.code, error));
        if (isUnseen(failure)) rasters.push(tile);
        else errors[tile.index] = failure;
      };
      const requests = tiles.map((tile) => requestOf(tile, looks));
      for (const { tileId, source } of requests) sources.set(tileId, source);
      if (views === VIEWS) await this.#ask('views', { tiles: requests }, { onEvent });
      else await this.#ask('classify', { tiles: requests, isAveraged: false }, { onEvent });
    };
    for (const start of startsOf(samples.length)) {
      signal?.throwIfAborted();
      const chunk = samples.slice(start, start + TILES_AT_ONCE).map(({ source }) => source);
      const tiles = await this.#read(chunk, start, (index, error) => void (errors[index] = error));
      await compute(tiles, null);
      tileIds.push(...tiles.map(({ tileId }) => tileId));
    }
    const seen = rasters.splice(0);
    const looks = await this.#lookAt(seen);
    for (const start of startsOf(seen.length)) await compute(seen.slice(start, start + TILES_AT_ONCE), looks);
    const bad = errors.findIndex((error) => error !== undefined);
    if (bad < 0) return { tileIds, preparations: preparationsOf([...sources.values()]) };
    this.#forget(tileIds);
    throw new TilelensError('training.sample', `Sample ${bad + 1} of ${samples.length} ("${samples[bad].label}") cannot be used. ${errors[bad]?.message}`, errors[bad]);
  }

  /** @param {string[]} tileIds */
  #forget(tileIds) {
    this.#session.ask('forgetFeatures', { tileIds }).catch(() => undefined);
  }

  /**
   * @template {import('../../www/engine/index.js').RequestKind} Kind
   * @param {Kind} kind
   * @param {import('../../www/engine/index.js').PayloadOf<Kind>} payload
   * @param {{ onEvent?: (event: any) => void }} [options]
   */
  async #ask(kind, payload, options) {
    return this.#session.ask(kind, payload, options).catch((thrown) => {
      throw this.#isDisposed ? disposed() : asTilelensError(thrown);
    });
  }
}

/**
 * Whoever is told of what is done. What they throw ends the work, and is what its promise rejects with: in an event it would be
 * nobody's.
 */
class Caller {
  /** @type {{ thrown: unknown } | null} */
  #broken = null;

  /** @param {() => void} tell @returns {boolean} whether nothing was thrown so far */
  tell(tell) {
    if (this.#broken) return false;
    try {
      tell();
    } catch (thrown) {
      this.#broken = { thrown };
    }
    return this.#broken === null;
  }

  check() {
    if (this.#broken) throw this.#broken.thrown;
  }
}

function disposed() {
  return new TilelensError('engine.disposed', 'This classifier was disposed of: open another.');
}

/** @param {OpenOptions['model']} model */
async function ownFile(model) {
  return model === undefined ? null : platform.fileOf(model);
}

/**
 * @param {OpenOptions} options
 * @param {URL | undefined} assets
 * @returns {Promise<Blob | RemoteFile | null>}
 */
async function headOf({ model, head = model === undefined ? 'overhead-scenes' : null }, assets) {
  if (head === null) return null;
  if (head === 'overhead-scenes' || head === 'sentinel-2') return remoteFile(`${head}.safetensors`, assets);
  if (typeof head === 'string') throw new TilelensError('model.unknown_head', `There is no head ${head}: name overhead-scenes or sentinel-2, or give a file as Blob or URL.`);
  return platform.fileOf(head);
}

/**
 * @param {Blob | null} model
 * @param {Blob | RemoteFile | null} head
 * @param {RemoteFile} backbone
 * @returns {ModelSource}
 */
function firstSource(model, head, backbone) {
  if (model) return { kind: 'file', file: model, backbone };
  return head instanceof Blob ? { kind: 'head', head, backbone } : { kind: 'site', backbone, head };
}

/** @param {Blob | RemoteFile} head */
async function fileOfHead(head) {
  return head instanceof Blob ? head : platform.fileOf(new URL(head.url));
}

/**
 * @param {import('../../www/engine/index.js').TileResult} result
 * @param {string[]} labels
 * @returns {Classification}
 */
function classification({ probabilities, decoded }, labels) {
  const classes = Array.from(probabilities, (probability, index) => ({ label: labels[index], probability })).sort((a, b) => b.probability - a.probability);
  const { widthPx, heightPx, format, notes } = /** @type {NonNullable<typeof decoded>} */ (decoded).facts;
  return { ...classes[0], classes, widthPx, heightPx, format, notes };
}

/** Where each part of a long list begins. @param {number} count */
function startsOf(count) {
  return Array.from({ length: Math.ceil(count / TILES_AT_ONCE) }, (_, chunk) => chunk * TILES_AT_ONCE);
}

/**
 * @param {ReadTile} tile
 * @param {Looks | null} looks null before anybody looked
 * @returns {import('../../www/engine/index.js').TileRequest}
 */
function requestOf({ tileId, file }, looks) {
  const raster = looks ? { raster: looks.rasters.get(tileId) ?? null } : {};
  return { tileId, source: { kind: 'file', file, ...raster }, needsDecoding: true, needsThumbnail: false };
}

/** Whether a tile is a raster that waits for those that came with it. @param {unknown} outcome */
function isUnseen(outcome) {
  return outcome instanceof TilelensError && outcome.code === 'raster.unseen';
}

/**
 * @param {import('../../www/engine/index.js').TileResult} result
 * @param {string[]} [notes] what was guessed of a raster
 */
function withNotes(result, notes = []) {
  const { decoded } = result;
  if (!decoded || notes.length === 0) return result;
  return { ...result, decoded: { ...decoded, facts: { ...decoded.facts, notes: [...new Set([...decoded.facts.notes, ...notes])] } } };
}

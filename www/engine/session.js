/**
 * The engine as the page knows it: which device, which model, how far it is. A worker that traps is
 * replaced by a fresh one with the same device and model.
 */

import { Connection, EngineError, REPLACED, asEngineError } from './connection.js';

/** @typedef {import('../messages.js').DevicePreference} DevicePreference */
/** @typedef {import('../messages.js').EngineFiles} EngineFiles */
/** @typedef {import('../messages.js').EngineRequest} EngineRequest */
/** @typedef {import('../messages.js').ModelInfo} ModelInfo */
/** @typedef {import('../messages.js').RemoteFile} RemoteFile */
/** @typedef {import('../messages.js').TileEvent} TileEvent */
/** @typedef {import('../messages.js').TileRequest} TileRequest */
/** @typedef {import('../messages.js').LoadedModel} LoadedModel */
/** @typedef {{ model: RemoteFile } | { file: Blob }} ModelSource */

/**
 * @typedef {object} Status
 * @property {'loading' | 'ready' | 'failed'} state
 * @property {{ loadedBytes: number, totalBytes: number }} progress of the engine and the model together
 * @property {LoadedModel | null} loaded what answers, once there is something
 * @property {EngineError | null} error why it failed
 */

export class Session extends EventTarget {
  /** @type {Status} */
  status = { state: 'loading', progress: { loadedBytes: 0, totalBytes: 0 }, loaded: null, error: null };
  /** @type {Connection | null} */
  #connection = null;
  /** @type {{ device: DevicePreference, source: ModelSource } | null} */
  #opened = null;
  #workerUrl;
  #engines;

  /** @param {{ workerUrl: string, engines: EngineFiles }} site */
  constructor({ workerUrl, engines }) {
    super();
    this.#workerUrl = workerUrl;
    this.#engines = engines;
  }

  /**
   * Starts a worker on this device with this model. What goes wrong is in the status.
   * @param {DevicePreference} device
   * @param {ModelSource} source
   * @returns {Promise<boolean>} whether this is what answers from now on
   */
  async open(device, source) {
    this.#opened = { device, source };
    try {
      const loaded = await this.#start(device, source).catch((thrown) => {
        const error = asEngineError(thrown);
        if (device !== 'auto' || !error.fatal) throw error;
        return this.#startOnCpu(source, error);
      });
      this.#set({ state: 'ready', loaded });
      return true;
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code !== REPLACED) this.#set({ state: 'failed', error });
      return false;
    }
  }

  /**
   * Replaces the worker.
   * @param {DevicePreference} device
   * @param {ModelSource} source
   * @returns {Promise<LoadedModel>}
   */
  async #start(device, source) {
    this.#connection?.close();
    const connection = new Connection(this.#workerUrl);
    this.#connection = connection;
    // Which of the engines it will be is known when the worker has looked at the GPU: then the sum is set right.
    const onEvent = this.#progressOf(connection, { engine: this.#engines.cpu.bytes, model: bytesOf(source) });
    const started = connection.request({ kind: 'start', payload: { engines: this.#engines, device } }, onEvent);
    const loading = connection.request({ kind: 'loadModel', payload: source }, onEvent);
    const [, loaded] = await Promise.all([started, loading]);
    return loaded;
  }

  /**
   * A graphics driver can take the whole worker with it.
   * @param {ModelSource} source
   * @param {EngineError} error what ended the worker
   */
  async #startOnCpu(source, error) {
    const loaded = await this.#start('cpu', source);
    return { ...loaded, reason: `Running on the CPU: the engine stopped when it tried the GPU. (${error.message})` };
  }

  /** Opens again what was open last. */
  async reopen() {
    if (this.#opened) await this.open(this.#opened.device, this.#opened.source);
  }

  /**
   * Takes another model on the same device. Rejects with an {@link EngineError}, and the model before it
   * goes on answering, when the new one cannot be used.
   * @param {ModelSource} source
   * @returns {Promise<boolean>} whether it answers from now on; not where the engine failed, which the
   *   status tells, or where another choice came after it
   */
  async changeModel(source) {
    const connection = this.#connection;
    if (!connection || !this.#opened) throw notStarted();
    const before = this.#opened;
    // Two loads in one worker could end in any order.
    if (this.status.state !== 'ready') {
      const opened = await this.open(before.device, source);
      if (!opened && this.status.state === 'failed') this.#opened = before;
      return opened;
    }
    const onEvent = this.#progressOf(connection, { engine: 0, model: bytesOf(source) });
    try {
      const loaded = await connection.request({ kind: 'loadModel', payload: source }, onEvent);
      this.#opened = { device: before.device, source };
      this.#set({ state: 'ready', loaded });
      return true;
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code === REPLACED) return false;
      if (error.fatal) await this.reopen();
      else this.#set({ state: 'ready' });
      throw error;
    }
  }

  /**
   * Classifies tiles; each answer or error goes to `onTile`.
   * @param {TileRequest[]} tiles
   * @param {(event: TileEvent) => void} onTile
   */
  async classify(tiles, onTile) {
    await this.ask({ kind: 'classify', payload: { tiles } }, (event) => {
      if (event.event === 'tile') onTile(event);
    });
  }

  /**
   * Asks the worker. One that traps, or whose device fails, is replaced before this rejects, so that the caller may
   * go on with what had no answer.
   * @param {EngineRequest} request
   * @param {(event: import('../messages.js').WorkerEvent) => void} [onEvent]
   */
  async ask(request, onEvent) {
    const connection = this.#connection;
    if (!connection) throw notStarted();
    try {
      return await connection.request(request, onEvent);
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.fatal && connection === this.#connection) await this.reopen();
      throw error;
    }
  }

  /**
   * Sets the status to loading, and gives a listener that keeps its progress.
   * @param {Connection} connection
   * @param {{ engine: number, model: number }} expectedBytes
   * @returns {(event: import('../messages.js').WorkerEvent) => void}
   */
  #progressOf(connection, expectedBytes) {
    const loaded = { engine: 0, model: 0 };
    const total = { ...expectedBytes };
    const progress = () => ({ loadedBytes: loaded.engine + loaded.model, totalBytes: total.engine + total.model });
    this.#set({ state: 'loading', progress: progress(), error: null });
    return (event) => {
      if (event.event !== 'progress' || connection !== this.#connection) return;
      loaded[event.stage] = event.loadedBytes;
      total[event.stage] = event.totalBytes;
      this.#set({ progress: progress() });
    };
  }

  /** @param {Partial<Status>} change */
  #set(change) {
    this.status = { ...this.status, ...change };
    this.dispatchEvent(new Event('status'));
  }
}

function notStarted() {
  return new EngineError({ code: 'engine.not_started', message: 'The engine is not there yet: wait a moment, then try again.' });
}

/** @param {ModelSource} source */
function bytesOf(source) {
  return 'model' in source ? source.model.bytes : source.file.size;
}

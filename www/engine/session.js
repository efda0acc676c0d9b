/**
 * The engine as the page knows it: which device, which model, how far it is. A worker that traps is
 * replaced by a fresh one with the same device and model.
 */

import { Connection, EngineError } from './connection.js';

/** @typedef {import('../messages.js').DevicePreference} DevicePreference */
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
  #engine;
  #keptSha256;

  /**
   * @param {{ workerUrl: string, engine: RemoteFile, keptSha256: string[] }} site `keptSha256` are the
   *   models that stay in the cache
   */
  constructor({ workerUrl, engine, keptSha256 }) {
    super();
    this.#workerUrl = workerUrl;
    this.#engine = engine;
    this.#keptSha256 = keptSha256;
  }

  /**
   * Starts a worker on this device with this model. What goes wrong is in the status.
   * @param {DevicePreference} device
   * @param {ModelSource} source
   */
  async open(device, source) {
    this.#opened = { device, source };
    this.#connection?.close();
    const connection = new Connection(this.#workerUrl);
    this.#connection = connection;
    const onEvent = this.#progressOf(connection, this.#engine.bytes + bytesOf(source));
    try {
      const started = connection.request({ kind: 'start', payload: { engine: this.#engine, device } }, onEvent);
      const loading = connection.request({ kind: 'loadModel', payload: this.#payload(source) }, onEvent);
      const [, loaded] = await Promise.all([started, loading]);
      if (connection === this.#connection) this.#set({ state: 'ready', loaded });
    } catch (thrown) {
      if (connection === this.#connection) this.#set({ state: 'failed', error: asEngineError(thrown) });
    }
  }

  /** Opens again what was open last. */
  async reopen() {
    if (this.#opened) await this.open(this.#opened.device, this.#opened.source);
  }

  /**
   * Takes another model on the same device. Rejects with an {@link EngineError}, and the model before it
   * goes on answering, when the new one cannot be used.
   * @param {ModelSource} source
   */
  async changeModel(source) {
    const connection = this.#connection;
    if (!connection || !this.#opened) throw new EngineError({ code: 'engine.not_started', message: 'The engine is not there yet.' });
    const { device } = this.#opened;
    if (this.status.state === 'failed') {
      await this.open(device, source);
      return;
    }
    const onEvent = this.#progressOf(connection, bytesOf(source));
    try {
      const loaded = await connection.request({ kind: 'loadModel', payload: this.#payload(source) }, onEvent);
      if (connection !== this.#connection) return;
      this.#opened = { device, source };
      this.#set({ state: 'ready', loaded });
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.fatal) await this.reopen();
      else if (connection === this.#connection) this.#set({ state: 'ready' });
      throw error;
    }
  }

  /**
   * Classifies tiles; each answer or error goes to `onTile`. A worker that traps is replaced before this
   * rejects, so that the caller may go on with the tiles that had no answer.
   * @param {TileRequest[]} tiles
   * @param {(event: TileEvent) => void} onTile
   */
  async classify(tiles, onTile) {
    const connection = this.#connection;
    if (!connection) throw new EngineError({ code: 'engine.not_started', message: 'The engine is not there yet.' });
    try {
      await connection.request({ kind: 'classify', payload: { tiles } }, (event) => {
        if (event.event === 'tile') onTile(event);
      });
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.fatal && connection === this.#connection) await this.reopen();
      throw error;
    }
  }

  /**
   * Sets the status to loading, and gives a listener that keeps its progress.
   * @param {Connection} connection
   * @param {number} totalBytes
   * @returns {(event: import('../messages.js').WorkerEvent) => void}
   */
  #progressOf(connection, totalBytes) {
    const loadedBytes = { engine: 0, model: 0 };
    this.#set({ state: 'loading', progress: { loadedBytes: 0, totalBytes }, error: null });
    return (event) => {
      if (event.event !== 'progress' || connection !== this.#connection) return;
      loadedBytes[event.stage] = event.loadedBytes;
      this.#set({ progress: { loadedBytes: loadedBytes.engine + loadedBytes.model, totalBytes } });
    };
  }

  /** @param {ModelSource} source */
  #payload(source) {
    return { ...source, keptSha256: this.#keptSha256 };
  }

  /** @param {Partial<Status>} change */
  #set(change) {
    this.status = { ...this.status, ...change };
    this.dispatchEvent(new Event('status'));
  }
}

/** @param {ModelSource} source */
function bytesOf(source) {
  return 'model' in source ? source.model.bytes : source.file.size;
}

/** @param {unknown} thrown */
function asEngineError(thrown) {
  if (thrown instanceof EngineError) return thrown;
  return new EngineError({ code: 'engine.failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
}

/**
 * The engine as the page knows it: which device, which model, how far it is. A worker that traps is replaced by a fresh
 * one with the same device and model.
 */

import { EngineError, REPLACED, asEngineError } from '../failures.js';
import { Connection } from './connection.js';

/** @typedef {import('../protocol.js').DeviceChoice} DeviceChoice */
/** @typedef {import('../protocol.js').DevicePreference} DevicePreference */
/** @typedef {import('../protocol.js').EngineFiles} EngineFiles */
/** @typedef {import('../protocol.js').LoadedModel} LoadedModel */
/** @typedef {import('../protocol.js').ProgressEvent} ProgressEvent */
/** @typedef {import('../protocol.js').RequestKind} RequestKind */
/** @template {RequestKind} Kind @typedef {import('../protocol.js').EventOf<Kind>} EventOf */
/** @template {RequestKind} Kind @typedef {import('../protocol.js').PayloadOf<Kind>} PayloadOf */
/** @template {RequestKind} Kind @typedef {import('../protocol.js').ReplyOf<Kind>} ReplyOf */
/** @typedef {import('../protocol.js').ModelSource} ModelSource */

/**
 * @typedef {object} Status
 * @property {'loading' | 'ready' | 'failed'} state
 * @property {{ loadedBytes: number, totalBytes: number }} progress of the engine and the model together
 * @property {LoadedModel | null} loaded what answers, once there is something
 * @property {EngineError | null} error why it failed
 */

/** The event `status`. */
export class Session extends EventTarget {
  /** @type {Status} */
  status = { state: 'loading', progress: { loadedBytes: 0, totalBytes: 0 }, loaded: null, error: null };
  /** What the build wrote of the engine; known when it has been fetched. @type {{ engines: EngineFiles, workerUrl: string } | null} */
  site = null;
  /** Gives a new worker what the one before it knew; the engine is not ready before. */
  refill = async () => {};
  /** @type {Connection | null} */
  #connection = null;
  /** @type {{ device: DevicePreference, source: ModelSource } | null} */
  #opened = null;
  #connect;

  /** @param {(workerUrl: string) => Connection} [connect] starts a worker */
  constructor(connect = (workerUrl) => new Connection(workerUrl)) {
    super();
    this.#connect = connect;
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
    const site = this.site;
    if (!site) throw notStarted();
    this.#connection?.close();
    const connection = this.#connect(site.workerUrl);
    this.#connection = connection;
    // Which of the engines it will be is known when the worker has looked at the GPU: then the sum is set right.
    const onEvent = this.#progressOf(connection, { engine: site.engines.cpu.bytes, ...bytesOf(source) });
    const started = connection.request('start', { engines: site.engines, device }, { onEvent });
    const loading = connection.request('useModel', source, { onEvent });
    // What was known and cannot be given again is computed again.
    const refilling = this.refill().catch(() => undefined);
    const [, loaded] = await Promise.all([started, loading, refilling]);
    return loaded;
  }

  /**
   * A graphics driver can take the whole worker with it.
   * @param {ModelSource} source
   * @param {EngineError} error what ended the worker
   * @returns {Promise<LoadedModel>}
   */
  async #startOnCpu(source, error) {
    const loaded = await this.#start('cpu', source);
    return { ...loaded, why: { code: 'stopped', cause: error.failure } };
  }

  /** Opens again what was open last. */
  async reopen() {
    if (this.#opened) await this.open(this.#opened.device, this.#opened.source);
  }

  /** Ends the worker for good; whoever waits is told so. */
  close() {
    this.#connection?.close();
    this.#connection = null;
    this.#opened = null;
    this.#set({ loaded: null });
  }

  /**
   * Takes another model on the same device. Rejects with an {@link EngineError}, and the model before it goes on
   * answering, when the new one cannot be used.
   * @param {ModelSource} source
   * @returns {Promise<boolean>} whether it answers from now on; not where the engine failed, which the status tells, or
   *   where another choice came after it
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
    const onEvent = this.#progressOf(connection, { engine: 0, backbone: 0, head: 0 });
    try {
      const loaded = await connection.request('useModel', source, { onEvent });
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
   * Asks the worker. One that traps, or whose device fails, is replaced before this rejects, so that the caller may go
   * on with what had no answer.
   * @template {RequestKind} Kind
   * @param {Kind} kind
   * @param {PayloadOf<Kind>} payload
   * @param {{ onEvent?: (event: EventOf<Kind>) => void, transfer?: Transferable[] }} [options]
   * @returns {Promise<ReplyOf<Kind>>}
   */
  async ask(kind, payload, options) {
    const connection = this.#connection;
    if (!connection) throw notStarted();
    try {
      return await connection.request(kind, payload, options);
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.fatal && connection === this.#connection) await this.reopen();
      throw error;
    }
  }

  /**
   * Sets the status to loading, and gives a listener that keeps its progress.
   * @param {Connection} connection
   * @param {{ engine: number, backbone: number, head: number }} expectedBytes
   * @returns {(event: ProgressEvent) => void}
   */
  #progressOf(connection, expectedBytes) {
    const loaded = { engine: 0, backbone: 0, head: 0 };
    const total = { ...expectedBytes };
    const sum = ({ engine, backbone, head } = loaded) => engine + backbone + head;
    const progress = () => ({ loadedBytes: sum(loaded), totalBytes: sum(total) });
    this.#set({ state: 'loading', progress: progress(), error: null });
    return ({ stage, loadedBytes, totalBytes }) => {
      if (connection !== this.#connection) return;
      loaded[stage] = loadedBytes;
      total[stage] = totalBytes;
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
  return new EngineError('engine.not_started');
}

/** @param {ModelSource} source */
function bytesOf(source) {
  switch (source.kind) {
    case 'site':
      return { backbone: source.backbone.bytes, head: source.head?.bytes ?? 0 };
    case 'whole':
      return { backbone: source.model.bytes, head: 0 };
    case 'file':
      return { backbone: source.file.size, head: 0 };
    case 'head':
      return { backbone: source.backbone.bytes, head: source.head.size };
  }
}

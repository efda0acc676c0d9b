/** One worker: requests go out with an id, events and the reply come back to whoever asked. */

import { EngineError, REPLACED } from '../failures.js';
import { scriptUrl } from '../script-url.js';

/** @typedef {import('../protocol.js').WorkerEvent} WorkerEvent */
/** @typedef {import('../protocol.js').WorkerReply} WorkerReply */
/** @typedef {import('../protocol.js').Protocol} EngineProtocol */
/** @typedef {{ payload: any, event: any, reply: any }} Exchange */

/**
 * @typedef {object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: EngineError) => void} reject
 * @property {(event: any) => void} onEvent
 * @property {number} elsewhere events that came by helpers
 * @property {(WorkerReply & { ok: true }) | null} reply the worker's, while events of helpers are still on their way
 */

/** @typedef {{ postMessage(message: unknown, transfer: Transferable[]): void, terminate(): void, addEventListener(type: 'message' | 'error', listener: (event: any) => void): void }} WorkerLike What is used of a worker. */

/** @template {{ [Kind in keyof Words]: Exchange }} [Words=EngineProtocol] what the worker understands */
export class Connection {
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  #worker;
  /** Why the worker is no more. @type {EngineError | null} */
  #ended = null;

  /**
   * @param {string} url the worker's script
   * @param {(url: string) => WorkerLike} [start]
   */
  constructor(url, start = startWorker) {
    this.#worker = start(url);
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const how = event.message ? { data: { detail: event.message } } : {};
      this.#end(new EngineError(event.message ? 'engine.crashed' : 'engine.not_loaded', { ...how, fatal: true }));
    });
  }

  /**
   * @template {keyof Words} Kind
   * @param {Kind} kind
   * @param {Words[Kind]['payload']} payload
   * @param {{ onEvent?: (event: Words[Kind]['event']) => void, transfer?: Transferable[] }} [options] what is transferred is
   *   gone here
   * @returns {Promise<Words[Kind]['reply']>} rejects with an {@link EngineError}
   */
  request(kind, payload, { onEvent = () => undefined, transfer = [] } = {}) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      // A worker may also die while nobody waits for it.
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#pending.set(id, { resolve, reject, onEvent, elsewhere: 0, reply: null });
      this.#worker.postMessage({ id, kind, payload }, transfer);
    });
  }

  /** Ends the worker; whoever waits is told so. */
  close() {
    this.#end(new EngineError(REPLACED));
  }

  /** @param {{ id: number } & (WorkerEvent | WorkerReply)} message */
  #receive(message) {
    if ('event' in message) {
      if (message.event === 'helper') message.page.onmessage = ({ data }) => this.#receiveElsewhere(data);
      else this.#pending.get(message.id)?.onEvent(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.ok) {
      pending.reply = message;
      this.#settle(pending);
    } else {
      this.#pending.delete(message.id);
      pending.reject(new EngineError(message.error.code, { ...message.error, fatal: message.fatal }));
    }
  }

  /** @param {{ id: number } & WorkerEvent} message of a helper */
  #receiveElsewhere(message) {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    pending.elsewhere += 1;
    pending.onEvent(message);
    this.#settle(pending);
  }

  /** A reply waits for the events that were told before it on another way. @param {Pending} pending */
  #settle({ reply, elsewhere, resolve }) {
    if (!reply || elsewhere < reply.elsewhere) return;
    this.#pending.delete(reply.id);
    resolve(reply.value);
  }

  /** @param {EngineError} reason */
  #end(reason) {
    this.#ended ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

/** @param {string} url @returns {WorkerLike} */
function startWorker(url) {
  return new Worker(scriptUrl(url), { type: 'module' });
}

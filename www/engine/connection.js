/** One worker: requests go out with an id, events and the reply come back to whoever asked. */

import { scriptUrl } from './script-url.js';

/** @typedef {import('../messages.js').WorkerEvent} WorkerEvent */
/** @typedef {import('../messages.js').WorkerReply} WorkerReply */
/** @typedef {(event: WorkerEvent) => void} EventListener */
/** @typedef {{ resolve: (value: any) => void, reject: (error: EngineError) => void, onEvent: EventListener }} Pending */

/** The code of requests whose worker was replaced on purpose. */
export const REPLACED = 'engine.replaced';

/** A failure that the worker reported. */
export class EngineError extends Error {
  /**
   * @param {import('../messages.js').Failure} failure
   * @param {boolean} [fatal] whether the worker has to be replaced
   */
  constructor({ code, message }, fatal = false) {
    super(message);
    this.code = code;
    this.fatal = fatal;
  }
}

/** @param {unknown} thrown */
export function asEngineError(thrown) {
  if (thrown instanceof EngineError) return thrown;
  return new EngineError({ code: 'engine.failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
}

export class Connection {
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  #worker;
  /** Why the worker is no more. @type {EngineError | null} */
  #ended = null;

  /** @param {string} url the worker's script */
  constructor(url) {
    this.#worker = new Worker(scriptUrl(url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const message = event.message ? `The engine stopped: ${event.message}` : 'The engine could not be loaded.';
      this.#end(new EngineError({ code: 'engine.crashed', message }, true));
    });
  }

  /**
   * @param {import('../messages.js').EngineRequest} request
   * @param {EventListener} [onEvent]
   * @returns {Promise<any>} the reply's value; rejects with an {@link EngineError}
   */
  request(request, onEvent = () => undefined) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      // A worker may also die while nobody waits for it.
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#pending.set(id, { resolve, reject, onEvent });
      this.#worker.postMessage({ id, ...request });
    });
  }

  /** Ends the worker; whoever waits is told so. */
  close() {
    this.#end(new EngineError({ code: REPLACED, message: 'The engine was replaced.' }));
  }

  /** @param {{ id: number } & (WorkerEvent | WorkerReply)} message */
  #receive(message) {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ('event' in message) {
      pending.onEvent(message);
      return;
    }
    this.#pending.delete(message.id);
    if (message.ok) pending.resolve(message.value);
    else pending.reject(new EngineError(message.error, message.fatal));
  }

  /** @param {EngineError} reason */
  #end(reason) {
    this.#ended ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

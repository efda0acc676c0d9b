/**
 * Helpers of the worker: more workers of the same script, each with an instance of the CPU's engine and the model. They
 * share no memory, so that they need no special headers, and a tile that one of them decodes is in nobody's way.
 */

import { Connection } from '../engine/connection.js';

/** @typedef {import('../messages.js').EngineFiles} EngineFiles */
/** @typedef {import('../messages.js').EngineRequest} EngineRequest */
/** @typedef {import('../messages.js').WorkerEvent} WorkerEvent */

/** More than this, and the worker that hands out the tiles has no time left for its own. */
const MOST_HELPERS = 7;

/** A helper has the next tile at hand when it is done with one. */
const TILES_AT_ONCE = 2;

/** As many as there are cores beside the one of the worker itself. */
function helperCount() {
  return Math.min(MOST_HELPERS, navigator.hardwareConcurrency - 1);
}

export class Helpers {
  /** Those that are ready. @type {Connection[]} */
  #ready = [];
  /** All of them. @type {Connection[]} */
  #started = [];

  /**
   * Starts them; until they are ready, work is done without them.
   * @param {{ engines: EngineFiles, module: WebAssembly.Module, model: Blob }} same what the worker itself has
   */
  constructor({ engines, module, model }) {
    for (let index = 0; index < helperCount(); index += 1) {
      const helper = new Connection(globalThis.location.href);
      this.#started.push(helper);
      Promise.all([
        helper.request({ kind: 'start', payload: { engines, device: 'cpu', module } }),
        helper.request({ kind: 'loadModel', payload: { file: model } }),
      ]).then(
        () => this.#ready.push(helper),
        // One that does not start is missed by nobody: there may be too little memory for it.
        () => helper.close(),
      );
    }
  }

  /**
   * Goes through items, each taken by whoever is free next. The first failure is thrown when all have stopped.
   * @template Item
   * @param {Item[]} items
   * @param {(item: Item) => Promise<unknown>} here does it in this worker
   * @param {(item: Item) => EngineRequest} asRequest asks a helper for it
   * @param {(event: WorkerEvent) => void} onEvent what helpers answer
   */
  async share(items, here, asRequest, onEvent) {
    const queue = items.values();
    const take = async (/** @type {(item: Item) => Promise<unknown>} */ work) => {
      for (const item of queue) await work(item);
    };
    const takers = [take(here)];
    for (const helper of this.#ready) {
      for (let tile = 0; tile < TILES_AT_ONCE; tile += 1) takers.push(take((item) => helper.request(asRequest(item), onEvent)));
    }
    for (const outcome of await Promise.allSettled(takers)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
  }

  close() {
    for (const helper of this.#started) helper.close();
  }
}

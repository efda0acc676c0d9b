/** A thread of Node.js that looks like a browser's worker, as far as the engine's scripts use one. */

import { Worker as Thread } from 'node:worker_threads';

export class NodeWorker {
  #thread;

  /** @param {string} url */
  constructor(url) {
    this.#thread = new Thread(new URL(url));
  }

  /**
   * @param {'message' | 'error'} type
   * @param {(event: any) => void} listener
   */
  addEventListener(type, listener) {
    if (type === 'message') this.#thread.on('message', (data) => listener({ data }));
    else this.#thread.on('error', (error) => listener({ message: error instanceof Error ? error.message : String(error), preventDefault() {} }));
  }

  /**
   * @param {unknown} message
   * @param {any[]} [transfer]
   */
  postMessage(message, transfer = []) {
    this.#thread.postMessage(message, transfer);
  }

  terminate() {
    void this.#thread.terminate();
  }
}

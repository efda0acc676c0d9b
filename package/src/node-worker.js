/** The engine's worker in Node.js: what a browser has and Node.js lacks, then the worker itself. */

import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { NodeWorker } from './node-worker-like.js';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const { fetch: fetchRemote } = globalThis;

/** Without a canvas there are no thumbnails, which nobody asks for here. */
class NoCanvas {
  getContext() {
    return null;
  }
}

/** @type {(address: string, options?: any) => Promise<Response>} */
async function fetchAny(address, options) {
  if (!address.startsWith('file:')) return fetchRemote(address, options);
  return new Response(/** @type {any} */ (Readable.toWeb(createReadStream(new URL(address)))));
}

/** @type {(type: string, listener: (event: any) => void) => void} */
function addEventListener(type, listener) {
  if (type === 'message') port.on('message', (data) => listener({ data }));
  else if (type === 'unhandledrejection') process.on('unhandledRejection', (reason) => listener({ reason }));
}

Object.assign(globalThis, {
  addEventListener,
  fetch: fetchAny,
  location: { href: import.meta.url },
  OffscreenCanvas: NoCanvas,
  postMessage: (/** @type {unknown} */ message, /** @type {{ transfer?: any[] }} */ { transfer = [] } = {}) => port.postMessage(message, transfer),
  Worker: NodeWorker,
});
if (!globalThis.navigator?.hardwareConcurrency) {
  Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: availableParallelism() }, configurable: true });
}

await import('../../www/engine/worker/worker.js');

/** The engine's worker, and what a tile can be, in Node.js. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Connection } from '../../www/engine/index.js';
import { TilelensError } from './errors.js';
import { NodeWorker } from './node-worker-like.js';
import { fileOf } from './sources.js';

/** @typedef {import('./platform-browser.js').Platform} Platform */

/** Of larger files parts are read as they are asked for, which takes what a browser's workers have (`FileReaderSync`). */
const MOST_LOOKED_AT_BYTES = 16 << 20;

const ADDRESS = /^(https?|data|blob):/;

/** @type {Platform} */
export const platform = {
  connect: (url) => new Connection(url, (address) => new NodeWorker(address)),
  async fileOf(source) {
    const isPath = typeof source === 'string' && !ADDRESS.test(source) && !source.startsWith('file:');
    if (isPath || new URL(source instanceof URL ? source : 'none:').protocol === 'file:' || `${source}`.startsWith('file:')) return readLocal(source);
    // A `File` of Node.js loses its bytes on the way to a worker.
    return source instanceof Blob ? source.slice() : fileOf(source);
  },
  folderOf(folder) {
    const isUrl = folder instanceof URL || ADDRESS.test(folder) || folder.startsWith('file:');
    return isUrl ? new URL(`${folder}`.replace(/\/?$/, '/')) : pathToFileURL(`${path.resolve(folder)}${path.sep}`);
  },
  canLookAt: (file) => file.size <= MOST_LOOKED_AT_BYTES,
  workerUrl: async () => ({ url: new URL('./node-worker.js', import.meta.url).href, release: () => undefined }),
};

/** @param {string | URL} place */
async function readLocal(place) {
  const file = typeof place === 'string' && place.startsWith('file:') ? new URL(place) : place;
  const bytes = await readFile(file).catch((cause) => {
    throw new TilelensError('image.unreadable', `${place} cannot be read: check that it is there and that you may read it.`, cause);
  });
  return new Blob([bytes]);
}

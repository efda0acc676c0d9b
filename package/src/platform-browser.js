/** The engine's worker, and what a tile can be, in a browser. `platform-node.js` takes its place in Node.js. */

import { Connection } from '../../www/engine/index.js';
import { fetchFile, fileOf } from './sources.js';

/**
 * @typedef {object} Platform What differs between browsers and Node.js.
 * @property {(url: string) => Connection} connect
 * @property {(source: any) => Promise<Blob>} fileOf
 * @property {(folder: string | URL) => URL} folderOf the address of a folder, which ends in `/`
 * @property {(file: Blob) => boolean} canLookAt whether parts of a raster can be read
 * @property {(address: string) => Promise<{ url: string, release: () => void }>} workerUrl
 */

/** @type {Platform} */
export const platform = {
  connect: (url) => new Connection(url),
  fileOf,
  folderOf: (folder) => new URL(`${folder}`.replace(/\/?$/, '/'), globalThis.location.href),
  canLookAt: () => true,
  async workerUrl(address) {
    if (new URL(address).origin === globalThis.location.origin) return { url: address, release: () => undefined };
    // A browser starts no worker from another origin, such as a CDN, but from a copy of its script.
    const url = URL.createObjectURL(new Blob([await fetchFile(address)], { type: 'text/javascript' }));
    return { url, release: () => URL.revokeObjectURL(url) };
  },
};

/** What the service worker is told of a build: its id, its files with their digests, and the headers that they carry. */
import { createHash } from 'node:crypto';
import { SECURITY_HEADERS, isImmutable } from './headers.mjs';

/** @typedef {Map<string, Uint8Array>} Files */

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.wasm': 'application/wasm',
  '.safetensors': 'application/octet-stream',
};

/** For developers' tools alone. */
const SOURCE_MAP = /\.map$/;

/** @param {string} name */
function extension(name) {
  return name.slice(name.lastIndexOf('.'));
}

/** @param {Uint8Array | string} content */
export function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Names a build by all that is in it.
 * @param {Files} files
 * @param {string} script of the service worker
 */
export function buildId(files, script) {
  const list = [...files].map(([name, content]) => [name, sha256(content)]).sort();
  return sha256(JSON.stringify([list, SECURITY_HEADERS, script])).slice(0, 16);
}

/**
 * The service worker of a build.
 * @param {string} id
 * @param {Files} files
 * @param {string} script
 * @param {(name: string) => boolean} isNeeded whether the page cannot do without the file
 */
export function serviceWorker(id, files, script, isNeeded) {
  const listed = [...files].filter(([name]) => !SOURCE_MAP.test(name));
  const entries = listed.map(([name, content]) => {
    const type = TYPES[extension(name)];
    if (!type) throw new Error(`${name} is of a type that tools/service-worker-build.mjs does not know`);
    return [name, { sha256: sha256(content), type, cache: isImmutable(name) ? 'default' : 'no-cache', isNeeded: isNeeded(name) }];
  });
  const build = { id, headers: SECURITY_HEADERS, files: Object.fromEntries(entries) };
  return `self.tilelensBuild=${JSON.stringify(build)};\n${script}`;
}

/** Where the bytes of a model come from: the cache, the site, or a file of the user's. */

import { fetchVerified, hasDigest } from './download.js';
import { CodedError } from './failures.js';

/** @typedef {import('../messages.js').LoadModelPayload} LoadModelPayload */
/** @typedef {import('../messages.js').RemoteFile} RemoteFile */
/** @typedef {(loadedBytes: number, totalBytes: number, fromCache: boolean) => void} ModelProgress */

/**
 * @typedef {object} ModelBytes
 * @property {ArrayBuffer} bytes
 * @property {boolean} fromCache
 * @property {Promise<void>} stored settles when the cache is up to date; never rejects
 */

const CACHE_NAME = 'tilelens-models';

/** @param {string} sha256 */
function cacheKey(sha256) {
  return new URL(`cached-model/${sha256}`, globalThis.location.href).href;
}

/**
 * There is none outside a secure context, in some private windows, and where the user forbids storage:
 * then every visit fetches the model.
 */
async function openCache() {
  try {
    return await caches.open(CACHE_NAME);
  } catch {
    return null;
  }
}

/**
 * The bytes from the cache; an entry whose bytes are wrong is thrown out.
 * @param {Cache} cache
 * @param {RemoteFile} model
 */
async function readCached(cache, model) {
  try {
    const response = await cache.match(cacheKey(model.sha256));
    if (!response) return null;
    const bytes = await response.arrayBuffer();
    if (await hasDigest(bytes, model.sha256)) return bytes;
    await cache.delete(cacheKey(model.sha256));
  } catch {
    // A cache that cannot be read is as good as none.
  }
  return null;
}

/**
 * Keeps the model, and drops those that the site no longer offers.
 * @param {Cache} cache
 * @param {RemoteFile} model
 * @param {ArrayBuffer} bytes
 * @param {string[]} keptSha256
 */
async function store(cache, model, bytes, keptSha256) {
  try {
    const kept = new Set([model.sha256, ...keptSha256].map(cacheKey));
    for (const request of await cache.keys()) {
      if (!kept.has(request.url)) await cache.delete(request);
    }
    await cache.put(cacheKey(model.sha256), new Response(bytes));
  } catch {
    // The disk is full or the quota used up: the model is in memory, and that is enough for this visit.
  }
}

/**
 * @param {Blob} file
 * @param {ModelProgress} onProgress
 * @returns {Promise<ModelBytes>}
 */
async function readFile(file, onProgress) {
  const bytes = await file.arrayBuffer().catch(() => {
    throw new CodedError('model.unreadable', 'The model file cannot be read: it was moved or changed. Choose it again.');
  });
  onProgress(bytes.byteLength, bytes.byteLength, false);
  return { bytes, fromCache: false, stored: Promise.resolve() };
}

/**
 * @param {LoadModelPayload} payload
 * @param {ModelProgress} onProgress
 * @returns {Promise<ModelBytes>}
 */
export async function modelBytes({ model, file, keptSha256 = [] }, onProgress) {
  if (file) return readFile(file, onProgress);
  if (!model) throw new CodedError('model.none', 'There is no model to load.');

  const cache = await openCache();
  const cached = cache && (await readCached(cache, model));
  if (cached) {
    onProgress(model.bytes, model.bytes, true);
    return { bytes: cached, fromCache: true, stored: Promise.resolve() };
  }
  const bytes = await fetchVerified(model, (loadedBytes) => onProgress(loadedBytes, model.bytes, false));
  return { bytes, fromCache: false, stored: cache ? store(cache, model, bytes, keptSha256) : Promise.resolve() };
}

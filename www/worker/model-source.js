/** Where the bytes of a model come from: the site, whose service worker keeps them, or a file of the user's. */

import { fetchVerified } from './download.js';
import { CodedError } from './failures.js';

/** @typedef {import('../messages.js').LoadModelPayload} LoadModelPayload */
/** @typedef {(loadedBytes: number, totalBytes: number) => void} ModelProgress */

/**
 * @param {Blob} file
 * @param {ModelProgress} onProgress
 */
async function readFile(file, onProgress) {
  const bytes = await file.arrayBuffer().catch(() => {
    throw new CodedError('model.unreadable', 'The model file cannot be read: it was moved or changed. Choose it again.');
  });
  onProgress(bytes.byteLength, bytes.byteLength);
  return bytes;
}

/**
 * @param {LoadModelPayload} payload
 * @param {ModelProgress} onProgress
 * @returns {Promise<ArrayBuffer>}
 */
export async function modelBytes({ model, file }, onProgress) {
  if (file) return readFile(file, onProgress);
  if (!model) throw new CodedError('model.none', 'There is no model to load.');
  return fetchVerified(model, (loadedBytes) => onProgress(loadedBytes, model.bytes));
}

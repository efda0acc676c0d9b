/** A model file under other labels, and in the forms that other programs read. */

import { relabelModel, toF32Model, toOnnxModel } from '../../pkg/tilelens.js';

/** @param {Blob} model */
async function bytesOf(model) {
  return new Uint8Array(await model.arrayBuffer());
}

/** @param {Uint8Array} bytes */
function blobOf(bytes) {
  return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: 'application/octet-stream' });
}

/** @param {Blob} model */
export async function toOnnx(model) {
  return blobOf(toOnnxModel(await bytesOf(model)));
}

/** With every weight as f32, which is what other frameworks expect. @param {Blob} model */
export async function toF32(model) {
  return blobOf(toF32Model(await bytesOf(model)));
}

/**
 * @param {Blob} model
 * @param {string[]} labels in the order of the logits
 */
export async function relabelled(model, labels) {
  return blobOf(relabelModel(await bytesOf(model), labels));
}

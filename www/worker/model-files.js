/** A model file under other labels, and in the forms that other programs read. */

/** @typedef {import('./bindings.js').Bindings} Bindings */

/** @param {Blob} model */
async function bytesOf(model) {
  return new Uint8Array(await model.arrayBuffer());
}

/** @param {Uint8Array} bytes */
function blobOf(bytes) {
  return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: 'application/octet-stream' });
}

/**
 * @param {Bindings} wasm
 * @param {Blob} model
 */
export async function toOnnx(wasm, model) {
  return blobOf(wasm.toOnnxModel(await bytesOf(model)));
}

/**
 * With every weight as f32, which is what other frameworks expect.
 * @param {Bindings} wasm
 * @param {Blob} model
 */
export async function toF32(wasm, model) {
  return blobOf(wasm.toF32Model(await bytesOf(model)));
}

/**
 * @param {Bindings} wasm
 * @param {Blob} model
 * @param {string[]} labels in the order of the logits
 */
export async function relabelled(wasm, model, labels) {
  return blobOf(wasm.relabelModel(await bytesOf(model), labels));
}

/** A model file under other labels, and in the forms that other programs read. */

import { bytesOf, isHeadAlone } from './models.js';

/** @typedef {import('../protocol.js').ModelForm} ModelForm */
/** @typedef {import('./bindings.js').Bindings} Bindings */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./training-module.js').TrainingBindings} TrainingBindings */

/** @param {Uint8Array} bytes */
export function blobOf(bytes) {
  return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: 'application/octet-stream' });
}

/**
 * @param {() => Promise<TrainingBindings>} training
 * @param {Uint8Array} whole a model, backbone and head
 * @param {ModelForm} form
 */
export async function converted(training, whole, form) {
  switch (form) {
    case 'modelFile':
      return blobOf(whole);
    case 'safetensors':
      return blobOf((await training()).toF32Model(whole));
    case 'onnx':
      return blobOf((await training()).toOnnxModel(whole));
  }
}

/**
 * The model with its backbone: a head alone is joined with the one that is loaded.
 * @param {OpenModel} open
 * @param {Blob} model
 */
export async function wholeOf({ engine }, model) {
  const bytes = await bytesOf(model);
  return isHeadAlone(bytes) ? engine.joinHead(bytes) : bytes;
}

/**
 * @param {Bindings} wasm
 * @param {Blob} model
 * @param {string[]} labels in the order of the logits
 */
export async function relabelled(wasm, model, labels) {
  return blobOf(wasm.relabelModel(await bytesOf(model), labels));
}

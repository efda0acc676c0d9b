/** The backends that tfjs is measured on. */

import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';

/** @typedef {'wasm' | 'cpu' | 'webgl' | 'webgpu'} Backend */

// Threads would be workers from blobs, which the page's policy forbids; without the policy they make batches of 16 slower.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths('./');

/** @param {Backend} backend */
export async function useBackend(backend) {
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
}

/** onnxruntime-web as a network of the inference bench, whichever of its builds. */

import { fetchBytes } from './engine-worker.js';

/** @typedef {typeof import('onnxruntime-web')} Ort */
/** @typedef {{ provider: 'wasm' | 'webgpu', threads: number }} OnnxruntimeOptions */

const SIDE = 224;

/** @param {Ort} ort */
export function loaderOf(ort) {
  return async (/** @type {OnnxruntimeOptions} */ { provider, threads }) => {
    // Its warnings, such as of operators that stay on the CPU, are meant for who wrote the model.
    ort.env.logLevel = 'error';
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = new URL('onnxruntime/', globalThis.location.href).href;
    const session = await ort.InferenceSession.create(await fetchBytes('network.onnx'), { executionProviders: [provider] });
    return {
      prepare: (/** @type {Float32Array} */ images) => images,
      async run(/** @type {Float32Array} */ images, /** @type {number} */ batch) {
        const input = new ort.Tensor('float32', images, [batch, 3, SIDE, SIDE]);
        const { probabilities } = await session.run({ [session.inputNames[0]]: input }, ['probabilities']);
        return /** @type {Float32Array} */ (probabilities.data);
      },
    };
  };
}

/** The larger engine, which also knows WebGPU: give it to `Classifier.open({ webgpu })`. */

/** What the build knows of the file. @type {{ bytes: number, sha256: string }} */
const FACTS = /** @type {any} */ (globalThis).__TILELENS_WEBGPU__;

/** @type {import('./classifier.js').WebGpuEngine} */
export const webgpu = {
  worker: new URL('./assets/worker-webgpu.js', import.meta.url).href,
  engine: { url: new URL('./assets/engine-webgpu.wasm', import.meta.url).href, ...FACTS },
};

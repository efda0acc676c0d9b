/** The files beside this script: the engine, what trains heads, the reader of rasters, their worker, the models. Bundlers find them by these addresses. */

/** @typedef {import('../../www/engine/index.js').RemoteFile} RemoteFile */
/** @typedef {'overhead' | 'overhead-scenes' | 'sentinel-2'} ShippedModel */
/** @typedef {'engine.wasm' | 'training.wasm' | 'raster.wasm' | `${ShippedModel}.safetensors`} VerifiedFile */

/** What the build knows of the files. @type {Record<VerifiedFile, { bytes: number, sha256: string }>} */
const FACTS = /** @type {any} */ (globalThis).__TILELENS_FILES__;

/** @type {Record<VerifiedFile | 'worker.js', () => URL>} */
const ADDRESSES = {
  'worker.js': () => new URL('./assets/worker.js', import.meta.url),
  'engine.wasm': () => new URL('./assets/engine.wasm', import.meta.url),
  'training.wasm': () => new URL('./assets/training.wasm', import.meta.url),
  'raster.wasm': () => new URL('./assets/raster.wasm', import.meta.url),
  'overhead.safetensors': () => new URL('./assets/overhead.safetensors', import.meta.url),
  'overhead-scenes.safetensors': () => new URL('./assets/overhead-scenes.safetensors', import.meta.url),
  'sentinel-2.safetensors': () => new URL('./assets/sentinel-2.safetensors', import.meta.url),
};

/**
 * @param {keyof typeof ADDRESSES} name
 * @param {URL} [folder] where the files were copied to, for a bundler that leaves them out; it ends in `/`
 */
export function address(name, folder) {
  return folder === undefined ? ADDRESSES[name]().href : new URL(name, folder).href;
}

/**
 * @param {VerifiedFile} name
 * @param {URL} [folder]
 * @returns {RemoteFile}
 */
export function remoteFile(name, folder) {
  return { url: address(name, folder), ...FACTS[name] };
}

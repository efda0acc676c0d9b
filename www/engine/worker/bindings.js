/**
 * The engine comes in two builds: a small one that computes on the CPU, and a large one that knows WebGPU besides, and holds
 * what trains heads, too. A visitor fetches the one that the device can use.
 */

import { imported } from './download.js';

/** @typedef {typeof import('../../../pkg/cpu/tilelens.js')} Bindings */
/** @typedef {import('../protocol.js').DeviceKind} DeviceKind */

/**
 * Starts an instance of a build.
 * @param {DeviceKind} build
 * @param {WebAssembly.Module} module
 * @returns {Promise<Bindings>}
 */
export async function startBindings(build, module) {
  /** @type {Promise<unknown>} */
  const importing = build === 'webgpu' ? import('../../../pkg/webgpu/tilelens.js') : import('../../../pkg/cpu/tilelens.js');
  const bindings = /** @type {Bindings} */ (await imported(importing));
  await bindings.default({ module_or_path: module });
  return bindings;
}

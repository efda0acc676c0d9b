/**
 * The engine comes in two builds with one surface: a small one that computes on the CPU, and a large one that knows
 * WebGPU besides. A visitor fetches the one that the device can use.
 */

/** @typedef {typeof import('../../pkg/cpu/tilelens.js')} Bindings */
/** @typedef {import('../messages.js').DeviceKind} DeviceKind */

/**
 * Starts an instance of a build.
 * @param {DeviceKind} build
 * @param {WebAssembly.Module} module
 * @returns {Promise<Bindings>}
 */
export async function startBindings(build, module) {
  const bindings =
    build === 'webgpu'
      ? /** @type {Bindings} */ (/** @type {unknown} */ (await import('../../pkg/webgpu/tilelens.js')))
      : await import('../../pkg/cpu/tilelens.js');
  await bindings.default({ module_or_path: module });
  return bindings;
}

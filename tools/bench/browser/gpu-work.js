/** Counts what an engine asks of the GPU: computations, their hand-overs to the GPU, and answers that are waited for. */

/** @typedef {{ dispatches: number, submits: number, readbacks: number }} GpuWork */

/** @type {GpuWork} */
const work = { dispatches: 0, submits: 0, readbacks: 0 };

/**
 * @param {string} type of WebGPU
 * @param {string} method
 * @param {keyof GpuWork} counted
 */
function count(type, method, counted) {
  /** @type {Record<string, Function> | undefined} */
  const prototype = /** @type {any} */ (globalThis)[type]?.prototype;
  if (!prototype) return;
  const original = prototype[method];
  prototype[method] = function counting(/** @type {unknown[]} */ ...args) {
    work[counted] += 1;
    return original.apply(this, args);
  };
}

count('GPUComputePassEncoder', 'dispatchWorkgroups', 'dispatches');
count('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', 'dispatches');
count('GPUQueue', 'submit', 'submits');
count('GPUBuffer', 'mapAsync', 'readbacks');

/** What was asked for since the last time. @returns {GpuWork} */
export function takeGpuWork() {
  const taken = { ...work };
  Object.assign(work, { dispatches: 0, submits: 0, readbacks: 0 });
  return taken;
}

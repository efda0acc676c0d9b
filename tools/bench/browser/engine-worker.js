/**
 * What every engine's worker of the inference bench understands: `load`, then `run` as often as is wanted. The messages
 * have the form of `www/engine/protocol.js`, so that the page's own connection speaks to all of them.
 */

import { toFailure } from '../../../www/engine/failures.js';
import { takeGpuWork } from './gpu-work.js';

/**
 * @template [Input=any]
 * @typedef {object} Network
 * @property {(images: Float32Array, batch: number) => Input} prepare lays out `[batch, 3, 224, 224]` as the engine is fed; not timed
 * @property {(input: Input, batch: number) => Promise<Float32Array>} run from an array in JavaScript's memory to probabilities there
 */
/** @typedef {{ images: Float32Array, batch: number, repetitions: number }} RunPayload */
/** @typedef {import('./gpu-work.js').GpuWork} GpuWork */
/** @typedef {{ probabilities: Float32Array, elapsedMs: number[], gpuWork: GpuWork }} RunAnswer `gpuWork` is that of the last run. */

/**
 * @param {(options: any) => Promise<Network>} load
 * @param {Record<string, (payload: any) => Promise<unknown>>} [others] what this worker answers besides
 */
export function serveNetwork(load, others = {}) {
  /** @type {Network | null} */
  let network = null;

  /** @param {RunPayload} payload @returns {Promise<RunAnswer>} */
  async function run({ images, batch, repetitions }) {
    if (!network) throw new Error('the network is not loaded');
    const input = network.prepare(images, batch);
    /** @type {Float32Array} */
    let probabilities = new Float32Array();
    /** @type {number[]} */
    const elapsedMs = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      takeGpuWork();
      const startMs = performance.now();
      probabilities = await network.run(input, batch);
      elapsedMs.push(performance.now() - startMs);
    }
    return { probabilities, elapsedMs, gpuWork: takeGpuWork() };
  }

  /** @type {Record<string, (payload: any) => Promise<unknown>>} */
  const answers = {
    async load(options) {
      network = await load(options);
    },
    run,
    ...others,
  };
  globalThis.addEventListener('message', async ({ data: { id, kind, payload } }) => {
    try {
      postMessage({ id, ok: true, value: await answers[kind](payload), elsewhere: 0 });
    } catch (thrown) {
      postMessage({ id, ok: false, error: toFailure(thrown), fatal: false });
    }
  });
}

/** @param {string} url */
export async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${url}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Which device computes, and why: the sentences here are what the page shows. */

import { startBindings } from './bindings.js';
import { CodedError, isTrap, toFailure } from './failures.js';

/** @typedef {import('../../pkg/cpu/tilelens.js').Engine} Engine */
/** @typedef {import('../messages.js').DeviceChoice} DeviceChoice */
/** @typedef {import('../messages.js').DeviceKind} DeviceKind */
/** @typedef {import('../messages.js').DevicePreference} DevicePreference */
/** @typedef {import('./bindings.js').Bindings} Bindings */
/** @typedef {(build: DeviceKind) => Promise<WebAssembly.Module>} Fetch Fetches and compiles a build of the engine. */
/** @typedef {{ maxAbsDifference: number, agrees: boolean, cpuMs: number, deviceMs: number }} Verification */
/**
 * @typedef {object} OpenDevice
 * @property {Bindings} wasm
 * @property {WebAssembly.Module} module
 * @property {Engine} engine
 * @property {DeviceChoice} choice
 */
/** @typedef {{ vendor?: string, architecture?: string, description?: string, isFallbackAdapter?: boolean }} AdapterInfo */

/** As many tiles as a full chunk has: a GPU that loses on one tile may win on eight. */
const MEASURED_TILES = 8;

/** Adapters that compute on the processor, only more slowly than the engine's own code for it. */
const SOFTWARE_ADAPTER = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

/** Nobody is made to fetch it who may not need it, so that it may be missing where there is no network. */
const NOT_FETCHED = 'WebGPU needs a larger engine, which could not be fetched.';

/** Where the page was built with the CPU's engine alone. */
const NOT_BUILT = 'device.not_built';

export function notBuilt() {
  return new CodedError(NOT_BUILT, 'This page was built without WebGPU: choose the CPU.');
}

/** @param {unknown} thrown */
function isOfNetwork(thrown) {
  return toFailure(thrown).code.startsWith('network.');
}

/**
 * What the browser says about its adapter; null where it has none to offer.
 * @returns {Promise<{ name: string, isSoftware: boolean } | null>}
 */
async function lookAtAdapter() {
  const gpu = /** @type {{ requestAdapter(): Promise<{ info?: AdapterInfo, isFallbackAdapter?: boolean } | null> } | undefined} */ (
    /** @type {any} */ (navigator).gpu
  );
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const info = adapter.info ?? {};
  const words = [info.vendor, info.architecture, info.description].filter(Boolean).join(' ');
  return {
    name: info.description || words || 'unnamed adapter',
    isSoftware: Boolean(info.isFallbackAdapter ?? adapter.isFallbackAdapter) || SOFTWARE_ADAPTER.test(words),
  };
}

/**
 * @param {DeviceKind} device
 * @param {Fetch} fetch
 * @param {{ reason: string, adapter?: string }} why
 * @returns {Promise<OpenDevice>}
 */
async function openKind(device, fetch, { reason, adapter = '' }) {
  const module = await fetch(device);
  const wasm = await startBindings(device, module);
  return { wasm, module, engine: await wasm.Engine.create(device), choice: { device, reason, adapter } };
}

/**
 * @param {DevicePreference} preference
 * @param {Fetch} fetch
 * @returns {Promise<OpenDevice>}
 */
export async function openDevice(preference, fetch) {
  if (preference === 'cpu') return openKind('cpu', fetch, { reason: 'Running on the CPU, as you chose.' });
  const adapter = await lookAtAdapter();
  if (preference === 'auto') return openBest(adapter, fetch);
  if (!adapter) {
    throw new CodedError(
      'device.unavailable',
      'WebGPU was asked for, but this browser offers no WebGPU adapter: choose the CPU, or a browser with WebGPU.',
    );
  }
  const why = { reason: `Running on WebGPU (${adapter.name}), as you chose.`, adapter: adapter.name };
  return openKind('webgpu', fetch, why).catch((thrown) => {
    if (!isOfNetwork(thrown)) throw thrown;
    throw new CodedError('device.not_fetched', `${NOT_FETCHED} ${toFailure(thrown).message} Or choose the CPU.`);
  });
}

/**
 * @param {Awaited<ReturnType<typeof lookAtAdapter>>} adapter
 * @param {Fetch} fetch
 */
async function openBest(adapter, fetch) {
  const onCpu = (/** @type {string} */ why) => openKind('cpu', fetch, { reason: `Running on the CPU: ${why}` });
  if (!adapter) return onCpu('this browser offers no WebGPU adapter.');
  if (adapter.isSoftware) return onCpu(`there is only a software WebGPU adapter (${adapter.name}).`);
  try {
    return await openKind('webgpu', fetch, { reason: `Running on WebGPU (${adapter.name}).`, adapter: adapter.name });
  } catch (thrown) {
    if (isTrap(thrown)) throw thrown;
    if (toFailure(thrown).code === NOT_BUILT) return onCpu('this page was built without WebGPU.');
    if (isOfNetwork(thrown)) return onCpu(`${NOT_FETCHED} (${toFailure(thrown).message})`);
    return onCpu(`WebGPU did not start (${toFailure(thrown).message}).`);
  }
}

/**
 * Compares a GPU's answers with the CPU's, now that there is a model. In auto mode a GPU that is wrong,
 * fails or is slower gives way to the CPU, with the model loaded there.
 * @param {OpenDevice} open
 * @param {DevicePreference} preference
 * @param {Uint8Array} model
 * @param {Fetch} fetch
 * @returns {Promise<OpenDevice>}
 */
export async function verifyDevice(open, preference, model, fetch) {
  if (open.choice.device === 'cpu') return open;
  const objection = preference === 'auto' ? await objectionToGpu(open) : await forcedGpu(open);
  if (objection === null) return open;
  const cpu = await openKind('cpu', fetch, { reason: `Running on the CPU: ${objection}` });
  cpu.engine.loadModel(model);
  open.engine.free();
  return cpu;
}

/**
 * @param {OpenDevice} open
 * @returns {Promise<string | null>} why not to use it
 */
async function objectionToGpu({ engine, choice }) {
  /** @type {Verification} */
  let measured;
  try {
    measured = await engine.verify(MEASURED_TILES);
  } catch (thrown) {
    if (isTrap(thrown)) throw thrown;
    return `WebGPU (${choice.adapter}) failed on a test tile (${toFailure(thrown).message}).`;
  }
  const { agrees, maxAbsDifference, cpuMs, deviceMs } = measured;
  const times = `${MEASURED_TILES} tiles take ${deviceMs.toFixed(0)} ms on WebGPU (${choice.adapter}), ${cpuMs.toFixed(0)} ms on the CPU.`;
  if (!agrees) return `WebGPU (${choice.adapter}) gave wrong answers, off by up to ${maxAbsDifference.toPrecision(2)}.`;
  if (deviceMs > cpuMs) return times;
  choice.reason = `Running on WebGPU: ${times} The answers agree to ${maxAbsDifference.toExponential(0)}.`;
  return null;
}

/**
 * One tile is enough here: the time decides nothing, and a software GPU takes seconds a tile.
 * @param {OpenDevice} open
 */
async function forcedGpu({ engine, choice }) {
  const { agrees, maxAbsDifference } = /** @type {Verification} */ (await engine.verify(1));
  if (!agrees) {
    throw new CodedError(
      'device.wrong_answers',
      `WebGPU (${choice.adapter}) gives wrong answers, off by up to ${maxAbsDifference.toPrecision(2)}: choose the CPU.`,
    );
  }
  choice.reason = `Running on WebGPU (${choice.adapter}), as you chose. The answers agree with the CPU's to ${maxAbsDifference.toExponential(0)}.`;
  return null;
}

/** Which device computes, and why. */

import { startBindings } from './bindings.js';
import { EngineError, isTrap, toFailure } from '../failures.js';

/** @typedef {import('../../../pkg/cpu/tilelens.js').Engine} Engine */
/** @typedef {import('../protocol.js').DeviceChoice} DeviceChoice */
/** @typedef {import('../protocol.js').DeviceKind} DeviceKind */
/** @typedef {import('../protocol.js').DeviceReason} DeviceReason */
/** @typedef {import('../protocol.js').DevicePreference} DevicePreference */
/** @typedef {import('./bindings.js').Bindings} Bindings */
/** @typedef {(build: DeviceKind) => Promise<WebAssembly.Module>} Fetch Fetches and compiles a build of the engine. */
/** @typedef {import('../../../pkg/cpu/tilelens.js').Verification} Verification */
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
 * @param {DeviceReason} why
 * @param {string} [adapter]
 * @returns {Promise<OpenDevice>}
 */
async function openKind(device, fetch, why, adapter = '') {
  const module = await fetch(device);
  const wasm = await startBindings(device, module);
  return { wasm, module, engine: await wasm.Engine.create(device), choice: { device, why, adapter } };
}

/**
 * @param {DevicePreference} preference
 * @param {Fetch} fetch
 * @returns {Promise<OpenDevice>}
 */
export async function openDevice(preference, fetch) {
  if (preference === 'cpu') return openKind('cpu', fetch, { code: 'chosen' });
  const adapter = await lookAtAdapter();
  if (preference === 'auto') return openBest(adapter, fetch);
  if (!adapter) throw new EngineError('device.unavailable');
  return openKind('webgpu', fetch, { code: 'chosen' }, adapter.name).catch((thrown) => {
    if (!isOfNetwork(thrown)) throw thrown;
    throw new EngineError('device.not_fetched', { data: { cause: toFailure(thrown) } });
  });
}

/**
 * @param {Awaited<ReturnType<typeof lookAtAdapter>>} adapter
 * @param {Fetch} fetch
 */
async function openBest(adapter, fetch) {
  const onCpu = (/** @type {DeviceReason} */ why) => openKind('cpu', fetch, why, adapter?.name);
  if (!adapter) return onCpu({ code: 'noAdapter' });
  if (adapter.isSoftware) return onCpu({ code: 'softwareAdapter' });
  try {
    return await openKind('webgpu', fetch, { code: 'chosen' }, adapter.name);
  } catch (thrown) {
    if (isTrap(thrown)) throw thrown;
    if (toFailure(thrown).code === 'device.not_built') return onCpu({ code: 'notBuilt' });
    return onCpu({ code: isOfNetwork(thrown) ? 'notFetched' : 'notStarted', cause: toFailure(thrown) });
  }
}

/**
 * Compares a GPU's answers with the CPU's, now that there is a model. In auto mode a GPU that is wrong, fails or is
 * slower gives way to the CPU, with the model loaded there.
 * @param {OpenDevice} open
 * @param {DevicePreference} preference
 * @param {(engine: Engine) => Promise<void>} load puts the same model on another engine
 * @param {Fetch} fetch
 * @returns {Promise<OpenDevice>}
 */
export async function verifyDevice(open, preference, load, fetch) {
  if (open.choice.device === 'cpu') return open;
  const objection = preference === 'auto' ? await objectionToGpu(open) : await forcedGpu(open);
  if (objection === null) return open;
  const cpu = await openKind('cpu', fetch, objection, open.choice.adapter);
  await load(cpu.engine);
  open.engine.free();
  return cpu;
}

/**
 * @param {OpenDevice} open
 * @returns {Promise<DeviceReason | null>} why not to use it
 */
async function objectionToGpu({ engine, choice }) {
  /** @type {Verification} */
  let measured;
  try {
    measured = await engine.verify(MEASURED_TILES);
  } catch (thrown) {
    if (isTrap(thrown)) throw thrown;
    return { code: 'failedOnTest', cause: toFailure(thrown) };
  }
  const { agrees, maxDifference, cpuMs, deviceMs } = measured;
  if (!agrees) return { code: 'wrongAnswers', maxDifference };
  /** @type {DeviceReason} */
  const why = { code: 'measured', tiles: MEASURED_TILES, cpuMs, deviceMs, maxDifference };
  if (deviceMs > cpuMs) return why;
  choice.why = why;
  return null;
}

/**
 * One tile is enough here: the time decides nothing, and a software GPU takes seconds a tile.
 * @param {OpenDevice} open
 */
async function forcedGpu({ engine, choice }) {
  const { agrees, maxDifference } = await engine.verify(1);
  if (!agrees) throw new EngineError('device.wrong_answers', { data: { adapter: choice.adapter, maxDifference } });
  choice.why = { code: 'agrees', maxDifference };
  return null;
}

/** What the tests of the page's state put in place of the browser and of the engine's worker. */

import { EngineError } from '../../www/engine/index.js';

/** @typedef {import('../../www/engine/index.js').LoadedModel} LoadedModel */
/** @typedef {import('../../www/engine/index.js').Session} Session */
/** @typedef {import('../../www/tiles/tile-list.js').Tile} Tile */

// The page listens for being left, and tabs talk to each other: here there is nobody to tell.
Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 4 } });
Object.assign(globalThis, {
  addEventListener: () => undefined,
  BroadcastChannel: class extends EventTarget {
    postMessage() {}
  },
});

/** @param {Partial<LoadedModel['info']>} [info] @param {number} [model] @returns {LoadedModel} */
export function loadedModel(info = {}, model = 1) {
  const about = { kind: 'model', name: 'A model', purpose: '', groundResolutionM: null, data: '', labels: ['forest', 'water'], backbone: 'backbone-a', backboneName: 'A backbone', headId: 'head', preparations: [], description: '', licence: '' };
  return /** @type {LoadedModel} */ ({ device: 'cpu', why: { code: 'noAdapter' }, adapter: '', model, info: { ...about, ...info } });
}

/** A session that answers as the test says. */
export class FakeSession extends EventTarget {
  refill = async () => {};
  /** What it was asked. @type {{ kind: string, payload: any }[]} */
  asked = [];
  /** Answers by kind of request. @type {Record<string, (payload: any, onEvent: (event: any) => void) => any>} */
  answers = {};
  status = { state: 'ready', progress: { loadedBytes: 0, totalBytes: 0 }, loaded: /** @type {LoadedModel | null} */ (loadedModel()), error: /** @type {EngineError | null} */ (null) };

  /** @param {string} kind @param {any} payload @param {{ onEvent?: (event: any) => void, transfer?: Transferable[] }} [options] */
  async ask(kind, payload, { onEvent = () => undefined, transfer = [] } = {}) {
    // As between threads: what is moved is gone here.
    const received = structuredClone(payload, { transfer });
    this.asked.push({ kind, payload: received });
    const answer = this.answers[kind];
    if (!answer) throw new EngineError('engine.not_started');
    return answer(received, onEvent);
  }

  /** @param {Partial<FakeSession['status']>} change */
  set(change) {
    this.status = { ...this.status, ...change };
    this.dispatchEvent(new Event('status'));
  }

  /** @returns {Session} */
  get asSession() {
    return /** @type {Session} */ (/** @type {unknown} */ (this));
  }
}

/** @param {string} name */
export function newTile(name) {
  return { name, path: name, source: { kind: /** @type {const} */ ('file'), file: new Blob([name]) } };
}

/** @param {number} count */
export function newTiles(count) {
  return Array.from({ length: count }, (_, index) => newTile(`${index}.png`));
}

export const FACTS = { widthPx: 64, heightPx: 64, format: 'PNG', noDataShare: 0, notes: [] };

/** What the worker tells of a tile that it decoded. @param {string} tileId @param {{ probabilities?: number[], model?: number, backbone?: string, look?: string }} [answer] */
export function decodedEvent(tileId, { probabilities = [0.25, 0.75], model = 1, backbone = 'backbone-a', look = '' } = {}) {
  const decoded = { facts: FACTS, features: { backbone, look, views: 1 }, thumbnail: new Blob(['thumbnail']) };
  return { event: 'tile', tileId, result: { probabilities: Float32Array.from(probabilities), inferenceMs: 1, decodeMs: 1, model, decoded } };
}

/** Lets everything that was begun go on until it waits for the test. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise that the test settles. @template Value */
export function deferred() {
  /** @type {(value: Value) => void} */
  let resolve = () => {};
  /** @type {(reason: unknown) => void} */
  let reject = () => {};
  const promise = new Promise((/** @type {(value: Value) => void} */ yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

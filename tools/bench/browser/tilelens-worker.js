/** Tilelens's engine in one worker: the network alone, and what stands before it. */

import { startBindings } from '../../../www/engine/worker/bindings.js';
import { fetchBytes, serveNetwork } from './engine-worker.js';

/** @typedef {import('../../../www/app/assets.js').Assets} Assets */
/** @typedef {import('../../../www/engine/index.js').DeviceKind} DeviceKind */
/** @typedef {import('../../../www/engine/worker/bindings.js').Bindings} Bindings */
/** @typedef {import('../../../pkg/cpu/tilelens.js').Engine} Engine */
/** @typedef {{ images: Float32Array[], decodeMs: number[], imagesMs: number[] }} ReadTiles */

/** What was loaded. @type {{ wasm: Bindings, engine: Engine }} */
let loaded;

/** @param {{ device: DeviceKind }} options */
async function load({ device }) {
  /** @type {Assets} */
  const { engines, models } = await (await fetch('assets.json')).json();
  const file = engines[device];
  if (!file) throw new Error(`this page was built without the ${device} engine: run ./build.sh build`);
  const module = await WebAssembly.compileStreaming(fetch(file.url));
  const wasm = await startBindings(device, module);
  const engine = await wasm.Engine.create(device);
  const { backbone, heads } = models;
  engine.loadModel(await fetchBytes(backbone.url));
  engine.useHead(engine.addHead(await fetchBytes(heads[0].url)).id);
  loaded = { wasm, engine };
  return {
    prepare: (/** @type {Float32Array} */ images) => images,
    async run(/** @type {Float32Array} */ images) {
      const answers = await engine.classifyImages(images);
      const probabilities = answers.takeProbabilities();
      answers.free();
      return probabilities;
    },
  };
}

/**
 * Decodes files, and resizes and normalises what they hold: what every engine is then fed.
 * @param {{ files: ArrayBuffer[] }} payload
 * @returns {Promise<ReadTiles>}
 */
async function read({ files }) {
  /** @type {ReadTiles} */
  const tiles = { images: [], decodeMs: [], imagesMs: [] };
  for (const file of files) {
    const bytes = new Uint8Array(file);
    const startMs = performance.now();
    const tile = loaded.wasm.decodeTile(bytes);
    const decodedMs = performance.now();
    tiles.images.push(loaded.engine.images([tile]));
    tiles.imagesMs.push(performance.now() - decodedMs);
    tiles.decodeMs.push(decodedMs - startMs);
  }
  return tiles;
}

/**
 * Milliseconds of each layer for one image on the CPU, run by run.
 * @param {{ image: Float32Array, repetitions: number }} payload
 * @returns {Promise<[name: string, elapsedMs: number[]][]>}
 */
async function layers({ image, repetitions }) {
  /** @type {Map<string, number[]>} */
  const times = new Map();
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const layerTimes = loaded.engine.layerTimes(image);
    for (const { stage, what, ms } of layerTimes) {
      const name = `features.${stage}, ${what}`;
      times.set(name, [...(times.get(name) ?? []), ms]);
    }
  }
  return [...times];
}

serveNetwork(load, { read, layers });

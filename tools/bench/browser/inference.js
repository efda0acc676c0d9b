/**
 * The inference bench's page: starts the engines' workers and hands them images. A program outside drives it through
 * `inference`.
 */

import * as Plot from '@observablehq/plot';
import { Connection } from '../../../www/engine/index.js';

/** @typedef {import('./engine-worker.js').RunAnswer} RunAnswer */
/** @typedef {import('./tilelens-worker.js').ReadTiles} ReadTiles */
/** @typedef {typeof inference} Inference */
/** @typedef {{ script: string, options: object }} EngineScript a worker's script, and what it is loaded with */
/** @typedef {{ engine: string, batch: number, ms: number }} Bar milliseconds a tile */

const BAR_HEIGHT_PX = 22;
const AXIS_HEIGHT_PX = 90;

/** @type {Map<string, Connection>} */
const engines = new Map();
/** What every engine is fed: one after the other, the images of the tiles. */
let images = new Float32Array();
let valuesOfTile = 0;

/**
 * @param {Connection} connection
 * @param {string} kind
 * @param {object} payload
 */
function request(connection, kind, payload) {
  // The page's own messages are others, in the same form.
  return /** @type {any} */ (connection).request(kind, payload);
}

/** @param {string} name */
function opened(name) {
  const connection = engines.get(name);
  if (!connection) throw new Error(`${name} is not open`);
  return connection;
}

/**
 * @param {string} name
 * @param {EngineScript} engine
 */
async function open(name, { script, options }) {
  const connection = new Connection(script);
  engines.set(name, connection);
  await request(connection, 'load', options);
}

/** @param {string} name */
function close(name) {
  engines.get(name)?.close();
  engines.delete(name);
}

/**
 * Reads the tiles that are served as tiles/0, tiles/1 and so on, and keeps the images of the first ones.
 * @param {string} name of an engine of ours
 * @param {number} count
 * @param {number} kept
 */
async function read(name, count, kept) {
  const files = await Promise.all(Array.from({ length: count }, async (_, tile) => (await fetch(`tiles/${tile}`)).arrayBuffer()));
  /** @type {ReadTiles} */
  const tiles = await request(opened(name), 'read', { files });
  valuesOfTile = tiles.images[0].length;
  images = new Float32Array(kept * valuesOfTile);
  for (const [tile, values] of tiles.images.slice(0, kept).entries()) images.set(values, tile * valuesOfTile);
  return { decodeMs: tiles.decodeMs, imagesMs: tiles.imagesMs };
}

/**
 * @param {string} name
 * @param {number} batch
 * @param {number} repetitions
 */
async function run(name, batch, repetitions) {
  const payload = { images: images.slice(0, batch * valuesOfTile), batch, repetitions };
  /** @type {RunAnswer} */
  const { probabilities, elapsedMs, gpuWork } = await request(opened(name), 'run', payload);
  return { probabilities: [...probabilities], elapsedMs, gpuWork };
}

/**
 * Milliseconds of each layer for the first image, run by run.
 * @param {string} name of an engine of ours on the CPU
 * @param {number} repetitions
 * @returns {Promise<[name: string, elapsedMs: number[]][]>}
 */
function layers(name, repetitions) {
  return request(opened(name), 'layers', { image: images.slice(0, valuesOfTile), repetitions });
}

/**
 * Milliseconds from nothing to an engine's first answer: its code and its weights, its session, one tile.
 * @param {EngineScript} engine
 */
async function firstAnswer(engine) {
  const name = 'first answer';
  const startMs = performance.now();
  await open(name, engine);
  await run(name, 1, 1);
  const elapsedMs = performance.now() - startMs;
  close(name);
  return elapsedMs;
}

/**
 * Bars in groups, one group a batch size, as the text of an SVG file.
 * @param {string} caption
 * @param {Bar[]} bars
 */
function chart(caption, bars) {
  const places = { x: 'ms', y: 'engine', fy: 'batch' };
  const svg = Plot.plot({
    width: 760,
    height: AXIS_HEIGHT_PX + bars.length * BAR_HEIGHT_PX,
    marginLeft: 200,
    marginRight: 70,
    style: { background: 'white', color: 'black' },
    // The inset is for the figure beside the longest bar.
    x: { label: `${caption}: ms a tile`, grid: true, insetRight: 50 },
    y: { label: null, domain: [...new Set(bars.map(({ engine }) => engine))] },
    fy: { label: null, tickFormat: (/** @type {number} */ batch) => (batch === 1 ? 'one tile' : `${batch} at once`) },
    marks: [
      Plot.barX(bars, { ...places, fill: 'engine' }),
      Plot.text(bars, { ...places, text: ({ ms }) => ms.toFixed(1), dx: 4, textAnchor: 'start' }),
    ],
  });
  // A file of its own names its language.
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return svg.outerHTML;
}

const inference = { open, close, read, run, layers, firstAnswer, chart };
Object.assign(globalThis, { inference });
document.documentElement.dataset.engine = 'ready';

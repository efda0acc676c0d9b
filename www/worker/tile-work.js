/** From files to probabilities: reading, decoding, thumbnails, inference. A bad file fails alone. */

import { joined } from '../tiles/features.js';
import { CodedError, isFatal, isTrap, toFailure } from './failures.js';

/** @typedef {import('../../pkg/cpu/tilelens.js').Engine} Engine */
/** @typedef {import('../../pkg/cpu/tilelens.js').Tile} Tile */
/** @typedef {import('./bindings.js').Bindings} Bindings */
/** @typedef {import('./device-choice.js').OpenDevice} OpenDevice */
/** @typedef {import('../messages.js').TileEvent} TileEvent */
/** @typedef {import('../messages.js').TileRequest} TileRequest */
/** @typedef {(event: TileEvent) => void} TileListener */
/** @typedef {{ onTile: TileListener, later: (report: Promise<void>) => void }} Reporting `later` is told of reports that are still to come. */
/** @typedef {import('../messages.js').TileFacts} TileFacts */
/** @typedef {{ tileId: string, tile: Tile, facts: TileFacts, decodeMs: number, thumbnail: Promise<Blob | null> }} DecodedTile */

const LARGEST_FILE_BYTES = 200 * 2 ** 20;

/** 50 million pixels are 150 MB when decoded. */
const MOST_PIXELS_TOGETHER = 50e6;

/** Sharp at the width of a card on an ordinary screen. */
const THUMBNAIL_PX = 192;

/** JPEG and not WebP: encoding takes a quarter of the time, and a thumbnail is opaque. */
const THUMBNAIL_TYPE = { type: 'image/jpeg', quality: 0.85 };

const canvas = new OffscreenCanvas(THUMBNAIL_PX, THUMBNAIL_PX);
const drawing = canvas.getContext('2d', { alpha: false });

/** @param {Tile} tile */
async function thumbnailOf(tile) {
  if (!drawing) return null;
  const pixels = new Uint8ClampedArray(tile.thumbnail(THUMBNAIL_PX));
  drawing.putImageData(new ImageData(pixels, THUMBNAIL_PX, THUMBNAIL_PX), 0, 0);
  return canvas.convertToBlob(THUMBNAIL_TYPE).catch(() => null);
}

/** @param {Blob} file */
async function readBytes(file) {
  if (file.size > LARGEST_FILE_BYTES) {
    const megabytes = Math.round(file.size / 2 ** 20);
    throw new CodedError(
      'image.too_large',
      `This file has ${megabytes} MB, more than the 200 MB that a tile may have: cut it into tiles first.`,
    );
  }
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new CodedError('image.unreadable', 'This file cannot be read any more: it was moved, changed or locked. Add it again.');
  }
}

/**
 * @param {Bindings} wasm
 * @param {TileRequest} request
 * @param {Uint8Array} bytes
 * @returns {DecodedTile}
 */
function decode(wasm, { tileId, needsThumbnail }, bytes) {
  const startMs = performance.now();
  const tile = wasm.decodeTile(bytes);
  const decodeMs = performance.now() - startMs;
  const { widthPx, heightPx, format, notes } = tile;
  const thumbnail = needsThumbnail ? thumbnailOf(tile) : Promise.resolve(null);
  return { tileId, tile, facts: { widthPx, heightPx, format, notes }, decodeMs, thumbnail };
}

/**
 * Tiles as they are decoded. The next file is read while the one before is at work, and no more than
 * one: eight files of 200 MB would not fit. A tile that fails is reported and left out.
 * @param {Bindings} wasm
 * @param {TileRequest[]} requests
 * @param {TileListener} onTile
 */
async function* decodedTiles(wasm, requests, onTile) {
  const read = (/** @type {number} */ index) =>
    index < requests.length
      ? readBytes(requests[index].file).then(
          (bytes) => ({ bytes }),
          (thrown) => ({ thrown }),
        )
      : null;
  let reading = read(0);
  for (const [index, request] of requests.entries()) {
    const outcome = await reading;
    reading = read(index + 1);
    try {
      if (!outcome || 'thrown' in outcome) throw outcome?.thrown;
      yield decode(wasm, request, outcome.bytes);
    } catch (thrown) {
      if (isTrap(thrown)) throw thrown;
      onTile({ event: 'tile', tileId: request.tileId, error: toFailure(thrown) });
    }
  }
}

/**
 * Classifies decoded tiles together and reports each when its thumbnail is there, which nobody waits for here: the
 * browser makes it while the next tiles are at work. The engine takes the tiles and frees them.
 * @param {Engine} engine
 * @param {DecodedTile[]} decoded
 * @param {Reporting} reporting
 */
async function classifyTogether(engine, decoded, { onTile, later }) {
  if (decoded.length === 0) return;
  const startMs = performance.now();
  /** @type {import('../../pkg/cpu/tilelens.js').Answers} */
  let answers;
  try {
    answers = await engine.classify(decoded.map(({ tile }) => tile));
  } catch (thrown) {
    // A device that is lost stays lost: the tiles are for the next worker.
    if (isFatal(thrown)) throw thrown;
    for (const { tileId } of decoded) onTile({ event: 'tile', tileId, error: toFailure(thrown) });
    return;
  }
  const inferenceMs = (performance.now() - startMs) / decoded.length;
  const [probabilities, features] = [answers.probabilities, answers.features].map((values) => rows(values, decoded.length));
  answers.free();
  for (const [row, { tileId, facts, decodeMs, thumbnail }] of decoded.entries()) {
    const report = (/** @type {Blob | null} */ picture) => {
      const decoded = { facts, features: features[row], thumbnail: picture };
      onTile({ event: 'tile', tileId, result: { probabilities: probabilities[row], inferenceMs, decodeMs, decoded } });
    };
    later(thumbnail.then(report));
  }
}

/**
 * Cuts values into rows, each a copy that can be sent away alone.
 * @param {Float32Array} values
 * @param {number} count
 */
function rows(values, count) {
  const width = values.length / count;
  return Array.from({ length: count }, (_, row) => values.slice(row * width, (row + 1) * width));
}

/**
 * Tiles whose features are known need the head alone.
 * @param {Engine} engine
 * @param {(TileRequest & { features: Float32Array })[]} requests
 * @param {TileListener} onTile
 */
async function classifyKnown(engine, requests, onTile) {
  if (requests.length === 0) return;
  const startMs = performance.now();
  const probabilities = await engine.classifyFeatures(joined(requests.map(({ features }) => features)));
  const inferenceMs = (performance.now() - startMs) / requests.length;
  for (const [row, values] of rows(probabilities, requests.length).entries()) {
    const result = { probabilities: values, inferenceMs, decodeMs: 0, decoded: null };
    onTile({ event: 'tile', tileId: requests[row].tileId, result });
  }
}

/**
 * On the CPU tile by tile, so that answers stream; on a GPU together, which is what it is fast at, as far as their
 * pixels are few enough to be held at once.
 * @param {OpenDevice} open
 * @param {TileRequest[]} requests
 * @param {Reporting} reporting
 */
export async function classifyTiles({ wasm, engine }, requests, reporting) {
  const { onTile } = reporting;
  const isKnown = (/** @type {TileRequest} */ request) => request.features !== null;
  await classifyKnown(engine, /** @type {(TileRequest & { features: Float32Array })[]} */ (requests.filter(isKnown)), onTile);
  const mostPixels = engine.device === 'cpu' ? 0 : MOST_PIXELS_TOGETHER;
  /** @type {DecodedTile[]} */
  let batch = [];
  let pixels = 0;
  for await (const decoded of decodedTiles(wasm, requests.filter((request) => !isKnown(request)), onTile)) {
    batch.push(decoded);
    pixels += decoded.facts.widthPx * decoded.facts.heightPx;
    if (pixels < mostPixels) continue;
    await classifyTogether(engine, batch, reporting);
    batch = [];
    pixels = 0;
  }
  await classifyTogether(engine, batch, reporting);
}

/**
 * The features of a tile's eight flips and turns.
 * @param {OpenDevice} open
 * @param {{ tileId: string, file: Blob }} request
 * @returns {Promise<import('../messages.js').FeaturesEvent>}
 */
export async function computeViews({ wasm, engine }, { tileId, file }) {
  try {
    return { event: 'features', tileId, values: await engine.viewFeatures(wasm.decodeTile(await readBytes(file))) };
  } catch (thrown) {
    if (isFatal(thrown)) throw thrown;
    return { event: 'features', tileId, error: toFailure(thrown) };
  }
}

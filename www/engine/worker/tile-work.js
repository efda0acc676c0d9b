/** From files to probabilities: reading, decoding, thumbnails, inference. A bad file fails alone. */

import { EngineError, isFatal, isTrap, toFailure } from '../failures.js';
import { MAX_TILE_BYTES } from '../limits.js';
import { lookOf } from '../look.js';
import { VIEWS } from '../numbers.js';
import { HEAD_BYTES } from './slices.js';

/** @typedef {import('../../../pkg/cpu/tilelens.js').Tile} Tile */
/** @typedef {import('../protocol.js').TileEvent} TileEvent */
/** @typedef {import('../protocol.js').FeatureRow} FeatureRow */
/** @typedef {import('../protocol.js').FeaturesEvent} FeaturesEvent */
/** @typedef {import('../protocol.js').Heatmap} Heatmap */
/** @typedef {import('../protocol.js').TileFacts} TileFacts */
/** @typedef {import('../protocol.js').TileRequest} TileRequest */
/** @typedef {import('../protocol.js').TileSource} TileSource */
/** @typedef {import('../protocol.js').WindowSource} WindowSource */
/** @typedef {import('./bindings.js').Bindings} Bindings */
/** @typedef {import('./feature-store.js').FeatureStore} FeatureStore */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./raster-reader.js').RasterReader} RasterReader */
/** @typedef {(event: TileEvent) => void} TileListener */
/**
 * @typedef {object} Reporting
 * @property {TileListener} onTile
 * @property {(row: FeatureRow) => void} onFeatures told before the tile's event is
 * @property {(report: Promise<void>) => void} later told of reports that are still to come
 */
/** @typedef {{ tileId: string, look: string, tile: Tile, facts: TileFacts, decodeMs: number, thumbnail: Promise<Blob | null> }} DecodedTile */
/** What decodes: the engine, and the reader of what the engine does not read. @typedef {{ wasm: Bindings, reader: RasterReader }} Decoders */

/** 50 million pixels are 150 MB when decoded. */
const MOST_PIXELS_TOGETHER = 50e6;

/** Files that are read before their turn are no larger, or those at hand would not fit. */
const MOST_BYTES_AHEAD = 4 << 20;

/** Sharp at the width of a card on an ordinary screen. A smaller tile's thumbnail is as large as the tile. */
const MOST_THUMBNAIL_PX = 192;

/** The longer side of a heatmap's picture. What it shows is smooth: a browser may enlarge it further. */
const HEATMAP_PX = 224;

/**
 * JPEG and not WebP: encoding takes a tenth of the time, and a thumbnail is opaque. What makes selections of blurred and empty
 * tiles reads it, and finds other tiles at a lower quality.
 */
const THUMBNAIL_TYPE = { type: 'image/jpeg', quality: 0.92 };

/** A small file in a format that a browser shows as the engine reads it is a thumbnail as it is. */
const SMALL_BYTES = 48 << 10;

const canvas = new OffscreenCanvas(MOST_THUMBNAIL_PX, MOST_THUMBNAIL_PX);
const drawing = canvas.getContext('2d', { alpha: false });

/**
 * @param {Tile} tile
 * @param {Uint8Array | null} bytes of its file
 * @param {TileFacts} facts
 */
async function thumbnailOf(tile, bytes, facts) {
  if (!drawing) return null;
  const asItIs = smallFile(bytes, facts);
  if (asItIs) return asItIs;
  const pixels = new Uint8ClampedArray(tile.thumbnail(MOST_THUMBNAIL_PX));
  const sidePx = Math.sqrt(pixels.length / 4);
  // To set a side clears the canvas, which takes time.
  if (canvas.width !== sidePx) Object.assign(canvas, { width: sidePx, height: sidePx });
  drawing.putImageData(new ImageData(pixels, sidePx, sidePx), 0, 0);
  return canvas.convertToBlob(THUMBNAIL_TYPE).catch(() => null);
}

/**
 * A file that is its own thumbnail: small, square, and nothing was done to it that a browser would not do.
 * @param {Uint8Array | null} bytes
 * @param {TileFacts} facts
 */
function smallFile(bytes, { widthPx, heightPx, format, notes }) {
  if (!bytes || bytes.length > SMALL_BYTES || widthPx !== heightPx || widthPx > MOST_THUMBNAIL_PX) return null;
  return format === 'JPEG' && notes.length === 0 ? new Blob([/** @type {BlobPart} */ (bytes)], THUMBNAIL_TYPE) : null;
}

/** The bytes of a file; a cell of a scene is read in parts, as it is decoded. @param {TileSource} source */
async function readBytes({ kind, file }) {
  if (kind === 'window') return null;
  if (file.size > MAX_TILE_BYTES) throw new EngineError('image.too_many_bytes', { data: { bytes: file.size, mostBytes: MAX_TILE_BYTES } });
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new EngineError('image.unreadable');
  }
}

/** Files that are read before their turn. @type {WeakMap<TileSource, ReturnType<typeof readBytes>>} */
const ahead = new WeakMap();

/**
 * A worker that gets few tiles at once reads the next ones while it computes.
 * @param {RasterReader} reader
 * @param {TileSource[]} sources
 */
export function readAhead(reader, sources) {
  const cells = sources.filter((source) => source.kind === 'window');
  if (cells.length > 0) reader.readAhead(cells);
  for (const source of sources) {
    if (source.kind === 'window' || source.file.size > MOST_BYTES_AHEAD) continue;
    const reading = readBytes(source);
    // What goes wrong is told when it is the tile's turn.
    reading.catch(() => undefined);
    ahead.set(source, reading);
  }
}

/** @param {TileSource} source */
function bytesOf(source) {
  return ahead.get(source) ?? readBytes(source);
}

/**
 * @param {Decoders} decoders
 * @param {TileRequest} request
 * @param {Uint8Array | null} bytes
 * @returns {Promise<DecodedTile>}
 */
async function decode(decoders, { tileId, source, needsThumbnail }, bytes) {
  const startMs = performance.now();
  const { tile, facts } = await tileOf(decoders, source, bytes);
  const decodeMs = performance.now() - startMs;
  const thumbnail = needsThumbnail ? thumbnailOf(tile, bytes, facts) : Promise.resolve(null);
  return { tileId, look: lookOf(source), tile, facts, decodeMs, thumbnail };
}

/**
 * A file or a cell as a tile of the engine, by whoever reads it. A raster is looked at together with those that came with it before
 * one of them is decoded: until then it is refused by `raster.unseen`.
 * @param {Decoders} decoders
 * @param {TileSource} source
 * @param {Uint8Array | null} bytes
 * @returns {Promise<{ tile: Tile, facts: TileFacts }>}
 */
async function tileOf({ wasm, reader }, source, bytes) {
  if (source.kind === 'window' || !bytes) {
    const { rgb, facts } = await reader.window(/** @type {WindowSource} */ (source));
    return { tile: wasm.Tile.ofRgb(facts.widthPx, facts.heightPx, rgb), facts };
  }
  const { raster } = source;
  const who = wasm.readerOf(bytes.subarray(0, HEAD_BYTES));
  if (who === 'engine') {
    const tile = wasm.decodeTile(bytes);
    const { widthPx, heightPx, format, noDataShare, notes } = tile;
    return { tile, facts: { widthPx, heightPx, format, noDataShare, notes } };
  }
  if (who === 'raster' && raster === undefined) throw new EngineError('raster.unseen');
  const { rgb, facts } = await reader.decode(bytes, raster?.stretch ?? null);
  return { tile: wasm.Tile.ofRgb(facts.widthPx, facts.heightPx, rgb), facts };
}

/**
 * Tiles as they are decoded. The next file is read while the one before is at work, and no more than one: eight files of
 * 200 MB would not fit. A tile that fails is reported and left out.
 * @param {Decoders} decoders
 * @param {TileRequest[]} requests
 * @param {TileListener} onTile
 */
async function* decodedTiles(decoders, requests, onTile) {
  const read = (/** @type {number} */ index) =>
    index < requests.length
      ? bytesOf(requests[index].source).then(
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
      yield await decode(decoders, request, outcome.bytes);
    } catch (thrown) {
      if (isTrap(thrown)) throw thrown;
      onTile({ event: 'tile', tileId: request.tileId, error: toFailure(thrown) });
    }
  }
}

/**
 * Classifies decoded tiles together and reports each when its thumbnail is there, which nobody waits for here: the
 * browser makes it while the next tiles are at work. The engine takes the tiles and frees them.
 * @param {OpenModel} open
 * @param {DecodedTile[]} decoded
 * @param {Reporting} reporting
 */
async function classifyTogether(open, decoded, reporting) {
  if (decoded.length === 0) return;
  await answerTogether(open, decoded, 1, (tiles) => open.engine.classify(tiles), reporting);
}

/**
 * @param {OpenModel} open
 * @param {DecodedTile[]} decoded
 * @param {number} views rows of features that a tile gets
 * @param {(tiles: Tile[]) => Promise<import('../../../pkg/cpu/tilelens.js').Answers>} classify
 * @param {Reporting} reporting
 */
async function answerTogether({ backbone, model }, decoded, views, classify, { onTile, onFeatures, later }) {
  const startMs = performance.now();
  /** @type {import('../../../pkg/cpu/tilelens.js').Answers} */
  let answers;
  try {
    answers = await classify(decoded.map(({ tile }) => tile));
  } catch (thrown) {
    // A device that is lost stays lost: the tiles are for the next worker.
    if (isFatal(thrown)) throw thrown;
    for (const { tileId } of decoded) onTile({ event: 'tile', tileId, error: toFailure(thrown) });
    return;
  }
  const inferenceMs = (performance.now() - startMs) / decoded.length;
  const [probabilities, features] = [answers.takeProbabilities(), answers.takeFeatures()].map((values) => rows(values, decoded.length));
  answers.free();
  for (const [row, { tileId, look, facts, decodeMs, thumbnail }] of decoded.entries()) {
    onFeatures({ tileId, backbone, look, views, values: features[row] });
    const report = (/** @type {Blob | null} */ picture) => {
      const decoded = { facts, features: { backbone, look, views }, thumbnail: picture };
      onTile({ event: 'tile', tileId, result: { model, probabilities: probabilities[row], inferenceMs, decodeMs, decoded } });
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
 * Tiles whose features are known need the head alone; where none is in use, there is nothing to say.
 * @param {OpenModel} open
 * @param {string[]} tileIds
 * @param {number} views over which the answer is the mean
 * @param {FeatureStore} store
 * @param {TileListener} onTile
 */
export async function classifyKnown(open, tileIds, views, store, onTile) {
  if (tileIds.length === 0) return;
  const { engine, head, model } = open;
  const startMs = performance.now();
  const features = store.joined(open, tileIds, views);
  const probabilities = !head ? new Float32Array() : await (views === 1 ? engine.classifyFeatures(features) : engine.classifyViewFeatures(features));
  const inferenceMs = (performance.now() - startMs) / tileIds.length;
  for (const [row, values] of rows(probabilities, tileIds.length).entries()) {
    onTile({ event: 'tile', tileId: tileIds[row], result: { model, probabilities: values, inferenceMs, decodeMs: 0, decoded: null } });
  }
}

/**
 * On the CPU tile by tile, so that answers stream; on a GPU together, which is what it is fast at, as far as their
 * pixels are few enough to be held at once.
 * @param {OpenModel} open
 * @param {TileRequest[]} requests
 * @param {Reporting} reporting
 */
export async function classifyTiles(open, requests, reporting) {
  const mostPixels = open.engine.device === 'cpu' ? 0 : MOST_PIXELS_TOGETHER;
  /** @type {DecodedTile[]} */
  let batch = [];
  let pixels = 0;
  for await (const decoded of decodedTiles(open, requests, reporting.onTile)) {
    batch.push(decoded);
    pixels += decoded.facts.widthPx * decoded.facts.heightPx;
    if (pixels < mostPixels) continue;
    await classifyTogether(open, batch, reporting);
    batch = [];
    pixels = 0;
  }
  await classifyTogether(open, batch, reporting);
}

/**
 * Tile by tile, by the mean over the eight views of each.
 * @param {OpenModel} open
 * @param {TileRequest[]} requests
 * @param {Reporting} reporting
 */
export async function classifyViews(open, requests, reporting) {
  for await (const decoded of decodedTiles(open, requests, reporting.onTile)) {
    await answerTogether(open, [decoded], VIEWS, ([tile]) => open.engine.classifyViews(tile), reporting);
  }
}

/**
 * Pictures of tiles, of those that can be read.
 * @param {Decoders} decoders
 * @param {{ tileId: string, source: TileSource }[]} tiles
 */
export async function thumbnails(decoders, tiles) {
  /** @type {{ tileId: string, thumbnail: Blob }[]} */
  const made = [];
  for (const { tileId, source } of tiles) {
    try {
      const bytes = await readBytes(source);
      const { tile, facts } = await tileOf(decoders, source, bytes);
      const thumbnail = await thumbnailOf(tile, bytes, facts);
      tile.free();
      if (thumbnail) made.push({ tileId, thumbnail });
    } catch (thrown) {
      if (isTrap(thrown)) throw thrown;
    }
  }
  return made;
}

/**
 * The features of a tile's eight flips and turns.
 * @param {OpenModel} open
 * @param {{ tileId: string, source: TileSource }} request
 * @param {(row: FeatureRow) => void} onFeatures
 * @returns {Promise<FeaturesEvent>}
 */
export async function computeViews({ wasm, reader, engine, backbone }, { tileId, source }, onFeatures) {
  try {
    const look = lookOf(source);
    const { tile } = await tileOf({ wasm, reader }, source, await bytesOf(source));
    onFeatures({ tileId, backbone, look, views: VIEWS, values: await engine.viewFeatures(tile) });
    return { event: 'features', tileId, features: { backbone, look, views: VIEWS } };
  } catch (thrown) {
    if (isFatal(thrown)) throw thrown;
    return { event: 'features', tileId, error: toFailure(thrown) };
  }
}

/**
 * Where in a tile a class is seen.
 * @param {OpenModel} open
 * @param {{ source: TileSource, className: string | null }} request
 * @returns {Promise<Heatmap>}
 */
export async function heatmapOf({ wasm, reader, engine, head, info, model }, { source, className }) {
  if (!head) throw new EngineError('heatmap.no_head');
  const wanted = className === null ? undefined : info.labels.indexOf(className);
  if (wanted === -1) throw new EngineError('heatmap.no_class');
  const { tile, facts } = await tileOf({ wasm, reader }, source, await readBytes(source));
  const heatmap = await engine.heatmap(tile, wanted);
  const { classIndex, side, strongest } = heatmap;
  const [left, top, right, bottom] = heatmap.seen();
  const scale = HEATMAP_PX / Math.max(facts.widthPx, facts.heightPx);
  const [widthPx, heightPx] = [facts.widthPx, facts.heightPx].map((px) => Math.max(1, Math.round(px * scale)));
  const picture = { widthPx, heightPx, values: heatmap.overTile(widthPx, heightPx) };
  const found = { model, className: info.labels[classIndex], side, values: heatmap.values(), strongest, seen: { left, top, right, bottom }, picture };
  heatmap.free();
  return found;
}

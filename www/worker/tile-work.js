/** From files to probabilities: reading, decoding, thumbnails, inference. A bad file fails alone. */

import { decodeTile } from '../../pkg/tilelens.js';
import { CodedError, isFatal, isTrap, toFailure } from './failures.js';

/** @typedef {import('../../pkg/tilelens.js').Engine} Engine */
/** @typedef {import('../../pkg/tilelens.js').Tile} Tile */
/** @typedef {import('../messages.js').TileAnswer} TileAnswer */
/** @typedef {import('../messages.js').TileEvent} TileEvent */
/** @typedef {import('../messages.js').TileRequest} TileRequest */
/** @typedef {(event: TileEvent) => void} TileListener */
/** @typedef {Omit<TileAnswer, 'probabilities' | 'inferenceMs' | 'thumbnail'> & { thumbnail: Promise<Blob | null> }} Description */
/** @typedef {{ tileId: string, tile: Tile, description: Description }} DecodedTile */

const LARGEST_FILE_BYTES = 200 * 2 ** 20;

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
 * @param {TileRequest} request
 * @param {Uint8Array} bytes
 * @returns {DecodedTile}
 */
function decode({ tileId, needsThumbnail }, bytes) {
  const startMs = performance.now();
  const tile = decodeTile(bytes);
  const decodeMs = performance.now() - startMs;
  const { widthPx, heightPx, format, notes } = tile;
  const thumbnail = needsThumbnail ? thumbnailOf(tile) : Promise.resolve(null);
  return { tileId, tile, description: { widthPx, heightPx, format, notes, decodeMs, thumbnail } };
}

/**
 * Tiles as they are decoded. The next file is read while the one before is at work, and no more than
 * one: eight files of 200 MB would not fit. A tile that fails is reported and left out.
 * @param {TileRequest[]} requests
 * @param {TileListener} onTile
 */
async function* decodedTiles(requests, onTile) {
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
      yield decode(request, outcome.bytes);
    } catch (thrown) {
      if (isTrap(thrown)) throw thrown;
      onTile({ event: 'tile', tileId: request.tileId, error: toFailure(thrown) });
    }
  }
}

/**
 * Classifies decoded tiles together and reports each. The engine takes the tiles and frees them.
 * @param {Engine} engine
 * @param {DecodedTile[]} decoded
 * @param {TileListener} onTile
 */
async function classifyTogether(engine, decoded, onTile) {
  if (decoded.length === 0) return;
  const startMs = performance.now();
  /** @type {Float32Array} */
  let probabilities;
  try {
    probabilities = await engine.classify(decoded.map(({ tile }) => tile));
  } catch (thrown) {
    // A device that is lost stays lost: the tiles are for the next worker.
    if (isFatal(thrown)) throw thrown;
    for (const { tileId } of decoded) onTile({ event: 'tile', tileId, error: toFailure(thrown) });
    return;
  }
  const inferenceMs = (performance.now() - startMs) / decoded.length;
  const classCount = probabilities.length / decoded.length;
  for (const [row, { tileId, description }] of decoded.entries()) {
    const result = {
      ...description,
      thumbnail: await description.thumbnail,
      probabilities: probabilities.slice(row * classCount, (row + 1) * classCount),
      inferenceMs,
    };
    onTile({ event: 'tile', tileId, result });
  }
}

/**
 * On the CPU tile by tile, so that answers stream; on a GPU all at once, which is what it is fast at.
 * @param {Engine} engine
 * @param {TileRequest[]} requests
 * @param {TileListener} onTile
 */
export async function classifyFiles(engine, requests, onTile) {
  /** @type {DecodedTile[]} */
  const batch = [];
  for await (const decoded of decodedTiles(requests, onTile)) {
    if (engine.device === 'cpu') await classifyTogether(engine, [decoded], onTile);
    else batch.push(decoded);
  }
  await classifyTogether(engine, batch, onTile);
}

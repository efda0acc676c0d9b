/** What a tile can be given as, and how it becomes a file that the engine reads. */

import { MAX_TILE_PIXELS } from '../../www/engine/index.js';
import { TilelensError } from './errors.js';
import { pngFile } from './png.js';

/**
 * A tile: a file (`File`, `Blob`, its bytes, or the address of one as `URL` or text), or pixels (`ImageData`,
 * `ImageBitmap`, a canvas, an image or video element, a video frame). In Node.js files alone; text that is no address
 * is a path there.
 * @typedef {Blob | ArrayBuffer | Uint8Array | URL | string | PixelSource} TileSource
 */
/** @typedef {ImageData | ImageBitmap | HTMLCanvasElement | OffscreenCanvas | HTMLImageElement | HTMLVideoElement | VideoFrame} PixelSource */

/**
 * @param {TileSource} source
 * @returns {Promise<Blob>}
 */
export async function fileOf(source) {
  if (source instanceof Blob) return source;
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) return new Blob([/** @type {BlobPart} */ (source)]);
  if (typeof source === 'string' || source instanceof URL) return fetchFile(source);
  return pngFile(pixelsOf(source));
}

/**
 * @param {URL | string} address
 * @returns {Promise<Blob>}
 */
export async function fetchFile(address) {
  const response = await fetch(address).catch((cause) => {
    throw new TilelensError('network.unreachable', `${address} cannot be reached: check the address, the connection, and whether its server allows other sites to read it (CORS).`, cause);
  });
  if (!response.ok) throw new TilelensError('network.refused', `The server answered ${response.status} for ${address}.`);
  if (/^text\/html\b/.test(response.headers.get('content-type') ?? '')) throw new TilelensError('network.refused', `${address} is a web page and no picture: check the address.`);
  return response.blob();
}

/** @param {PixelSource} source */
function pixelsOf(source) {
  if (typeof ImageData === 'function' && source instanceof ImageData) return source;
  const { width, height } = sizeOf(source);
  // Everything with pixels has a size.
  if (typeof width !== 'number' || typeof height !== 'number') throw new TilelensError('source.unknown', 'This is no tile: give a file, its bytes, its address, or pixels.');
  if (typeof OffscreenCanvas !== 'function') throw new TilelensError('source.no_canvas', 'Pixels can be read in a browser alone: give a file, its bytes, a path or a URL.');
  if (!(width > 0 && height > 0)) {
    throw new TilelensError('source.empty', 'This source has no pixels: wait until the image is loaded, or give a File, Blob, URL, ImageBitmap, canvas or video frame.');
  }
  if (width * height > MAX_TILE_PIXELS) {
    throw new TilelensError('source.too_large', `This source has ${width} × ${height} pixels, more than ${MAX_TILE_PIXELS / 1e6} million: cut it into tiles first.`);
  }
  const drawing = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!drawing) throw new TilelensError('source.no_canvas', 'This browser gave no canvas to read the pixels with: give a file instead.');
  try {
    drawing.drawImage(/** @type {Exclude<PixelSource, ImageData>} */ (source), 0, 0, width, height);
    return drawing.getImageData(0, 0, width, height);
  } catch (cause) {
    throw new TilelensError('source.tainted', 'The pixels may not be read: the image comes from another site. Load it with crossorigin="anonymous", or give its URL.', cause);
  }
}

/** @param {PixelSource} source @returns {{ width: number, height: number }} in pixels */
function sizeOf(source) {
  const { videoWidth, videoHeight, naturalWidth, naturalHeight, displayWidth, displayHeight, width, height } = /** @type {any} */ (source ?? {});
  return { width: videoWidth ?? naturalWidth ?? displayWidth ?? width, height: videoHeight ?? naturalHeight ?? displayHeight ?? height };
}

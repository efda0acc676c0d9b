/** Pixels as a file that the engine reads without loss: a BMP of version 4, whose rows need no change. */

/** @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels Rows of red, green, blue and opacity from the top, 8 bits each. */

const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 108;
/** Where red, green, blue and opacity stand in a little-endian pixel of `ImageData`. */
const MASKS = [0x000000ff, 0x0000ff00, 0x00ff0000, 0xff000000];
const BITFIELDS = 3;
const SRGB = 0x73524742;

/** @param {Pixels} pixels */
export function bitmapFile({ width, height, data }) {
  const offset = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
  const header = new DataView(new ArrayBuffer(offset));
  header.setUint16(0, 0x424d);
  header.setUint32(2, offset + data.length, true);
  header.setUint32(10, offset, true);
  header.setUint32(14, INFO_HEADER_BYTES, true);
  header.setInt32(18, width, true);
  // A negative height: the first row is the topmost.
  header.setInt32(22, -height, true);
  header.setUint16(26, 1, true);
  header.setUint16(28, 32, true);
  header.setUint32(30, BITFIELDS, true);
  header.setUint32(34, data.length, true);
  for (const [index, mask] of MASKS.entries()) header.setUint32(54 + 4 * index, mask, true);
  header.setUint32(70, SRGB, true);
  return new Blob([header.buffer, /** @type {Uint8ClampedArray<ArrayBuffer>} */ (data)]);
}

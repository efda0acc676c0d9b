/** Pixels as a file that the engine reads without loss: a PNG whose rows are neither filtered nor compressed. */

/** @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels Rows of red, green, blue and opacity from the top, 8 bits each. */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHANNELS = 4;
const RED_GREEN_BLUE_ALPHA = 6;
/** Of a zlib stream: deflate, a window of 32 kB, no preset dictionary. */
const ZLIB_HEADER = [0x78, 0x01];
/** Of a block of deflate that is stored as it is. */
const BLOCK_HEADER_BYTES = 5;
const MOST_IN_A_BLOCK = 0xffff;
const ADLER_MODULUS = 65521;
/** So many bytes can be summed before the sums of Adler-32 are beyond 32 bits. */
const ADLER_RUN = 5552;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param {Pixels} pixels */
export function pngFile({ width, height, data }) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, RED_GREEN_BLUE_ALPHA], 8);
  const chunks = [chunk('IHDR', header), chunk('IDAT', stored(rows(width, height, data))), chunk('IEND', new Uint8Array())];
  return new Blob([Uint8Array.from(SIGNATURE), ...chunks], { type: 'image/png' });
}

/** Rows that begin with their filter, which is none. @param {number} width @param {number} height @param {Uint8ClampedArray} data */
function rows(width, height, data) {
  const bytes = width * CHANNELS;
  const filtered = new Uint8Array(height * (bytes + 1));
  for (let row = 0; row < height; row += 1) filtered.set(data.subarray(row * bytes, (row + 1) * bytes), row * (bytes + 1) + 1);
  return filtered;
}

/** A zlib stream (RFC 1950) of stored blocks. @param {Uint8Array} data */
function stored(data) {
  const blocks = Math.max(1, Math.ceil(data.length / MOST_IN_A_BLOCK));
  const stream = new Uint8Array(ZLIB_HEADER.length + blocks * BLOCK_HEADER_BYTES + data.length + 4);
  const view = new DataView(stream.buffer);
  stream.set(ZLIB_HEADER);
  let at = ZLIB_HEADER.length;
  for (let block = 0; block < blocks; block += 1) {
    const part = data.subarray(block * MOST_IN_A_BLOCK, (block + 1) * MOST_IN_A_BLOCK);
    view.setUint8(at, block === blocks - 1 ? 1 : 0);
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, ~part.length & 0xffff, true);
    stream.set(part, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + part.length;
  }
  view.setUint32(at, adler32(data));
  return stream;
}

/** @param {string} type @param {Uint8Array} data */
function chunk(type, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** @param {Uint8Array} data */
function crc32(data) {
  let crc = ~0;
  for (const byte of data) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param {Uint8Array} data */
function adler32(data) {
  let [a, b] = [1, 0];
  for (let start = 0; start < data.length; start += ADLER_RUN) {
    for (const byte of data.subarray(start, start + ADLER_RUN)) {
      a += byte;
      b += a;
    }
    a %= ADLER_MODULUS;
    b %= ADLER_MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}

/** Pixels as a file that the engine reads without loss. */

/** @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels Rows of red, green, blue and opacity from the top, 8 bits each. */

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const BYTES_A_PIXEL = 4;
const EIGHT_BITS = 8;
const WITH_OPACITY = 6;
/** Of the checksum, for each byte (PNG specification, annex D). */
const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param {Pixels} pixels */
export async function pngFile({ width, height, data }) {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, EIGHT_BITS);
  header.setUint8(9, WITH_OPACITY);
  const rowBytes = width * BYTES_A_PIXEL;
  // Each row begins with the number of its filter: 0, none.
  const rows = new Uint8Array(height * (rowBytes + 1));
  for (let row = 0; row < height; row += 1) rows.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  // Beside the page's own work, whatever the size.
  const compressed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate')));
  return new Blob([SIGNATURE, chunk('IHDR', new Uint8Array(header.buffer)), chunk('IDAT', new Uint8Array(await compressed.arrayBuffer())), chunk('IEND', new Uint8Array())]);
}

/**
 * @param {string} type
 * @param {Uint8Array} content
 */
function chunk(type, content) {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, checksum(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

/** @param {Uint8Array} bytes */
function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CHECKSUMS[(value ^ byte) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

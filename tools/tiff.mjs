/** Writes a TIFF for whoever needs one to show or to test: little-endian, not compressed, all pixels in one strip. */

/** What the file calls a type of numbers, their bytes, and how a buffer writes one. */
const TYPES = /** @type {const} */ ({ ascii: [2, 1, 'writeUInt8'], short: [3, 2, 'writeUInt16LE'], long: [4, 4, 'writeUInt32LE'], double: [12, 8, 'writeDoubleLE'] });

/** @typedef {[number, keyof typeof TYPES, number[]]} Tag Its number, the type of its values, and these. */

/**
 * @param {object} raster
 * @param {number} raster.width
 * @param {number} raster.height
 * @param {number[]} raster.bits of each band; the first three are red, green and blue
 * @param {Buffer} raster.pixels row by row, the bands of a pixel side by side
 * @param {Tag[]} raster.more tags above 284, in their order
 */
export function tiff({ width, height, bits, pixels, more }) {
  const directory = Buffer.alloc(14 + 12 * (10 + more.length));
  /** @type {Tag[]} */
  const tags = [
    [256, 'long', [width]], [257, 'long', [height]], [258, 'short', bits], [259, 'short', [1]], [262, 'short', [2]], [273, 'long', [directory.length]],
    [277, 'short', [bits.length]], [278, 'long', [height]], [279, 'long', [pixels.length]], [284, 'short', [1]], ...more,
  ];
  const parts = [directory, pixels];
  directory.write('II*\0\x08\0\0\0', 'latin1');
  directory.writeUInt16LE(tags.length, 8);
  for (const [index, [number, type, values]] of tags.entries()) {
    const [code, bytes, write] = TYPES[type];
    const content = Buffer.alloc(bytes * values.length);
    for (const [place, value] of values.entries()) content[write](value, bytes * place);
    const entry = 10 + 12 * index;
    directory.writeUInt16LE(number, entry);
    directory.writeUInt16LE(code, entry + 2);
    directory.writeUInt32LE(values.length, entry + 4);
    // What has no room in the directory stands behind the pixels.
    if (content.length > 4) {
      directory.writeUInt32LE(parts.reduce((sum, { length }) => sum + length, 0), entry + 8);
      parts.push(content);
    } else {
      content.copy(directory, entry + 8);
    }
  }
  return Buffer.concat(parts);
}

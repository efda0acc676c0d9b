/**
 * Any bytes of a file, at once, as readers of rasters ask for them. A part that is fetched before it is asked for is not
 * waited for then: the browser reads it beside the worker, which computes meanwhile.
 */

import { release } from './release.js';

/** What tells one kind of file from another stands in these. */
export const HEAD_BYTES = 32;

/** Files of no more bytes are read at once; of larger ones parts, as they are asked for. */
const READ_WHOLE_BYTES = 16 << 20;

/** So many bytes are fetched ahead at most: two cells of 512 pixels of twelve bands of 16 bits, in each worker. */
const MOST_BYTES_AHEAD = 12 << 20;

/**
 * @typedef {object} Slices
 * @property {(offset: number, length: number) => Uint8Array} read whose bytes are good until the next call
 * @property {(parts: Part[]) => Promise<unknown>} fetch parts that will be read
 * @property {(parts: Part[]) => void} forget parts that were fetched, and will not be read any more
 */
/** @typedef {{ offset: number, length: number }} Part */

/**
 * @param {Blob} file
 * @returns {Promise<Slices | null>} null where it cannot be read
 */
export async function slices(file) {
  if (file.size > READ_WHOLE_BYTES) return new LargeFile(file);
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes && {
    read: (offset, length) => new Uint8Array(bytes, offset, Math.max(0, Math.min(length, bytes.byteLength - offset))),
    fetch: async () => undefined,
    forget: () => undefined,
  };
}

/** @implements {Slices} */
class LargeFile {
  #file;
  /** Known to workers alone. @type {{ readAsArrayBuffer(part: Blob): ArrayBuffer }} */
  #reader = new (/** @type {any} */ (globalThis).FileReaderSync)();
  /** By offset. @type {Map<number, { length: number, arriving: Promise<void>, bytes: ArrayBuffer | null }>} */
  #ahead = new Map();
  #bytesAhead = 0;
  /** @type {ArrayBuffer | null} */
  #lastRead = null;

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  read = (/** @type {number} */ offset, /** @type {number} */ length) => {
    release(this.#lastRead);
    this.#lastRead = this.#take(offset, length) ?? this.#reader.readAsArrayBuffer(this.#part(offset, length));
    return new Uint8Array(this.#lastRead, 0, Math.min(length, this.#lastRead.byteLength));
  };

  /** @param {Part[]} parts */
  fetch(parts) {
    for (const { offset, length } of parts) {
      if (this.#ahead.has(offset) || this.#bytesAhead + length > MOST_BYTES_AHEAD) continue;
      const arrived = (/** @type {ArrayBuffer | null} */ bytes) => void (part.bytes = bytes);
      // A part that does not come is read when it is asked for, which says what is wrong.
      const arriving = this.#part(offset, length).arrayBuffer().then(arrived, () => arrived(null));
      const part = { length, arriving, bytes: /** @type {ArrayBuffer | null} */ (null) };
      this.#ahead.set(offset, part);
      this.#bytesAhead += length;
    }
    return Promise.all(parts.map(({ offset }) => this.#ahead.get(offset)?.arriving));
  }

  /** @param {Part[]} parts */
  forget(parts) {
    for (const { offset } of parts) {
      this.#bytesAhead -= this.#ahead.get(offset)?.length ?? 0;
      this.#ahead.delete(offset);
    }
  }

  /**
   * Bytes that were fetched ahead; whoever reads a part keeps what it makes of it.
   * @param {number} offset
   * @param {number} length
   */
  #take(offset, length) {
    const bytes = this.#ahead.get(offset)?.bytes;
    if (!bytes || bytes.byteLength < length) return null;
    this.forget([{ offset, length }]);
    return bytes;
  }

  /**
   * @param {number} offset
   * @param {number} length
   */
  #part(offset, length) {
    return this.#file.slice(offset, offset + length);
  }
}

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

/** Parts that are no further apart are one reading, which costs a browser as much as 256 kB of what is read. */
const MOST_GAP_BYTES = 64 << 10;

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

/** Parts that are read together. @typedef {{ offset: number, bytes: ArrayBuffer | null, arriving: Promise<void>, wanted: number }} Reading */

/** @implements {Slices} */
class LargeFile {
  #file;
  /** Known to workers alone. @type {{ readAsArrayBuffer(part: Blob): ArrayBuffer }} */
  #reader = new (/** @type {any} */ (globalThis).FileReaderSync)();
  /** By offset. @type {Map<number, { length: number, reading: Reading }>} */
  #ahead = new Map();
  #bytesAhead = 0;
  /** Bytes that the last call gave, and nobody will ask for again. @type {ArrayBuffer | null} */
  #spent = null;

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  read = (/** @type {number} */ offset, /** @type {number} */ length) => {
    release(this.#spent);
    this.#spent = null;
    const ahead = this.#ahead.get(offset);
    if (ahead?.reading.bytes && ahead.length >= length) {
      const { reading } = ahead;
      // Whoever reads a part keeps what it makes of it.
      this.#drop(offset);
      if (reading.wanted === 0) this.#spent = reading.bytes;
      return new Uint8Array(ahead.reading.bytes, offset - reading.offset, length);
    }
    this.#spent = this.#reader.readAsArrayBuffer(this.#file.slice(offset, offset + length));
    return new Uint8Array(this.#spent, 0, Math.min(length, this.#spent.byteLength));
  };

  /** @param {Part[]} parts */
  fetch(parts) {
    /** @type {Part[]} */
    const wanted = [];
    let room = MOST_BYTES_AHEAD - this.#bytesAhead;
    for (const part of parts) {
      if (this.#ahead.has(part.offset) || part.length > room) continue;
      wanted.push(part);
      room -= part.length;
    }
    for (const together of neighbours(wanted)) this.#begin(together);
    return Promise.all(parts.map(({ offset }) => this.#ahead.get(offset)?.reading.arriving));
  }

  /** @param {Part[]} parts */
  forget(parts) {
    for (const { offset } of parts) {
      const reading = this.#drop(offset);
      if (reading?.wanted === 0) release(reading.bytes);
    }
  }

  /** @param {Part[]} parts that lie side by side */
  #begin(parts) {
    const [{ offset }] = parts;
    const end = Math.max(...parts.map((part) => part.offset + part.length));
    /** @type {Reading} */
    const reading = { offset, bytes: null, arriving: Promise.resolve(), wanted: parts.length };
    const arrived = (/** @type {ArrayBuffer | null} */ bytes) => {
      if (reading.wanted > 0) reading.bytes = bytes;
      else release(bytes);
    };
    // A part that does not come is read when it is asked for, which says what is wrong.
    reading.arriving = this.#file.slice(offset, end).arrayBuffer().then(arrived, () => arrived(null));
    for (const { offset, length } of parts) {
      this.#ahead.set(offset, { length, reading });
      this.#bytesAhead += length;
    }
  }

  /** @param {number} offset @returns what it was read with */
  #drop(offset) {
    const ahead = this.#ahead.get(offset);
    if (!ahead) return null;
    this.#ahead.delete(offset);
    this.#bytesAhead -= ahead.length;
    ahead.reading.wanted -= 1;
    return ahead.reading;
  }
}

/** Those that lie side by side, in a row. @param {Part[]} parts */
function neighbours(parts) {
  /** @type {Part[][]} */
  const rows = [];
  let end = -Infinity;
  for (const part of parts.toSorted((a, b) => a.offset - b.offset)) {
    if (part.offset - end > MOST_GAP_BYTES) rows.push([]);
    rows[rows.length - 1].push(part);
    end = Math.max(end, part.offset + part.length);
  }
  return rows;
}

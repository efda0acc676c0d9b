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

/** Parts that are no further apart are read together: to begin a reading costs a browser as much as to read 256 kB. */
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

/** Parts that are read together; so many of them are still wanted. @typedef {{ offset: number, length: number, bytes: ArrayBuffer | null, arriving: Promise<void>, wanted: number }} Reading */

/** @implements {Slices} */
class LargeFile {
  #file;
  /** Known to workers alone. @type {{ readAsArrayBuffer(part: Blob): ArrayBuffer }} */
  #reader = new (/** @type {any} */ (globalThis).FileReaderSync)();
  /** By the offset of a part. @type {Map<number, Reading>} */
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
    const reading = this.#ahead.get(offset);
    if (reading?.bytes && offset - reading.offset + length <= reading.bytes.byteLength) {
      // Whoever reads a part keeps what it makes of it.
      this.#drop(offset);
      if (reading.wanted === 0) this.#spent = reading.bytes;
      return new Uint8Array(reading.bytes, offset - reading.offset, length);
    }
    this.#spent = this.#reader.readAsArrayBuffer(this.#file.slice(offset, offset + length));
    return new Uint8Array(this.#spent, 0, Math.min(length, this.#spent.byteLength));
  };

  /** @param {Part[]} parts */
  fetch(parts) {
    // Cells that lie side by side may share a part.
    const wanted = new Map(parts.filter(({ offset }) => !this.#ahead.has(offset)).map((part) => [part.offset, part]));
    for (const group of neighbours([...wanted.values()], MOST_BYTES_AHEAD - this.#bytesAhead)) this.#begin(group);
    return Promise.all(parts.map(({ offset }) => this.#ahead.get(offset)?.arriving));
  }

  /** @param {Part[]} parts */
  forget(parts) {
    for (const { offset } of parts) {
      const reading = this.#drop(offset);
      if (reading?.wanted === 0) release(reading.bytes);
    }
  }

  /** @param {Group} group */
  #begin({ offset, end, parts }) {
    const length = end - offset;
    /** @type {Reading} */
    const reading = { offset, length, bytes: null, arriving: Promise.resolve(), wanted: parts.length };
    const arrived = (/** @type {ArrayBuffer | null} */ bytes) => {
      if (reading.wanted > 0) reading.bytes = bytes;
      else release(bytes);
    };
    // A part that does not come is read when it is asked for, which says what is wrong.
    reading.arriving = this.#file.slice(offset, end).arrayBuffer().then(arrived, () => arrived(null));
    this.#bytesAhead += length;
    for (const part of parts) this.#ahead.set(part.offset, reading);
  }

  /** @param {number} offset @returns what the part was read with */
  #drop(offset) {
    const reading = this.#ahead.get(offset);
    if (!reading) return null;
    this.#ahead.delete(offset);
    reading.wanted -= 1;
    if (reading.wanted === 0) this.#bytesAhead -= reading.length;
    return reading;
  }
}

/** Parts that lie side by side. @typedef {{ offset: number, end: number, parts: Part[] }} Group */

/**
 * Parts in groups, as many as there is room for.
 * @param {Part[]} parts
 * @param {number} roomBytes
 */
function neighbours(parts, roomBytes) {
  /** @type {Group[]} */
  const groups = [];
  let room = roomBytes;
  for (const part of parts.toSorted((a, b) => a.offset - b.offset)) {
    const end = part.offset + part.length;
    const last = groups.at(-1);
    const near = last && part.offset - last.end <= MOST_GAP_BYTES ? last : null;
    const needed = near ? Math.max(0, end - near.end) : part.length;
    if (needed > room) continue;
    room -= needed;
    if (near) {
      near.parts.push(part);
      near.end += needed;
    } else {
      groups.push({ offset: part.offset, end, parts: [part] });
    }
  }
  return groups;
}

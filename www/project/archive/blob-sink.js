/** Collects what is written to it in one blob. */

/** Up to here the bytes are held by the page; then they become a blob, which the browser may move to the disk. */
const PART_BYTES = 8 * 2 ** 20;

export class BlobSink {
  /** @type {Blob[]} */
  #parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  #chunkBytes = 0;

  /** @type {WritableStream<Uint8Array<ArrayBuffer>>} */
  writable = new WritableStream({
    write: (chunk) => {
      this.#chunks.push(chunk);
      this.#chunkBytes += chunk.byteLength;
      if (this.#chunkBytes >= PART_BYTES) this.#endPart();
    },
  });

  blob() {
    this.#endPart();
    return new Blob(this.#parts);
  }

  #endPart() {
    this.#parts.push(new Blob(this.#chunks));
    this.#chunks = [];
    this.#chunkBytes = 0;
  }
}

/**
 * Collects an archive without the bytes of its files: the files take part in it as the blobs that they are. A copy
 * of every tile would be more than a browser keeps in blobs, and it says so only when they are read.
 */
export class ArchiveSink {
  /** @type {BlobPart[]} */
  #parts = [];
  /** What was written since the last file. @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];

  /** @type {WritableStream<Uint8Array<ArrayBuffer>>} */
  writable = new WritableStream({ write: (chunk) => void this.#chunks.push(chunk) });

  /**
   * The last bytes that were written are the file's: it takes their place.
   * @param {Blob} file
   */
  endWith(file) {
    const writtenBytes = this.#chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0);
    let bytesBefore = writtenBytes - file.size;
    for (const chunk of this.#chunks) {
      if (bytesBefore > 0) this.#parts.push(chunk.slice(0, bytesBefore));
      bytesBefore -= chunk.byteLength;
    }
    this.#parts.push(file);
    this.#chunks = [];
  }

  /** @param {string} type */
  blob(type) {
    return new Blob([...this.#parts, ...this.#chunks], { type });
  }
}

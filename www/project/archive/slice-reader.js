/** Reads a blob piece by piece. */

import { Reader } from '@zip.js/zip.js/lib/zip-core-custom.js';

/**
 * Chromium runs out of something after a thousand or two of `blob.stream()`, whose reading then ends with
 * “network error”: this reads by `arrayBuffer()` instead.
 * @extends {Reader<Blob>}
 */
export class SliceReader extends Reader {
  #blob;

  /** @param {Blob} blob */
  constructor(blob) {
    super(blob);
    this.#blob = blob;
    this.size = blob.size;
  }

  /**
   * @override
   * @param {number} start
   * @param {number} length
   */
  async readUint8Array(start, length) {
    return new Uint8Array(await this.#blob.slice(start, start + length).arrayBuffer());
  }
}

/** Any bytes of a file, at once, as readers of rasters ask for them. */

/** What tells one kind of file from another stands in these. */
export const HEAD_BYTES = 32;

/** Files of no more bytes are read at once; of larger ones parts, as they are asked for. */
const READ_WHOLE_BYTES = 16 << 20;

/**
 * @param {Blob} file
 * @returns {Promise<((offset: number, length: number) => Uint8Array) | null>} null where it cannot be read
 */
export async function slices(file) {
  if (file.size > READ_WHOLE_BYTES) {
    /** Known to workers alone. @type {{ readAsArrayBuffer(part: Blob): ArrayBuffer }} */
    const reader = new (/** @type {any} */ (globalThis).FileReaderSync)();
    return (offset, length) => new Uint8Array(reader.readAsArrayBuffer(file.slice(offset, offset + length)));
  }
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes && ((offset, length) => new Uint8Array(bytes, offset, Math.max(0, Math.min(length, bytes.byteLength - offset))));
}

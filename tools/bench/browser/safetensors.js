/** Reading safetensors files whose values are all 32-bit floats. */

/** @typedef {{ shape: number[], values: Float32Array }} Parameter */
/** @typedef {(name: string) => Parameter} Parameters throws where there is none */

/**
 * @param {Uint8Array} bytes
 * @returns {{ names: Set<string>, parameter: Parameters, metadata: Record<string, string> }}
 */
export function readSafetensors(bytes) {
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = 8 + headerLength;
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  return {
    metadata,
    names: new Set(Object.keys(entries)),
    parameter(name) {
      const entry = entries[name];
      if (entry?.dtype !== 'F32') throw new Error(`there is no ${name} of 32-bit floats in the file`);
      const [from, to] = entry.data_offsets;
      // A copy, for the file need not lay values on multiples of four.
      return { shape: entry.shape, values: new Float32Array(bytes.slice(start + from, start + to).buffer) };
    },
  };
}

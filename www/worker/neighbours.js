/** Tiles compared by their features. */

/**
 * @param {import('./bindings.js').Bindings} wasm
 * @param {import('../messages.js').NeighboursPayload} payload
 * @returns {Uint32Array | Uint8Array} indices in order, or a 1 for each tile that is unlike the labelled ones
 */
export function compareTiles(wasm, payload) {
  switch (payload.what) {
    case 'similar':
      return wasm.similarTiles(payload.features, payload.query);
    case 'unfamiliar':
      return wasm.unfamiliarTiles(payload.features, payload.labelled);
    case 'order':
      return wasm.orderToLabel(payload.features, payload.probabilities, payload.classCount, payload.labelled);
  }
}

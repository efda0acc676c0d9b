/** Tiles compared by their features. */

import { orderToLabel, similarTiles, unfamiliarTiles } from '../../pkg/tilelens.js';

/**
 * @param {import('../messages.js').NeighboursPayload} payload
 * @returns {Promise<Uint32Array | Uint8Array>} indices in order, or a 1 for each tile that is unlike the labelled ones
 */
export async function compareTiles(payload) {
  switch (payload.what) {
    case 'similar':
      return similarTiles(payload.features, payload.query);
    case 'unfamiliar':
      return unfamiliarTiles(payload.features, payload.labelled);
    case 'order':
      return orderToLabel(payload.features, payload.probabilities, payload.classCount, payload.labelled);
  }
}

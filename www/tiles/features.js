/** The numbers that the backbone gives for a tile, and what is done with rows of them. */

/** @typedef {{ backbone: string, values: Float32Array }} TileFeatures Those of the tile, or of all its eight views. */
/** @typedef {{ features: TileFeatures | null }} WithFeatures */

/** Numbers for a tile, or for one of its views. */
export const FEATURES = 576;

/**
 * Whether this backbone has computed the features of so many views.
 * @param {WithFeatures} tile
 * @param {string} backbone
 * @param {number} [views]
 */
export function hasFeatures({ features }, backbone, views = 1) {
  return features?.backbone === backbone && features.values.length >= views * FEATURES;
}

/**
 * The features of a tile as it stands, where this backbone has computed them.
 * @param {WithFeatures} tile
 * @param {string} backbone
 */
export function featuresOf(tile, backbone) {
  // A copy: a part of all eight views would be sent to the worker with what it is a part of.
  return hasFeatures(tile, backbone) ? rowOf(tile).slice() : null;
}

/**
 * The first views of a tile that is known to have them; no copy.
 * @param {WithFeatures} tile
 * @param {number} [views]
 */
export function rowOf({ features }, views = 1) {
  return /** @type {TileFeatures} */ (features).values.subarray(0, views * FEATURES);
}

/** One row after the other. @param {ArrayLike<number>[]} rows */
export function joined(rows) {
  const all = new Float32Array(rows.reduce((length, row) => length + row.length, 0));
  let offset = 0;
  for (const row of rows) {
    all.set(row, offset);
    offset += row.length;
  }
  return all;
}

/** Tiles compared by their features. */

/** @typedef {import('../protocol.js').PayloadOf<'similar'>} Similar */
/** @typedef {import('../protocol.js').PayloadOf<'orderToLabel'>} Labelling */
/** @typedef {import('./feature-store.js').FeatureStore} FeatureStore */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./training-module.js').TrainingBindings} TrainingBindings */

/** Probabilities are asked for of so many tiles at once, so that their features need not be joined as a whole. */
const TILES_AT_ONCE = 1000;

/**
 * @param {TrainingBindings} training
 * @param {OpenModel} open
 * @param {FeatureStore} store
 * @param {Similar} payload
 */
export function similar(training, open, store, { tileId, tileIds, most }) {
  const others = tileIds.filter((id) => id !== tileId);
  const order = training.similarTiles(store.handed(training, open, [tileId, ...others]), 0, most);
  return Array.from(order, (index) => others[index - 1]);
}

/**
 * @param {TrainingBindings} training
 * @param {OpenModel} open
 * @param {FeatureStore} store
 * @param {Labelling} payload
 */
export function unfamiliar(training, open, store, { tileIds, labelled }) {
  const flags = training.unfamiliarTiles(store.handed(training, open, tileIds), store.handed(training, open, labelled));
  return tileIds.filter((_, index) => flags[index] === 1);
}

/**
 * Without a head nobody knows how sure it would be: then every class is as probable as another, and what counts is how
 * much the tiles differ.
 * @param {TrainingBindings} training
 * @param {OpenModel} open
 * @param {FeatureStore} store
 * @param {Labelling} payload
 */
export async function orderToLabel(training, open, store, { tileIds, labelled }) {
  const classCount = Math.max(2, open.info.labels.length);
  const probabilities = new Float32Array(tileIds.length * classCount).fill(1 / classCount);
  for (let start = 0; open.head && start < tileIds.length; start += TILES_AT_ONCE) {
    const some = tileIds.slice(start, start + TILES_AT_ONCE);
    probabilities.set(await open.engine.classifyFeatures(store.joined(open, some)), start * classCount);
  }
  const order = training.orderToLabel(store.handed(training, open, tileIds), probabilities, classCount, store.handed(training, open, labelled));
  return Array.from(order, (index) => tileIds[index]);
}

/** What is measured, and how it is written down. */

/**
 * @typedef {object} Measurement
 * @property {string} what
 * @property {number} value the median, where it was measured more than once
 * @property {string} unit
 * @property {number} [least]
 * @property {number} [most]
 * @property {number} [times] how often it was measured
 */
/**
 * @typedef {object} Effort How much is measured.
 * @property {number} rounds of `throughput`, `inference` and `native`
 * @property {number[]} sizes numbers of tiles to train with, in ascending order
 * @property {number[]} batches tiles that a network gets at once
 * @property {number} tiles that are read, or dropped on the page
 * @property {number} layerRuns a clock of five microseconds is coarse for a layer: the median of many
 * @property {number} epochs
 * @property {number[]} growth numbers of tiles after which the workers' memory is taken
 * @property {number} dropped tiles that are dropped at once
 * @property {{ tiles: number, frames: number, labels: number }} load tiles of the large project, frames while they scroll by, labels by key
 */
/** A place for things to undo. @typedef {import('../../tests/e2e/harness.mjs').TestContext} Context */

/** @type {Effort} */
export const WHOLE = {
  rounds: 5,
  sizes: [40, 400, 4000],
  batches: [1, 8, 32],
  tiles: 100,
  layerRuns: 200,
  epochs: 50,
  growth: [500, 1000, 5000, 10_000],
  dropped: 1000,
  load: { tiles: 10_000, frames: 600, labels: 200 },
};

/** Every part once, on as little as it takes: whether it runs, not how fast. @type {Effort} */
export const SMOKE = {
  rounds: 1,
  sizes: [20],
  batches: [2],
  tiles: 8,
  layerRuns: 2,
  epochs: 2,
  growth: [8],
  dropped: 24,
  load: { tiles: 100, frames: 10, labels: 4 },
};

/** Digits after the point where one is too few. @type {Record<string, number>} */
const DIGITS = { nats: 3, ms: 2, times: 2 };

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** @param {number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param {number} batch */
export function tilesAtOnce(batch) {
  return batch === 1 ? 'one tile' : `${batch} tiles at once`;
}

/**
 * What was measured several times: the median and how far the values spread.
 * @param {string} what
 * @param {number[]} values
 * @param {string} unit
 * @returns {Measurement}
 */
export function repeated(what, values, unit) {
  return { what, value: median(values), unit, least: Math.min(...values), most: Math.max(...values), times: values.length };
}

/**
 * What could not be measured here.
 * @param {string} what
 * @param {string} reason
 * @returns {Measurement}
 */
export function leftOut(what, reason) {
  return { what: `${what}: left out, ${reason}`, value: 0, unit: 'runs' };
}

/**
 * @param {number} value
 * @param {string} unit
 */
function shown(value, unit) {
  if (['bytes', 'tiles', 'cards', 'runs'].includes(unit)) return Math.round(value).toLocaleString('en');
  if (unit === 'of 1') return value.toExponential(1);
  return value.toFixed(DIGITS[unit] ?? 1);
}

/** @param {Measurement} measurement */
export function line({ what, value, unit, least, most, times = 1 }) {
  const spread = times > 1 && least !== undefined && most !== undefined ? ` (${shown(least, unit)} to ${shown(most, unit)}, ${times} times)` : '';
  return `${what.padEnd(86)} ${shown(value, unit).padStart(13)} ${unit}${spread}`;
}

/** How the numbers of a file become colours: what tells features of one look from those of another. */

/** @typedef {import('../../pkg/raster/tilelens.js').Stretch} Stretch */
/** @typedef {import('./protocol.js').TileSource} TileSource */

/** @type {Set<unknown>} */
const RULES = new Set(['as-is', 'cumulative-cut', 'min-max', 'deviations', 'fixed']);
const MOST_BANDS = 0xffff;

/** Names the look of a tile: the same bands and range give the same, whatever rule found them. Empty without a stretch. @param {TileSource} source */
export function lookOf({ raster }) {
  if (!raster) return '';
  const { bands, ranges, no_data: noData } = raster.stretch;
  return JSON.stringify([bands, ranges.map(({ black, white }) => [black, white]), noData ?? null]);
}

/**
 * Whether it is a whole stretch: it may come from a file of a stranger's.
 * @param {unknown} value
 * @returns {value is Stretch}
 */
export function isStretch(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { bands, ranges, rule, no_data: noData } = /** @type {{ [Key in keyof Stretch]?: unknown }} */ (value);
  const isBand = (/** @type {unknown} */ band) => Number.isInteger(band) && Number(band) >= 1 && Number(band) <= MOST_BANDS;
  const isRange = (/** @type {{ black?: unknown, white?: unknown } | null} */ range) => Number.isFinite(range?.black) && Number.isFinite(range?.white);
  const areThree = (/** @type {unknown} */ list, /** @type {(item: any) => boolean} */ is) => Array.isArray(list) && list.length === 3 && list.every(is);
  return areThree(bands, isBand) && areThree(ranges, isRange) && RULES.has(rule) && (noData === undefined || noData === null || Number.isFinite(noData));
}

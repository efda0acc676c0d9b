/** How the numbers of a file become colours: what tells features of one look from those of another. */

/** @typedef {import('../../pkg/raster/tilelens.js').Stretch} Stretch */

/** @type {Set<unknown>} */
const RULES = new Set(['as-is', 'cumulative-cut', 'min-max', 'deviations', 'fixed']);
const MOST_BANDS = 0xffff;

/** Names the look of a tile or a scene. @param {{ raster?: import('./protocol.js').Raster | null }} source */
export function lookOf({ raster }) {
  return lookOfStretch(raster?.stretch);
}

/** The same bands and range give the same look, whatever rule found them. Empty without a stretch. @param {Stretch | null | undefined} stretch */
export function lookOfStretch(stretch) {
  if (!stretch) return '';
  const { bands, ranges, no_data: noData } = stretch;
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

/**
 * How a kind of rasters is seen: as those before, else as the model in use has learnt from such, else as they were measured.
 * @param {import('./protocol.js').LikeFiles} group
 * @param {Stretch | undefined} before
 * @param {import('./protocol.js').ModelInfo['preparations']} preparations of the model
 * @returns {Stretch}
 */
export function stretchFor(group, before, preparations) {
  return before ?? preparations.find(({ alike }) => alike === group.alike)?.stretch ?? group.stretch;
}

/**
 * How tiles became colours, each way once; empty where all are pictures.
 * @param {import('./protocol.js').TileSource[]} sources
 * @returns {import('./protocol.js').ModelInfo['preparations']}
 */
export function preparationsOf(sources) {
  if (sources.every(({ raster }) => !raster)) return [];
  const byLook = new Map(sources.map((source) => [lookOf(source), source.raster]));
  return [...byLook.values()].map((raster) => ({ alike: raster?.alike ?? '', stretch: raster?.stretch ?? null }));
}

/** How a scene is cut into cells and what is made of their classes: plain JSON, kept with the project. */

/**
 * @typedef {object} ScenePlan
 * @property {GridPlan} grid
 * @property {MapPlan} map
 */
/** @typedef {import('../engine/index.js').GridPlan} GridPlan */
/** @typedef {import('../engine/index.js').MapPlan} MapPlan */

/** Cells of this many pixels, where nothing says how much ground one should show. */
const USUAL_CELL = '256px';
const LENGTH = /^\d{1,9}(\.\d{1,6})?\s?(px|m)$/;

/** @returns {ScenePlan} */
export function usualPlan(cell = USUAL_CELL) {
  return { grid: { cell, step: cell, offset: '0px' }, map: { undecidedPercent: 0, isMajority: false } };
}

/**
 * What was kept may be damaged or a stranger's: what is no plan becomes the usual one, part by part.
 * @param {unknown} value
 * @returns {ScenePlan}
 */
export function readPlan(value) {
  const { grid, map } = objectOf(value);
  const { cell, step, offset } = objectOf(grid);
  const { undecidedPercent, isMajority } = objectOf(map);
  const length = (/** @type {unknown} */ text, /** @type {string} */ otherwise) => (typeof text === 'string' && LENGTH.test(text) ? text : otherwise);
  const usual = usualPlan();
  const cellLength = length(cell, usual.grid.cell);
  const isPercent = typeof undecidedPercent === 'number' && undecidedPercent >= 0 && undecidedPercent <= 100;
  return {
    grid: { cell: cellLength, step: length(step, cellLength), offset: length(offset, usual.grid.offset) },
    map: { undecidedPercent: isPercent ? undecidedPercent : 0, isMajority: isMajority === true },
  };
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function objectOf(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/** How a scene is cut into cells and what is made of their classes: plain JSON, kept with the project. */

/**
 * @typedef {object} ScenePlan
 * @property {GridPlan} grid
 * @property {MapPlan} map
 * @property {MapCheck | null} [check] the cells of the map that a person checks
 */
/**
 * @typedef {object} MapCheck Plain JSON, kept in the scene's plan.
 * @property {string} map which map it was drawn from
 * @property {number[]} cells of the map, in a random order: whoever stops early has still looked everywhere
 * @property {(string | null)[]} truths the class that is there; '' where that cannot be told, null where nobody has looked
 */
/** @typedef {import('../engine/index.js').GridPlan} GridPlan */
/** @typedef {import('../engine/index.js').MapPlan} MapPlan */

/** More points than an outline needs that is drawn by hand, and few enough to be kept with each change of the plan. */
export const MOST_AREA_POINTS = 20_000;
/** Cells of this many pixels, where nothing says how much ground one should show. */
const USUAL_CELL = '256px';
/** More than a person looks at, and less than a damaged plan could ask for. */
export const MOST_CHECKED = 10_000;
const MOST_NAME = 200;
const LENGTH = /^\d{1,9}(\.\d{1,6})?\s?(px|m)$/;

/** @returns {ScenePlan} */
export function usualPlan(cell = USUAL_CELL) {
  return { grid: { cell, step: cell, offset: '0px', area: null }, map: { undecidedPercent: 0, isMajority: false } };
}

/**
 * What was kept may be damaged or a stranger's: what is no plan becomes the usual one, part by part.
 * @param {unknown} value
 * @returns {ScenePlan}
 */
export function readPlan(value) {
  const { grid, map, check } = objectOf(value);
  const { cell, step, offset, area } = objectOf(grid);
  const { undecidedPercent, isMajority } = objectOf(map);
  const length = (/** @type {unknown} */ text, /** @type {string} */ otherwise) => (typeof text === 'string' && LENGTH.test(text) ? text : otherwise);
  const usual = usualPlan();
  const cellLength = length(cell, usual.grid.cell);
  const isPercent = typeof undecidedPercent === 'number' && undecidedPercent >= 0 && undecidedPercent <= 100;
  return {
    grid: { cell: cellLength, step: length(step, cellLength), offset: length(offset, usual.grid.offset), area: readArea(area) },
    map: { undecidedPercent: isPercent ? undecidedPercent : 0, isMajority: isMajority === true },
    check: readCheck(check),
  };
}

/**
 * What was kept may be damaged: a check that is none is left out.
 * @param {unknown} value
 * @returns {MapCheck | null}
 */
function readCheck(value) {
  const { map, cells, truths } = objectOf(value);
  if (typeof map !== 'string' || !/^[0-9a-f]{16}$/.test(map) || !Array.isArray(cells) || !Array.isArray(truths)) return null;
  if (cells.length === 0 || cells.length > MOST_CHECKED || truths.length !== cells.length || new Set(cells).size !== cells.length) return null;
  const areCells = cells.every((cell) => Number.isInteger(cell) && cell >= 0 && cell < 2 ** 32);
  const areTruths = truths.every((truth) => truth === null || (typeof truth === 'string' && truth.length <= MOST_NAME));
  return areCells && areTruths ? { map, cells: [...cells], truths: [...truths] } : null;
}

/**
 * An area that is none is left out: then all of the scene is mapped.
 * @param {unknown} value
 * @returns {GridPlan['area']}
 */
function readArea(value) {
  const { name, polygons } = objectOf(value);
  if (typeof name !== 'string' || name.length > MOST_NAME || !Array.isArray(polygons)) return null;
  const isPoint = (/** @type {unknown} */ point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  const areRings = polygons.every((rings) => Array.isArray(rings) && rings.every((ring) => Array.isArray(ring) && ring.every(isPoint)));
  return areRings && pointsOf({ name, polygons }) <= MOST_AREA_POINTS ? { name, polygons } : null;
}

/** How many points its outlines have. @param {NonNullable<GridPlan['area']>} area */
export function pointsOf({ polygons }) {
  return polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function objectOf(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/**
 * A check of a map: cells drawn from every class, what a person found there, and what follows for accuracies and areas.
 * What was found never becomes a label: a check that was trained on is none.
 */

import { toCsv } from '../tiles/csv.js';

/** @typedef {import('../engine/index.js').GridInfo} GridInfo */
/** @typedef {import('../engine/index.js').MapAccuracy} MapAccuracy */
/** @typedef {import('../engine/index.js').PixelWindow} PixelWindow */
/** @typedef {import('./class-maps.js').ClassMap} ClassMap */
/** @typedef {import('./plan.js').MapCheck} MapCheck */

export const USUAL_SAMPLE = 100;
const PRIMES = [0x01000193, 0x85ebca6b];

/**
 * Which map that is, by its classes and by the class of each cell: another one has other strata.
 * @param {Pick<ClassMap, 'ids' | 'labels'> & { summary: { cells: [number, number] | number[] } }} map
 */
export function identityOf({ ids, labels, summary }) {
  const head = new TextEncoder().encode(JSON.stringify([summary.cells, labels]));
  // Not against forgers: two multiplicative hashes of 32 bits tell maps of one scene apart.
  return PRIMES.map((prime) => {
    let hash = 0x811c9dc5;
    for (const bytes of [head, ids]) for (const byte of bytes) hash = Math.imul(hash ^ byte, prime) ^ (hash >>> 15);
    return (hash >>> 0).toString(16).padStart(8, '0');
  }).join('');
}

/**
 * @param {ClassMap} map
 * @param {Iterable<number>} drawn
 * @param {() => number} [random] from 0 to below 1
 * @returns {MapCheck}
 */
export function beginCheck(map, drawn, random = Math.random) {
  const cells = [...drawn];
  for (let last = cells.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [cells[last], cells[other]] = [cells[other], cells[last]];
  }
  return { map: identityOf(map), cells, truths: cells.map(() => null) };
}

/** @param {MapCheck} check @param {number} place @param {string} truth @returns {MapCheck} */
export function answered(check, place, truth) {
  return { ...check, truths: check.truths.with(place, truth) };
}

/** The next cell that nobody has looked at, from a place on and then from the first; -1 after all. @param {MapCheck} check */
export function nextOpen({ truths }, from = 0) {
  const next = truths.indexOf(null, from);
  return next < 0 ? truths.indexOf(null) : next;
}

/** How many were found to be something, could not be told, and are still to be looked at. @param {MapCheck} check */
export function progressOf({ truths }) {
  const open = truths.filter((truth) => truth === null).length;
  const skipped = truths.filter((truth) => truth === '').length;
  return { found: truths.length - open - skipped, skipped, open };
}

/** What the estimate is made of. @param {MapCheck} check */
export function foundIn({ cells, truths }) {
  const known = cells.map((cell, index) => ({ cell, truth: truths[index] })).filter(({ truth }) => truth);
  return { cells: Uint32Array.from(known, ({ cell }) => cell), truths: known.map(({ truth }) => truth ?? '') };
}

/** How many cells of each class were drawn. @param {MapCheck} check @param {ClassMap} map */
export function drawnOf({ cells }, { ids, summary }) {
  const count = (/** @type {number} */ id) => cells.filter((cell) => ids[cell] === id).length;
  return summary.areas.map(({ id, name }) => ({ name, count: count(id) })).filter(({ count: drawn }) => drawn > 0);
}

/** The pixels of a cell of the map: one step. @param {GridInfo} grid @param {number} cell @returns {PixelWindow} */
export function cellWindow({ cells: [across], stepPx: [width, height], offsetPx }, cell) {
  return { x: offsetPx[0] + (cell % across) * width, y: offsetPx[1] + Math.floor(cell / across) * height, width, height };
}

/** @param {MapAccuracy} accuracy @param {boolean} hasAreas whether areas are square metres, and not cells */
export function accuracyCsv({ overall, classes, checked }, hasAreas) {
  const unit = hasAreas ? 'ha' : 'cells';
  const area = (/** @type {number} */ value) => (hasAreas ? value / 1e4 : value);
  const both = (/** @type {{ value: number, plus_minus: number } | null | undefined} */ estimate) => (estimate ? [estimate.value, estimate.plus_minus] : ['', '']);
  const heads = ['class', 'cells', 'checked', `mapped_${unit}`, `area_${unit}`, `area_${unit}_plus_minus_95`, 'users_accuracy', 'users_accuracy_plus_minus_95', 'producers_accuracy', 'producers_accuracy_plus_minus_95', 'overall_accuracy', 'overall_accuracy_plus_minus_95'];
  const rows = classes.map((one) => [
    one.name, one.cells, one.checked, area(one.mapped_area), area(one.area.value), area(one.area.plus_minus),
    ...both(one.users_accuracy), ...both(one.producers_accuracy), '', '',
  ]);
  const whole = ['all', classes.reduce((sum, { cells }) => sum + cells, 0), checked, '', '', '', '', '', '', '', ...both(overall)];
  return `${toCsv(heads, [...rows, whole])}\r\n`;
}

/** The results as a table for a spreadsheet. */

import { toCsv } from './csv.js';

/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('./tile-list.js').Tile} Tile */

/** Excel takes a file for UTF-8 only with a byte-order mark. */
const BYTE_ORDER_MARK = '\uFEFF';

/** Of cells of a scene: which, and its pixels there. */
const CELL = ['scene_x', 'scene_y', 'scene_width', 'scene_height'];
const BEFORE_CLASSES = ['file', 'class', 'confidence', 'label'];
const AFTER_CLASSES = ['width_px', 'height_px', 'decode_ms', 'inference_ms', 'no_data_share', 'stretch', 'notes', 'error'];

/**
 * One row a tile, one column a class of the model.
 * @param {Tile[]} tiles
 * @param {(tile: Tile) => string} labelOf what the user says that it is; empty without a label
 * @param {(failure: Failure) => string} sentenceOf what went wrong, in words
 * @param {(tile: Tile) => string[]} notesOf what is to be known of a tile's pixels
 * @returns {Blob}
 */
export function resultsCsv(tiles, labelOf, sentenceOf, notesOf) {
  const classes = [...new Set(tiles.flatMap((tile) => columnsOf(tile.labels)))];
  const hasCells = tiles.some(({ source }) => source.kind === 'window');
  const fields = [...BEFORE_CLASSES, ...classes, ...AFTER_CLASSES, ...(hasCells ? CELL : [])];
  const rows = tiles.map((tile) => {
    const { path, source, state, facts, answer, labels, verdict, error } = tile;
    const probabilityOf = new Map(columnsOf(labels).map((column, index) => [column, answer?.probabilities[index]]));
    return [
      path,
      verdict?.className,
      rounded(verdict?.confidence, 6),
      labelOf(tile),
      ...classes.map((name) => rounded(probabilityOf.get(name), 6)),
      facts?.widthPx,
      facts?.heightPx,
      rounded(answer?.decodeMs, 2),
      rounded(answer?.inferenceMs, 2),
      rounded(facts?.noDataShare, 4),
      source.raster ? JSON.stringify(source.raster.stretch) : '',
      notesOf(tile).join(' '),
      error ? sentenceOf(error) : (state === 'done' ? '' : `not classified (${state})`),
      ...(hasCells && source.kind === 'window' ? [source.window.x, source.window.y, source.window.width, source.window.height] : []),
    ];
  });
  return new Blob([BYTE_ORDER_MARK, toCsv(fields, rows)], { type: 'text/csv;charset=utf-8' });
}

/**
 * A column for each class: of ImageNet's two classes called `crane` the second is `crane (2)`, and so is a class that is
 * called like another column.
 * @param {string[]} labels
 */
function columnsOf(labels) {
  /** @type {Map<string, number>} */
  const seen = new Map([...BEFORE_CLASSES, ...AFTER_CLASSES, ...CELL].map((column) => [column, 1]));
  return labels.map((label) => {
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? label : `${label} (${times})`;
  });
}

/**
 * @param {number | undefined} value
 * @param {number} digits
 */
function rounded(value, digits) {
  return value === undefined ? '' : Number(value.toFixed(digits));
}

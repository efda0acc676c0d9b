/** What lies over a scene: the classes of its cells as one picture of a pixel a cell, labels, what is selected. */

import { rgbOf } from '../../labels/colours.js';
import { overlap } from '../../scene/cells.js';

/** @typedef {import('../../engine/index.js').GridInfo} GridInfo */
/** @typedef {import('../../scene/cells.js').Cell} Cell */
/** @typedef {import('../../scene/class-maps.js').ClassMap} ClassMap */
/** @typedef {import('./scene-map.js').Pen} Pen */
/** @typedef {'classes' | 'confidence' | 'changes' | 'none'} Overlay */

/** From black over blue and orange to light yellow: as light as it is sure. */
const CONFIDENCE = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
/** Smaller cells on the screen have no outlines. */
const OUTLINED_FROM_PX = 6;

/**
 * A picture of the map with a pixel a cell.
 * @param {ClassMap} map
 * @param {Overlay} overlay
 */
export function pictureOf(map, overlay) {
  const { ids, confidences, summary: { cells: [columns, rows], areas } } = map;
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d');
  const image = new ImageData(columns, rows);
  const colours = areas.map(({ colour }) => rgbOf(colour));
  for (const [cell, id] of ids.entries()) {
    if (id === 0) continue;
    const [red, green, blue] = overlay === 'confidence' ? confidenceColour(confidences[cell]) : colours[id - 1];
    if (overlay === 'changes' && !isChanged(map, cell)) continue;
    image.data.set([red, green, blue, 255], 4 * cell);
  }
  context?.putImageData(image, 0, 0);
  return canvas;
}

/** How many cells have another class than before. @param {ClassMap} map */
export function changedCells(map) {
  let changed = 0;
  for (const cell of map.ids.keys()) if (isChanged(map, cell)) changed += 1;
  return changed;
}

/** Whether it has a class, and had another one before. @param {ClassMap} map @param {number} cell */
function isChanged({ ids, summary: { areas }, before }, cell) {
  const [now, then] = [ids[cell], before?.ids[cell] ?? 0];
  return now > 0 && then > 0 && before?.names[then - 1] !== areas[now - 1].name;
}

/**
 * @param {Pen} pen
 * @param {GridInfo} grid
 * @param {OffscreenCanvas} picture
 * @param {number} opacity
 */
export function drawClasses({ context }, { stepPx, offsetPx }, picture, opacity) {
  context.save();
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, offsetPx[0], offsetPx[1], picture.width * stepPx[0], picture.height * stepPx[1]);
  context.restore();
}

/** The lines between cells, where there is room for them. @param {Pen} pen @param {GridInfo} grid */
export function drawGrid({ context, pixel, sight }, { cells: [columns, rows], stepPx, offsetPx }) {
  if (Math.min(...stepPx) / pixel < 2 * OUTLINED_FROM_PX) return;
  const [firstColumn, firstRow] = [sight.x, sight.y].map((start, axis) => Math.max(0, Math.floor((start - offsetPx[axis]) / stepPx[axis])));
  const lastColumn = Math.min(columns, Math.ceil((sight.x + sight.width - offsetPx[0]) / stepPx[0]));
  const lastRow = Math.min(rows, Math.ceil((sight.y + sight.height - offsetPx[1]) / stepPx[1]));
  const x = (/** @type {number} */ column) => offsetPx[0] + column * stepPx[0];
  const y = (/** @type {number} */ row) => offsetPx[1] + row * stepPx[1];
  context.beginPath();
  for (let column = firstColumn; column <= lastColumn; column += 1) {
    context.moveTo(x(column), y(firstRow));
    context.lineTo(x(column), y(lastRow));
  }
  for (let row = firstRow; row <= lastRow; row += 1) {
    context.moveTo(x(firstColumn), y(row));
    context.lineTo(x(lastColumn), y(row));
  }
  context.lineWidth = pixel;
  context.strokeStyle = 'rgb(255 255 255 / 35%)';
  context.stroke();
}

/**
 * A frame of a colour inside each cell, dark outside so that it is seen on any ground.
 * @param {Pen} pen
 * @param {Iterable<Cell>} cells
 * @param {(cell: Cell) => string} colourOf
 * @param {number} [widthPx] on the screen
 */
export function drawFrames({ context, pixel, sight }, cells, colourOf, widthPx = 2) {
  for (const cell of cells) {
    const { x, y, width, height } = cell.source.window;
    if (overlap(cell.source.window, sight) === 0) continue;
    if (Math.min(width, height) / pixel < OUTLINED_FROM_PX) {
      context.fillStyle = colourOf(cell);
      context.fillRect(x, y, width, height);
      continue;
    }
    const inset = ((widthPx + 1) * pixel) / 2;
    context.strokeStyle = 'rgb(0 0 0 / 65%)';
    context.lineWidth = (widthPx + 2) * pixel;
    context.strokeRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset);
    context.strokeStyle = colourOf(cell);
    context.lineWidth = widthPx * pixel;
    context.strokeRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset);
  }
}

/** Slanted lines over cells. @param {Pen} pen @param {Iterable<Cell>} cells */
export function drawHatches({ context, pixel, sight }, cells) {
  context.save();
  context.beginPath();
  const gap = 8 * pixel;
  for (const { source: { window } } of cells) {
    if (overlap(window, sight) === 0) continue;
    const { x, y, width, height } = window;
    // Lines of the same slope through all cells: x + y is a multiple of the gap.
    for (let sum = Math.ceil((x + y) / gap) * gap; sum < x + y + width + height; sum += gap) {
      const from = Math.max(x, sum - y - height);
      const to = Math.min(x + width, sum - y);
      context.moveTo(from, sum - from);
      context.lineTo(to, sum - to);
    }
  }
  context.strokeStyle = 'rgb(0 0 0 / 70%)';
  context.lineWidth = 2 * pixel;
  context.stroke();
  context.strokeStyle = 'rgb(255 255 255 / 80%)';
  context.lineWidth = pixel;
  context.stroke();
  context.restore();
}

/**
 * The outline of what is mapped: dark and light, so that it is seen on any ground.
 * @param {Pen} pen
 * @param {import('../../engine/index.js').AreaOfInterest} area
 */
export function drawArea({ context, pixel }, { polygons }) {
  context.beginPath();
  for (const [first, ...others] of polygons.flat()) {
    context.moveTo(...first);
    for (const point of others) context.lineTo(...point);
    context.closePath();
  }
  for (const [colour, widthPx] of /** @type {const} */ ([['#000000', 4], ['#ffffff', 2]])) {
    Object.assign(context, { strokeStyle: colour, lineWidth: widthPx * pixel });
    context.stroke();
  }
}

/** @param {number} share from 0 to 1 */
function confidenceColour(share) {
  const place = Math.min(0.999, Math.max(0, share)) * (CONFIDENCE.length - 1);
  const [low, high] = [CONFIDENCE[Math.floor(place)], CONFIDENCE[Math.floor(place) + 1]];
  return low.map((level, channel) => Math.round(level + (high[channel] - level) * (place % 1)));
}


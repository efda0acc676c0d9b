/** The map as a picture for a report: the scene, its classes over it, what they mean, and a scale. */

import { drawClasses, pictureOf } from './cell-drawing.js';
import { scaleOf } from './scale.js';

/** @typedef {import('../../engine/index.js').SceneRoom} SceneRoom */
/** @typedef {import('../../scene/class-maps.js').ClassMap} ClassMap */
/** @typedef {import('../../scene/scene-desk.js').OpenedScene} OpenedScene */
/** @typedef {import('../../scene/scenes.js').Scene} Scene */

const MOST_SIDE_PX = 2400;
const MARGIN_PX = 24;
const LINE_PX = 26;
const FONT = '16px system-ui, sans-serif';
const OPACITY = 0.6;

/**
 * @param {SceneRoom} room
 * @param {Scene} scene
 * @param {OpenedScene} opened
 * @param {ClassMap} map
 */
export async function mapPicture(room, { id, name }, { info, grid }, map) {
  const shrunk = Math.min(1, MOST_SIDE_PX / Math.max(info.widthPx, info.heightPx));
  const [widthPx, heightPx] = [info.widthPx, info.heightPx].map((side) => Math.max(1, Math.round(side * shrunk)));
  const picture = await room.ask('viewScene', { sceneId: id, window: { x: 0, y: 0, width: info.widthPx, height: info.heightPx }, widthPx, heightPx });
  const lines = map.summary.areas.filter(({ cells }) => cells > 0);
  const legendHeight = (lines.length + 3) * LINE_PX + MARGIN_PX;
  const canvas = new OffscreenCanvas(Math.max(widthPx, 480) + 2 * MARGIN_PX, heightPx + legendHeight + 2 * MARGIN_PX);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser gives no canvas of that size');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, MARGIN_PX, MARGIN_PX);
  picture.close();
  context.save();
  context.setTransform(shrunk, 0, 0, shrunk, MARGIN_PX, MARGIN_PX);
  context.beginPath();
  context.rect(0, 0, info.widthPx, info.heightPx);
  context.clip();
  const pen = { context: /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (context)), pixel: 1 / shrunk, sight: { x: 0, y: 0, width: info.widthPx, height: info.heightPx } };
  drawClasses(pen, grid, pictureOf(map, 'classes'), OPACITY);
  context.restore();

  let y = heightPx + 2 * MARGIN_PX;
  context.font = FONT;
  context.textBaseline = 'middle';
  const write = (/** @type {string} */ text, x = MARGIN_PX) => {
    context.fillStyle = '#1a1a1a';
    context.fillText(text, x, y + LINE_PX / 2);
  };
  write(`${name}${info.crs ? ` · ${info.crs}` : ''}`);
  y += LINE_PX;
  for (const { name: label, colour, squareM, share } of lines) {
    context.fillStyle = colour;
    context.fillRect(MARGIN_PX, y + 4, 28, LINE_PX - 8);
    const size = squareM === null || squareM === undefined ? '' : `${(squareM / 1e4).toLocaleString(undefined, { maximumFractionDigits: 1 })} ha, `;
    write(`${label}: ${size}${(100 * share).toFixed(1)} %`, MARGIN_PX + 40);
    y += LINE_PX;
  }
  if (info.pixelM) {
    const scale = scaleOf(info.pixelM[0] / shrunk);
    context.fillStyle = '#1a1a1a';
    context.fillRect(MARGIN_PX, y + LINE_PX / 2 - 2, scale.widthPx, 4);
    write(scale.text, MARGIN_PX + scale.widthPx + 12);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

/** All that is known of the tile in focus: its picture, its classes, what its pixels are. */

import { isCell } from '../scene/cells.js';
import { tilesOf } from '../tiles/tile-list.js';
import { Bars } from './bars.js';
import { classTag } from './class-tag.js';
import { beforePaint, byId, duration, element, fromTemplate, part } from './dom.js';
import { setUpHeatmap } from './heatmap.js';
import { failureSentence, tileNotes } from './sentences.js';
import { verdictSentence } from './tile-card.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/heatmaps.js').Heatmaps} Heatmaps */
/** @typedef {import('../tiles/selection.js').Selection} Selection */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/thumbnails.js').Thumbnails} Thumbnails */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

const BARS = 5;
const NO_PROBABILITIES = new Float32Array();
/** Of these the browser shows what the engine reads, where the engine has nothing to note of them. */
const PLAIN_FORMATS = new Set(['JPEG', 'PNG', 'WebP']);
/** Larger pictures are not decoded a second time. */
const MOST_PIXELS = 4e6;
/** Whoever walks from tile to tile need not wait for each picture. */
const PAUSE_MS = 80;

/**
 * @param {{ tiles: TileList, labelling: Labelling, shown: ShownTiles, selection: Selection, thumbnails: Thumbnails, heatmaps: Heatmaps }} page
 * @param {(cell: import('../scene/cells.js').Cell) => void} showOnMap
 */
export function setUpInspector({ tiles, labelling, shown, selection, thumbnails, heatmaps }, showOnMap) {
  const panel = byId('inspector', HTMLElement);
  const root = fromTemplate('inspector-template');
  panel.append(root);
  setUpHeatmap(heatmaps, root);
  const frame = part(root, '.inspected-picture', HTMLElement);
  const picture = part(root, '.tile-picture', HTMLCanvasElement);
  const canvas = picture.getContext('bitmaprenderer');
  const name = part(root, '.tile-name', HTMLElement);
  const path = part(root, '.inspected-path', HTMLElement);
  const label = part(root, '.inspected-label', HTMLElement);
  const verdict = part(root, '.inspected-verdict', HTMLElement);
  const error = part(root, '.tile-error', HTMLElement);
  const facts = part(root, '.facts', HTMLElement);
  const notes = part(root, '.inspected-notes', HTMLElement);
  const onMap = part(root, '.show-on-map', HTMLButtonElement);
  const bars = new Bars(part(root, '.bars', HTMLElement), BARS, (label) => heatmaps.choose(label));
  /** What is shown, or is on its way. @type {Blob | null} */
  let pictured = null;
  let shownId = '';

  const draw = beforePaint(() => {
    const tile = shown.all[selection.place];
    root.hidden = !tile;
    shownId = tile?.id ?? '';
    heatmaps.show(panel.hidden ? null : (tile ?? null));
    if (!tile || panel.hidden) return;
    const known = labelling.classOf(tile.classId);
    const answered = tile.state === 'done' ? tile.answer : null;
    name.textContent = tile.name;
    onMap.hidden = !isCell(tile);
    path.textContent = tile.path === tile.name ? '' : tile.path;
    label.replaceChildren(...(known ? ['Label: ', classTag(known, known.name)] : ['No label']));
    verdict.textContent = answered && tile.verdict ? '' : verdictSentence(tile);
    error.textContent = tile.error ? failureSentence(tile.error) : '';
    bars.show(answered?.probabilities ?? NO_PROBABILITIES, tile.labels, heatmaps.className);
    facts.textContent = [
      tile.facts && `${tile.facts.widthPx} × ${tile.facts.heightPx} ${tile.facts.format}`,
      answered && answered.decodeMs > 0 && `decoded in ${duration(answered.decodeMs)}`,
      answered && `classified in ${duration(answered.inferenceMs)}`,
    ].filter(Boolean).join(', ');
    notes.replaceChildren(...(answered ? tileNotes(tile) : []).map((sentence) => element('li', {}, sentence)));
    thumbnails.show(tile);
    showPicture(tile);
  });

  /** @param {Tile} tile */
  async function showPicture(tile) {
    const wanted = isPlain(tile) ? tile.source.file : tile.thumbnail;
    if (wanted === pictured) return;
    pictured = wanted;
    if (tile.thumbnail) await put(tile.thumbnail, wanted, 'centre');
    else picture.hidden = true;
    if (!wanted || wanted === tile.thumbnail) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    await put(wanted, wanted, 'whole');
  }

  /**
   * @param {Blob} blob
   * @param {Blob | null} wanted without which it comes too late
   * @param {'centre' | 'whole'} part of the tile that it shows: a thumbnail is the tile's centre square
   */
  async function put(blob, wanted, part) {
    if (wanted !== pictured) return;
    const decoded = await createImageBitmap(blob).catch(() => null);
    if (!decoded || wanted !== pictured) return decoded?.close();
    frame.dataset.shows = part;
    Object.assign(picture, { width: decoded.width, height: decoded.height, hidden: false });
    canvas?.transferFromImageBitmap(decoded);
  }

  onMap.addEventListener('click', () => {
    const tile = shown.all[selection.place];
    if (tile && isCell(tile)) showOnMap(tile);
  });
  for (const type of ['changed', 'described', 'pictured']) {
    tiles.addEventListener(type, (event) => tilesOf(event).some(({ id }) => id === shownId) && draw());
  }
  for (const type of ['added', 'removed']) tiles.addEventListener(type, draw);
  selection.addEventListener('changed', draw);
  heatmaps.addEventListener('changed', draw);
  shown.addEventListener('changed', draw);
  labelling.addEventListener('classes', draw);
  new ResizeObserver(draw).observe(panel);
}

/** Whether the browser shows the file as the engine reads it. @param {Tile} tile */
function isPlain({ source, facts }) {
  return facts !== null && PLAIN_FORMATS.has(facts.format) && facts.notes.length === 0 && !source.raster && facts.widthPx * facts.heightPx <= MOST_PIXELS;
}

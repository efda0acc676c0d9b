/** Selecting tiles and labelling them, by mouse and by keyboard alone. */

import { acceptSuggestions } from '../labels/suggestions.js';
import { LabelError } from '../labels/labelling.js';
import { button, byId, counted, isTyping } from './dom.js';
import { classIndexOf } from './label-keys.js';
import { orNotify } from './notices.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/selection.js').Selection} Selection */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {ReturnType<typeof import('./tile-grid.js').setUpTileGrid>} TileGrid */

/** The kind of data that a dragged tile carries: ids, with spaces between. */
export const DRAGGED_TILES = 'application/x-tilelens-tiles';

/**
 * @param {{ tiles: TileList, labelling: Labelling, shown: ShownTiles, selection: Selection }} page
 * @param {TileGrid} tileGrid
 * @param {(tile: Tile) => void} findSimilar
 */
export function setUpTileSelection({ tiles, labelling, shown, selection }, tileGrid, findSimilar) {
  const grid = byId('tile-grid', HTMLElement);
  const bar = byId('selection', HTMLElement);
  /** Where a range that is selected with Shift begins. @type {Tile | null} */
  let anchor = null;

  /** The tile on whose card something is. @param {EventTarget | null} target */
  function tileAt(target) {
    const card = target instanceof Element ? target.closest('article.tile') : null;
    return card instanceof HTMLElement ? tiles.get(card.dataset.id ?? '') : undefined;
  }

  const accept = (/** @type {Tile[]} */ wanted) => orNotify(LabelError, () => acceptSuggestions(labelling, wanted));

  function showSelection() {
    const { size } = selection;
    // Buttons that stay keep the focus, while answers stream in.
    if (bar.dataset.count === String(size)) return;
    bar.dataset.count = String(size);
    bar.hidden = size === 0;
    bar.replaceChildren(
      `${counted(size, 'tile')} selected`,
      button('Remove the label', () => labelling.assign(selection.tiles, null)),
      button('Accept suggestions', () => accept(selection.tiles)),
      button('Remove', () => remove(selection.tiles)),
      button('Select all shown', () => selection.select(shown.all, true)),
      button('Select none', () => selection.clear()),
    );
  }
  selection.addEventListener('changed', showSelection);

  /** @param {Tile[]} gone */
  function remove(gone) {
    const place = shown.placeOf(gone[0].id);
    const leaving = new Set(gone);
    const neighbour = [...shown.all.slice(place), ...shown.all.slice(0, place).reverse()].find((tile) => !leaving.has(tile));
    labelling.removeTiles(gone);
    if (neighbour) tileGrid.focus(neighbour);
    else document.getElementById('choose-files')?.focus();
  }

  /** Labels the selection, or else the tile in focus and goes on to the next without a label. @param {(tiles: Tile[]) => void} label */
  function labelAndGoOn(label) {
    const tile = tileAt(document.activeElement);
    if (selection.size > 0) {
      label(selection.tiles);
    } else if (tile) {
      const later = shown.all.slice(shown.placeOf(tile.id) + 1);
      label([tile]);
      const next = later.find(({ classId }) => classId === null) ?? later[0];
      if (next) tileGrid.focus(next);
    } else {
      return false;
    }
    return true;
  }

  /** @param {KeyboardEvent} event @param {Tile} tile */
  function move(event, tile) {
    const place = shown.placeOf(tile.id);
    const last = shown.all.length - 1;
    const { columns } = tileGrid;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -place, End: last };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return false;
    const target = shown.all[Math.min(last, Math.max(0, place + step))];
    if (event.shiftKey) selection.select([tile, target], true);
    tileGrid.focus(target);
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something */
  function onKey(event) {
    const tile = tileAt(event.target);
    if (tile && move(event, tile)) return true;
    const wanted = labelling.classes[classIndexOf(event)];
    if (wanted) return labelAndGoOn((chosen) => labelling.assign(chosen, wanted));
    const isOnButton = event.target instanceof HTMLButtonElement;
    if (event.key === 'Enter' && tile && !isOnButton) return labelAndGoOn(accept);
    if ((event.key === 'Backspace' || event.key === 'Delete') && tile) return labelAndGoOn((chosen) => labelling.assign(chosen, null));
    if (event.key === 'a' && (event.ctrlKey || event.metaKey) && tile) {
      selection.select(shown.all, true);
      return true;
    }
    if (event.key === 'Escape' && selection.size > 0) {
      selection.clear();
      return true;
    }
    return false;
  }

  document.addEventListener('keydown', (event) => {
    if (!isTyping(event.target) && onKey(event)) event.preventDefault();
  });

  grid.addEventListener('click', (event) => {
    const tile = tileAt(event.target);
    if (!tile || !(event.target instanceof Element)) return;
    if (event.target.closest('.remove')) remove([tile]);
    else if (event.target.closest('.accept')) accept([tile]);
    else if (event.target.closest('.similar')) findSimilar(tile);
    else if (event.target.closest('.picture, .select')) choose(tile, event);
  });

  /** @param {Tile} tile @param {MouseEvent} event */
  function choose(tile, event) {
    const from = event.shiftKey && anchor ? shown.placeOf(anchor.id) : -1;
    const to = shown.placeOf(tile.id);
    if (from < 0) selection.select([tile], !selection.has(tile.id));
    else selection.select(shown.all.slice(Math.min(from, to), Math.max(from, to) + 1), true);
    anchor = tile;
    tileGrid.focus(tile);
  }

  grid.addEventListener('dragstart', (event) => {
    const tile = tileAt(event.target);
    if (!tile || !event.dataTransfer) return;
    const dragged = selection.has(tile.id) ? selection.tiles : [tile];
    event.dataTransfer.setData(DRAGGED_TILES, dragged.map(({ id }) => id).join(' '));
    event.dataTransfer.effectAllowed = 'copy';
  });

  // Tab or a click may bring the focus to a card by itself.
  grid.addEventListener('focusin', (event) => {
    const tile = tileAt(event.target);
    if (tile && shown.placeOf(tile.id) !== selection.place) selection.activate(tile);
  });
}

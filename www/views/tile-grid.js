/** The cards of all tiles. Work is spread over frames, so that a thousand new tiles do not stop the page. */

import { passes, sorted } from '../tiles/arrangement.js';
import { beforePaint, byId } from './dom.js';
import { createCard, updateCard } from './tile-card.js';

/** @typedef {import('../tiles/arrangement.js').ClassFilter} ClassFilter */
/** @typedef {import('../tiles/arrangement.js').ConfidenceFilter} ConfidenceFilter */
/** @typedef {import('../tiles/arrangement.js').Order} Order */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../tiles/tile-list.js').TilesEvent} TilesEvent */
/** @typedef {{ order: Order, byClass: ClassFilter, byConfidence: ConfidenceFilter }} Arrangement */

/** Cards made or changed in one frame. */
const CARDS_A_FRAME = 8;

/** While answers stream in, the order is kept up this often. */
const REORDER_INTERVAL_MS = 500;

/** @param {TileList} tiles */
export function setUpTileGrid(tiles) {
  const grid = byId('tile-grid', HTMLElement);
  const noneShown = byId('none-shown', HTMLElement);
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map();
  /** Whose card is missing or out of date. @type {Set<Tile>} */
  const stale = new Set();
  /** @type {Arrangement} */
  let arrangement = { order: 'added', byClass: { kind: 'all' }, byConfidence: {} };
  let reorderedAtMs = 0;

  const draw = beforePaint(() => {
    for (const tile of [...stale].slice(0, CARDS_A_FRAME)) {
      stale.delete(tile);
      drawCard(tile);
    }
    showHowMany();
    if (stale.size > 0) draw();
    const nowMs = performance.now();
    if (arrangement.order !== 'added' && (stale.size === 0 || nowMs - reorderedAtMs > REORDER_INTERVAL_MS)) {
      reorderedAtMs = nowMs;
      reorder();
    }
  });

  /** @param {Tile} tile */
  function drawCard(tile) {
    let card = cards.get(tile.id);
    if (card) {
      updateCard(card, tile);
    } else {
      card = createCard(tile);
      cards.set(tile.id, card);
      grid.append(card);
    }
    card.hidden = !passes(tile, arrangement.byClass, arrangement.byConfidence);
  }

  function reorder() {
    let next = grid.firstElementChild;
    for (const { id } of sorted(tiles.all, arrangement.order)) {
      const card = cards.get(id);
      if (!card) continue;
      if (card === next) next = next.nextElementSibling;
      else grid.insertBefore(card, next);
    }
  }

  function showHowMany() {
    noneShown.hidden = tiles.size === 0 || [...cards.values()].some((card) => !card.hidden);
  }

  /** @param {Event} event */
  const refresh = (event) => {
    for (const tile of /** @type {TilesEvent} */ (event).detail.tiles) stale.add(tile);
    draw();
  };
  tiles.addEventListener('added', refresh);
  tiles.addEventListener('changed', refresh);
  tiles.addEventListener('removed', (event) => {
    for (const tile of /** @type {TilesEvent} */ (event).detail.tiles) {
      stale.delete(tile);
      cards.get(tile.id)?.remove();
      cards.delete(tile.id);
    }
    showHowMany();
  });
  grid.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button.remove') : null;
    const card = /** @type {HTMLElement | null} */ (button?.closest('article.tile') ?? null);
    if (!card?.dataset.id) return;
    const shown = [...grid.querySelectorAll('article.tile:not([hidden])')];
    const place = shown.indexOf(card);
    tiles.remove(card.dataset.id);
    const neighbour = shown[place + 1] ?? shown[place - 1];
    (neighbour?.querySelector('button') ?? document.getElementById('choose-files'))?.focus();
  });

  return {
    /** @param {Arrangement} wanted */
    arrange(wanted) {
      arrangement = wanted;
      for (const tile of tiles.all) {
        const card = cards.get(tile.id);
        if (card) card.hidden = !passes(tile, wanted.byClass, wanted.byConfidence);
      }
      reorder();
      showHowMany();
    },
  };
}

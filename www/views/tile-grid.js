/** The cards of all tiles. Work is spread over frames, so that a thousand new tiles do not stop the page. */

import { passes, sorted } from '../tiles/arrangement.js';
import { tilesOf } from '../tiles/tile-list.js';
import { beforePaint, byId, part } from './dom.js';
import { createCard, updateCard } from './tile-card.js';

/** @typedef {import('../tiles/arrangement.js').ClassFilter} ClassFilter */
/** @typedef {import('../tiles/arrangement.js').ConfidenceFilter} ConfidenceFilter */
/** @typedef {import('../tiles/arrangement.js').Order} Order */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */

/**
 * @typedef {object} Arrangement
 * @property {Order} order
 * @property {ClassFilter} byClass
 * @property {ConfidenceFilter} byConfidence
 * @property {string} byLabel `any`, `none` or a class's id
 * @property {Map<string, number> | null} spotlight the tiles that alone are shown, whatever the rest says, and their places
 */

/** Cards made or changed in one frame. */
const CARDS_A_FRAME = 8;

/** While answers stream in, the order is kept up this often. */
const REORDER_INTERVAL_MS = 500;

/**
 * @param {TileList} tiles
 * @param {Labelling} labelling
 */
export function setUpTileGrid(tiles, labelling) {
  const grid = byId('tile-grid', HTMLElement);
  const noneShown = byId('none-shown', HTMLElement);
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map();
  /** Whose card is missing or out of date. @type {Set<Tile>} */
  const stale = new Set();
  /** @type {Arrangement} */
  let arrangement = { order: 'added', byClass: { kind: 'all' }, byConfidence: {}, byLabel: 'any', spotlight: null };
  let reorderedAtMs = 0;

  const draw = beforePaint(() => {
    for (const tile of [...stale].slice(0, CARDS_A_FRAME)) {
      stale.delete(tile);
      drawCard(tile);
    }
    showHowMany();
    if (stale.size > 0) {
      draw();
    } else {
      grid.ariaBusy = 'false';
      tell();
    }
    const nowMs = performance.now();
    if (arrangement.order !== 'added' && !arrangement.spotlight && (stale.size === 0 || nowMs - reorderedAtMs > REORDER_INTERVAL_MS)) {
      reorderedAtMs = nowMs;
      reorder();
    }
  });

  /** @param {Tile} tile */
  function drawCard(tile) {
    let card = cards.get(tile.id);
    if (card) {
      updateCard(card, tile, labelling.classOf(tile.classId));
    } else {
      card = createCard(tile, labelling.classOf(tile.classId));
      cards.set(tile.id, card);
      grid.append(card);
    }
    showCard(card, tile);
  }

  /** What is hidden is not selected: nobody would see what a key does to it. @param {HTMLElement} card @param {Tile} tile */
  function showCard(card, tile) {
    card.hidden = !isShown(tile);
    if (card.hidden) part(card, '.select', HTMLInputElement).checked = false;
  }

  /** @param {Tile} tile */
  function isShown(tile) {
    const { spotlight, byClass, byConfidence, byLabel } = arrangement;
    if (spotlight) return spotlight.has(tile.id);
    const hasLabel = byLabel === 'any' || tile.classId === (byLabel === 'none' ? null : byLabel);
    return hasLabel && passes(tile, byClass, byConfidence);
  }

  function inOrder() {
    const { spotlight, order } = arrangement;
    if (!spotlight) return sorted(tiles.all, order);
    const place = (/** @type {Tile} */ { id }) => spotlight.get(id) ?? Infinity;
    return tiles.all.toSorted((a, b) => place(a) - place(b) || 0);
  }

  function reorder() {
    let next = grid.firstElementChild;
    for (const { id } of inOrder()) {
      const card = cards.get(id);
      if (!card) continue;
      if (card === next) next = next.nextElementSibling;
      else grid.insertBefore(card, next);
    }
  }

  /** Other cards are shown than before, or others are hidden. */
  function tell() {
    grid.dispatchEvent(new Event('shown'));
  }

  function showHowMany() {
    noneShown.hidden = tiles.size === 0 || [...cards.values()].some((card) => !card.hidden);
  }

  const refresh = (/** @type {Tile[]} */ changed) => {
    for (const tile of changed) if (tiles.get(tile.id) === tile) stale.add(tile);
    if (stale.size > 0) grid.ariaBusy = 'true';
    draw();
  };
  tiles.addEventListener('added', (event) => refresh(tilesOf(event)));
  tiles.addEventListener('changed', (event) => refresh(tilesOf(event)));
  labelling.addEventListener('classes', () => refresh(tiles.all.filter(({ classId }) => classId !== null)));
  tiles.addEventListener('removed', (event) => {
    for (const tile of tilesOf(event)) {
      stale.delete(tile);
      cards.get(tile.id)?.remove();
      cards.delete(tile.id);
    }
    showHowMany();
    tell();
  });

  return {
    /** @param {Arrangement} wanted */
    arrange(wanted) {
      arrangement = wanted;
      for (const tile of tiles.all) {
        const card = cards.get(tile.id);
        if (card) showCard(card, tile);
      }
      reorder();
      showHowMany();
      tell();
    },
  };
}

/**
 * The cards of the tiles. Of ten thousand tiles only those near the window have a card. All cards have one size, so that
 * nothing is measured while the grid scrolls.
 */

import { Virtualizer, defaultRangeExtractor, observeWindowOffset, observeWindowRect, windowScroll } from '@tanstack/virtual-core';
import { tilesOf } from '../tiles/tile-list.js';
import { beforePaint, byId, element } from './dom.js';
import { onTiles } from './on-tiles.js';
import { remember, remembered } from './remembered.js';
import { TileCard } from './tile-card.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/classification.js').Classification} Classification */
/** @typedef {import('../tiles/selection.js').Selection} Selection */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/thumbnails.js').Thumbnails} Thumbnails */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** The height of a card's text below its square picture, in the page's letters: its class, and in larger cards its name, too. */
const TEXT_HEIGHT_REM = { small: 1.5, named: 2.9 };
/** Narrower cards are without a name. */
const NAMED_FROM_PX = 130;

/** As in style.css. */
const PHONE_PX = 700;

/** Rows that are ready above and below the window. */
const OVERSCAN_ROWS = 2;

/**
 * @param {{ tiles: TileList, labelling: Labelling, shown: ShownTiles, selection: Selection, classification: Classification, thumbnails: Thumbnails }} page
 */
export function setUpTileGrid({ tiles, labelling, shown, selection, classification, thumbnails }) {
  const grid = byId('tile-grid', HTMLElement);
  const top = byId('top', HTMLElement);
  const toolbar = byId('toolbar', HTMLElement);
  const noneShown = byId('none-shown', HTMLElement);
  /** Those in the page, by the tile's id. @type {Map<string, TileCard>} */
  const cards = new Map();
  /** Those that are out of the page, to show other tiles. @type {TileCard[]} */
  const spare = [];
  /** Those in the page, by their place. @type {Map<number, HTMLElement>} */
  const rows = new Map();
  /** Tiles whose card is out of date. @type {Set<string>} */
  const stale = new Set();
  let widthPx = 0;
  let columns = 1;
  let gapPx = 0;
  let cardWidthPx = 0;
  let cardHeightPx = 0;

  /** @returns {import('@tanstack/virtual-core').VirtualizerOptions<Window, HTMLElement>} */
  const options = () => ({
    count: Math.ceil(shown.all.length / columns),
    gap: gapPx,
    scrollMargin: grid.getBoundingClientRect().top + window.scrollY,
    scrollPaddingStart: [top, toolbar].reduce((sum, bar) => sum + (getComputedStyle(bar).position === 'sticky' ? bar.offsetHeight : 0), 0),
    estimateSize: () => cardHeightPx,
    overscan: OVERSCAN_ROWS,
    // The row of the keyboard stays in the page however far it is scrolled away, or the focus would be lost.
    rangeExtractor: (range) => withRow(defaultRangeExtractor(range), activeRow()),
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    onChange: () => draw(),
  });
  const virtualizer = new Virtualizer(options());

  const activeRow = () => Math.floor(selection.place / columns);

  function drawNow() {
    // Before there are tiles, and in another view, the grid has no width; as soon as it has one it is measured and drawn.
    if (widthPx === 0) {
      grid.ariaBusy = 'false';
      return;
    }
    const isUpToDate = shown.refresh();
    virtualizer.setOptions(options());
    virtualizer._willUpdate();
    noneShown.hidden = tiles.size === 0 || shown.all.length > 0;
    grid.style.height = `${virtualizer.getTotalSize()}px`;
    keepingFocus(() => drawRows(virtualizer.getVirtualItems(), virtualizer.options.scrollMargin));
    if (isUpToDate) grid.ariaBusy = 'false';
    else draw();
  }
  const draw = beforePaint(drawNow);

  /**
   * @param {import('@tanstack/virtual-core').VirtualItem[]} items
   * @param {number} top where the grid begins on the page
   */
  function drawRows(items, top) {
    const wanted = new Set(items.map(({ index }) => index));
    for (const [index, row] of rows) {
      if (wanted.has(index)) continue;
      row.remove();
      rows.delete(index);
    }
    releaseCards(items);
    let next = grid.firstElementChild;
    for (const { index, start } of items) {
      const row = rows.get(index) ?? createRow(index);
      row.style.transform = `translateY(${start - top}px)`;
      const inRow = shown.all.slice(index * columns, (index + 1) * columns).map((tile, place) => cardOf(tile, index * columns + place));
      if (inRow.length !== row.children.length || inRow.some((card, place) => card !== row.children[place])) row.replaceChildren(...inRow);
      if (row === next) next = next.nextElementSibling;
      else grid.insertBefore(row, next);
    }
    stale.clear();
  }

  /** Whose tile is not in these rows. @param {import('@tanstack/virtual-core').VirtualItem[]} items */
  function releaseCards(items) {
    const kept = new Set(items.flatMap(({ index }) => shown.all.slice(index * columns, (index + 1) * columns).map(({ id }) => id)));
    for (const [id, card] of cards) {
      if (kept.has(id)) continue;
      card.element.remove();
      card.clear();
      cards.delete(id);
      spare.push(card);
    }
  }

  /** @param {number} index */
  function createRow(index) {
    const row = element('div', { className: 'tile-row', role: 'presentation' });
    row.dataset.index = String(index);
    rows.set(index, row);
    return row;
  }

  /** @param {Tile} tile @param {number} place */
  function cardOf(tile, place) {
    thumbnails.show(tile);
    const known = cards.get(tile.id);
    const card = known ?? spare.pop() ?? new TileCard();
    if (!known || stale.has(tile.id)) {
      const isActive = place === selection.place;
      card.show(tile, { label: labelling.classOf(tile.classId), isSelected: selection.has(tile.id), isActive, widthPx: cardWidthPx });
      cards.set(tile.id, card);
    }
    card.element.ariaPosInSet = String(place + 1);
    card.element.ariaSetSize = String(shown.all.length);
    return card.element;
  }

  /** A card that moves to another row would lose the focus. @param {() => void} work */
  function keepingFocus(work) {
    const focused = document.activeElement;
    work();
    if (focused instanceof HTMLElement && focused !== document.activeElement && grid.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** Another width has other columns; what was at the top of the window stays there. */
  function measure() {
    widthPx = grid.clientWidth;
    if (widthPx === 0) return;
    const style = getComputedStyle(grid);
    const tracks = style.gridTemplateColumns.split(' ');
    const firstInSight = (virtualizer.range?.startIndex ?? 0) * columns;
    const isScrolledInto = window.scrollY > virtualizer.options.scrollMargin;
    const isOtherwise = tracks.length !== columns;
    columns = tracks.length;
    gapPx = parseFloat(style.rowGap) || 0;
    cardWidthPx = parseFloat(tracks[0]);
    const density = cardWidthPx < NAMED_FROM_PX ? 'small' : 'named';
    cardHeightPx = Math.round(cardWidthPx + TEXT_HEIGHT_REM[density] * parseFloat(getComputedStyle(document.documentElement).fontSize));
    grid.dataset.density = density;
    grid.style.setProperty('--card-height', `${cardHeightPx}px`);
    virtualizer.setOptions(options());
    virtualizer.measure();
    if (isOtherwise && isScrolledInto) virtualizer.scrollToIndex(Math.floor(firstInSight / columns), { align: 'start' });
    for (const id of cards.keys()) stale.add(id);
    drawNow();
  }
  new ResizeObserver(() => grid.clientWidth !== widthPx && measure()).observe(grid);
  // What stands above the grid may grow: notices, panels on a phone.
  new ResizeObserver(draw).observe(document.body);

  const outdate = (/** @type {Iterable<string>} */ ids) => {
    for (const id of ids) if (cards.has(id)) stale.add(id);
    grid.ariaBusy = 'true';
  };
  const refresh = (/** @type {Iterable<string>} */ ids) => {
    outdate(ids);
    draw();
  };
  const types = ['added', 'changed', 'described', 'pictured', 'removed'];
  for (const type of types) tiles.addEventListener(type, (event) => outdate(tilesOf(event).map(({ id }) => id)));
  onTiles(tiles, types, draw);
  // The last answer, which else would wait for its turn.
  classification.addEventListener('ended', draw);
  labelling.addEventListener('classes', () => refresh(cards.keys()));
  // With another order another card may be the one that Tab leads to.
  shown.addEventListener('changed', () => refresh(cards.keys()));
  selection.addEventListener('changed', (event) => refresh(/** @type {CustomEvent<{ ids: string[] }>} */ (event).detail.ids));

  const size = byId('tile-size', HTMLInputElement);
  const resize = () => {
    document.documentElement.style.setProperty('--tile-size', `${size.value}px`);
    measure();
  };
  // On a phone, three beside each other.
  if (window.innerWidth <= PHONE_PX) size.value = '112';
  else size.value = String(remembered('tilelens-window', 'tileSize', Number(size.value)));
  size.addEventListener('input', resize);
  size.addEventListener('change', () => window.innerWidth > PHONE_PX && remember('tilelens-window', { tileSize: Number(size.value) }));
  resize();

  return {
    get columns() {
      return columns;
    },
    /** Scrolls to a shown tile and takes the keyboard there. @param {Tile} tile */
    focus(tile) {
      selection.activate(tile);
      drawNow();
      virtualizer.scrollToIndex(activeRow(), { align: 'auto' });
      cards.get(tile.id)?.focus();
    },
  };
}

/**
 * @param {number[]} rows in order
 * @param {number} row
 */
function withRow(rows, row) {
  return row < 0 || rows.includes(row) ? rows : [...rows, row].sort((a, b) => a - b);
}

/** The tiles that pass the filters, in order: what the grid shows, and what the keyboard walks through. */

import { passes, sorted } from './arrangement.js';

/** @typedef {import('./arrangement.js').ClassFilter} ClassFilter */
/** @typedef {import('./arrangement.js').ConfidenceFilter} ConfidenceFilter */
/** @typedef {import('./arrangement.js').Order} Order */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {import('./tile-list.js').TileList} TileList */

/**
 * @typedef {object} Arrangement
 * @property {Order} order
 * @property {ClassFilter} byClass
 * @property {ConfidenceFilter} byConfidence
 * @property {string} byLabel `any`, `none` or a class's id
 * @property {Map<string, number> | null} spotlight the tiles that alone are shown, whatever the rest says, and their places
 */

/** While answers stream in, the order is kept up this often. */
const REORDER_INTERVAL_MS = 500;

/** The event `changed`: others are shown, or in another order. */
export class ShownTiles extends EventTarget {
  #tiles;
  /** @type {Arrangement} */
  #arrangement = { order: 'added', byClass: { kind: 'all' }, byConfidence: {}, byLabel: 'any', spotlight: null };
  /** @type {Tile[]} */
  #shown = [];
  /** Each shown tile's place, by its id. @type {Map<string, number>} */
  #places = new Map();
  /** What happened since the list was made: nothing, other answers or labels, other tiles. @type {'nothing' | 'answers' | 'tiles'} */
  #news = 'nothing';
  #orderedAtMs = 0;

  /** @param {TileList} tiles */
  constructor(tiles) {
    super();
    this.#tiles = tiles;
    for (const type of ['added', 'removed']) tiles.addEventListener(type, () => (this.#news = 'tiles'));
    tiles.addEventListener('changed', () => {
      if (this.#news === 'nothing') this.#news = 'answers';
    });
  }

  get all() {
    if (this.#news === 'tiles') this.#update();
    return this.#shown;
  }

  /**
   * The tile's place in {@link all}; -1 where it is not shown.
   * @param {string} id
   */
  placeOf(id) {
    if (this.#news === 'tiles') this.#update();
    return this.#places.get(id) ?? -1;
  }

  /** @param {Arrangement} wanted */
  arrange(wanted) {
    this.#arrangement = wanted;
    this.#update();
  }

  /**
   * Takes up what happened to the tiles meanwhile.
   * @returns {boolean} whether the list is up to date; if not, the answers come too fast to sort by each, and it is in a while
   */
  refresh() {
    const { order, spotlight } = this.#arrangement;
    const isTooSoon = order !== 'added' && !spotlight && performance.now() - this.#orderedAtMs < REORDER_INTERVAL_MS;
    if (this.#news === 'answers' && isTooSoon) return false;
    if (this.#news !== 'nothing') this.#update();
    return true;
  }

  #update() {
    this.#news = 'nothing';
    this.#orderedAtMs = performance.now();
    const shown = this.#inOrder().filter((tile) => this.#passes(tile));
    if (shown.length === this.#shown.length && shown.every((tile, place) => tile === this.#shown[place])) return;
    this.#shown = shown;
    this.#places = new Map(shown.map(({ id }, place) => [id, place]));
    this.dispatchEvent(new Event('changed'));
  }

  #inOrder() {
    const { spotlight, order } = this.#arrangement;
    if (!spotlight) return sorted(this.#tiles.all, order);
    const place = (/** @type {Tile} */ { id }) => spotlight.get(id) ?? Infinity;
    return this.#tiles.all.toSorted((a, b) => place(a) - place(b) || 0);
  }

  /** @param {Tile} tile */
  #passes(tile) {
    // Nobody looks for ground in a cell of no data: the map shows where they are.
    if (tile.source.kind === 'window' && tile.error?.code === 'image.no_data') return false;
    const { spotlight, byClass, byConfidence, byLabel } = this.#arrangement;
    if (spotlight) return spotlight.has(tile.id);
    const hasLabel = byLabel === 'any' || tile.classId === (byLabel === 'none' ? null : byLabel);
    return hasLabel && passes(tile, byClass, byConfidence);
  }
}

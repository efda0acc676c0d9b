/** Some tiles that alone are shown, in an order of their own: those like another, those to label next, … */

/** @typedef {import('./tile-list.js').Tile} Tile */

/** The event `changed`. */
export class Spotlight extends EventTarget {
  /** What is shown, in words; empty where nothing is. */
  title = '';
  /** The place of each tile by its id. @type {Map<string, number> | null} */
  ranks = null;

  /**
   * @param {string} title
   * @param {string[]} tileIds in order
   */
  show(title, tileIds) {
    this.title = title;
    this.ranks = new Map(tileIds.map((id, place) => [id, place]));
    this.dispatchEvent(new Event('changed'));
  }

  clear() {
    this.title = '';
    this.ranks = null;
    this.dispatchEvent(new Event('changed'));
  }
}

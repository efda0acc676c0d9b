/** Which of the shown tiles are selected, and at which one the keyboard is. */

/** @typedef {import('./shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('./tile-list.js').Tile} Tile */

/** The event `changed`, with the ids of the tiles that look otherwise in its detail. */
export class Selection extends EventTarget {
  #shown;
  /** @type {Set<string>} */
  #selected = new Set();
  /** @type {string | null} */
  #active = null;

  /** @param {ShownTiles} shown */
  constructor(shown) {
    super();
    this.#shown = shown;
    // Nobody would see what a key does to a tile that is hidden.
    shown.addEventListener('changed', () => {
      const hidden = [...this.#selected].filter((id) => shown.placeOf(id) < 0);
      for (const id of hidden) this.#selected.delete(id);
      this.#tell(hidden);
    });
  }

  /** The selected tiles, as they are shown. */
  get tiles() {
    return this.#selected.size === 0 ? [] : this.#shown.all.filter(({ id }) => this.#selected.has(id));
  }

  get size() {
    return this.#selected.size;
  }

  /** Where the keyboard is: before a tile was chosen, at the first one. -1 where no tile is shown. */
  get place() {
    const place = this.#active === null ? -1 : this.#shown.placeOf(this.#active);
    return place < 0 ? Math.min(0, this.#shown.all.length - 1) : place;
  }

  /** @param {string} id */
  has(id) {
    return this.#selected.has(id);
  }

  /**
   * @param {Tile[]} tiles
   * @param {boolean} isSelected
   */
  select(tiles, isSelected) {
    for (const { id } of tiles) {
      if (isSelected) this.#selected.add(id);
      else this.#selected.delete(id);
    }
    this.#tell(tiles.map(({ id }) => id));
  }

  clear() {
    const before = [...this.#selected];
    this.#selected.clear();
    this.#tell(before);
  }

  /** Takes the keyboard there. @param {Tile} tile */
  activate({ id }) {
    const before = this.#shown.all[this.place];
    this.#active = id;
    this.#tell(before ? [before.id, id] : [id]);
  }

  /** @param {string[]} ids */
  #tell(ids) {
    if (ids.length > 0) this.dispatchEvent(new CustomEvent('changed', { detail: { ids } }));
  }
}

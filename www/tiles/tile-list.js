/** The tiles on the page and what is known of each. */

/** @typedef {import('../messages.js').Failure} Failure */
/** @typedef {import('../messages.js').TileAnswer} TileAnswer */
/** @typedef {'queued' | 'working' | 'done' | 'error' | 'cancelled'} TileState */
/** @typedef {{ className: string, confidence: number }} Verdict The most probable class. */

/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} name the file's name
 * @property {string} path with its folders, where it came in a folder
 * @property {Blob} file
 * @property {TileState} state
 * @property {TileAnswer | null} answer
 * @property {string[]} labels those of the model that gave the answer
 * @property {Verdict | null} verdict
 * @property {Failure | null} error
 * @property {string | null} thumbnailUrl
 */

/** @typedef {CustomEvent<{ tiles: Tile[] }>} TilesEvent */

/**
 * Events: `added`, `changed` and `removed`, each with the tiles in its detail.
 */
export class TileList extends EventTarget {
  /** In the order in which they were added. @type {Map<string, Tile>} */
  #tiles = new Map();
  #lastId = 0;

  get all() {
    return [...this.#tiles.values()];
  }

  get size() {
    return this.#tiles.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#tiles.get(id);
  }

  /** @param {TileState} state */
  inState(state) {
    return this.all.filter((tile) => tile.state === state);
  }

  /** @param {{ name: string, path: string, file: Blob }[]} files */
  add(files) {
    const tiles = files.map((file) => {
      this.#lastId += 1;
      /** @type {Tile} */
      const tile = {
        ...file,
        id: String(this.#lastId),
        state: 'queued',
        answer: null,
        labels: [],
        verdict: null,
        error: null,
        thumbnailUrl: null,
      };
      this.#tiles.set(tile.id, tile);
      return tile;
    });
    this.#tell('added', tiles);
  }

  /**
   * @param {Tile[]} tiles
   * @param {TileState} state
   */
  mark(tiles, state) {
    for (const tile of tiles) tile.state = state;
    this.#tell('changed', tiles);
  }

  /**
   * @param {Tile} tile
   * @param {TileAnswer} answer
   * @param {string[]} labels
   */
  answer(tile, answer, labels) {
    const top = answer.probabilities.reduce((best, value, index, all) => (value > all[best] ? index : best), 0);
    if (answer.thumbnail) {
      if (tile.thumbnailUrl) URL.revokeObjectURL(tile.thumbnailUrl);
      tile.thumbnailUrl = URL.createObjectURL(answer.thumbnail);
    }
    Object.assign(tile, {
      state: 'done',
      answer,
      labels,
      verdict: { className: labels[top], confidence: answer.probabilities[top] },
      error: null,
    });
    this.#tell('changed', [tile]);
  }

  /**
   * @param {Tile} tile
   * @param {Failure} error
   */
  fail(tile, error) {
    Object.assign(tile, { state: 'error', answer: null, verdict: null, error });
    this.#tell('changed', [tile]);
  }

  /** What another model said of the tiles no longer holds: all but the cancelled ones wait again. */
  forgetAnswers() {
    for (const tile of this.all) {
      Object.assign(tile, { answer: null, labels: [], verdict: null, error: null });
      if (tile.state !== 'cancelled') tile.state = 'queued';
    }
    this.#tell('changed', this.all);
  }

  /** @param {string} id */
  remove(id) {
    const tile = this.#tiles.get(id);
    if (tile) this.#drop([tile]);
  }

  clear() {
    this.#drop(this.all);
  }

  /** @param {Tile[]} tiles */
  #drop(tiles) {
    for (const { id, thumbnailUrl } of tiles) {
      this.#tiles.delete(id);
      if (thumbnailUrl) URL.revokeObjectURL(thumbnailUrl);
    }
    this.#tell('removed', tiles);
  }

  /**
   * @param {string} type
   * @param {Tile[]} tiles
   */
  #tell(type, tiles) {
    if (tiles.length > 0) this.dispatchEvent(new CustomEvent(type, { detail: { tiles } }));
  }
}

/**
 * Pictures of cells, made when they are looked at: a scene may have a hundred thousand, of which few are ever seen. The
 * least lately seen are let go of.
 */

import { tilesOf } from './tile-list.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {import('./tile-list.js').TileList} TileList */

/** A screen of small cards, some times over. */
const MOST_KEPT = 2000;
const AT_ONCE = 24;

export class Thumbnails {
  /** Wanted and not asked for yet; who was looked at last comes first. @type {Tile[]} */
  #wanted = [];
  /** Asked for, or tried in vain. @type {Set<string>} */
  #asked = new Set();
  /** Those that have one, the latest last. @type {Set<string>} */
  #kept = new Set();
  #isAtWork = false;
  #session;
  #tiles;

  /** @param {{ session: Session, tiles: TileList }} page */
  constructor({ session, tiles }) {
    this.#session = session;
    this.#tiles = tiles;
    session.addEventListener('status', () => session.status.state === 'ready' && this.#work());
    // Another look is another picture.
    tiles.addEventListener('changed', (event) => {
      for (const { id, state } of tilesOf(event)) if (state === 'queued') this.#asked.delete(id);
    });
  }

  /** The tile is in sight. @param {Tile} tile */
  show(tile) {
    if (tile.source.kind !== 'window') return;
    if (tile.thumbnail) {
      this.#kept.delete(tile.id);
      this.#kept.add(tile.id);
    } else if (!this.#asked.has(tile.id)) {
      this.#asked.add(tile.id);
      this.#wanted.unshift(tile);
      this.#work();
    }
  }

  async #work() {
    if (this.#isAtWork || this.#session.status.state !== 'ready') return;
    this.#isAtWork = true;
    // All that one drawing wants is asked for together.
    await Promise.resolve();
    while (this.#wanted.length > 0) {
      const some = this.#wanted.splice(0, AT_ONCE);
      // Who has scrolled on meanwhile would wait for what is out of sight: it is asked for when it is seen again.
      for (const { id } of this.#wanted.splice(MOST_KEPT)) this.#asked.delete(id);
      const pictures = await this.#session.ask('thumbnails', { tiles: some.map(({ id, source }) => ({ tileId: id, source })) }).catch(() => {
        // The engine ended: they are asked for when they are seen again.
        for (const { id } of some) this.#asked.delete(id);
        return [];
      });
      for (const { tileId, thumbnail } of pictures) this.#take(tileId, thumbnail);
    }
    this.#isAtWork = false;
  }

  /** @param {string} tileId @param {Blob} thumbnail */
  #take(tileId, thumbnail) {
    const tile = this.#tiles.get(tileId);
    if (!tile) return;
    this.#kept.add(tileId);
    this.#tiles.picture(tile, thumbnail);
    for (const oldest of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
      this.#asked.delete(oldest);
      const gone = this.#tiles.get(oldest);
      if (gone) gone.thumbnail = null;
    }
  }
}

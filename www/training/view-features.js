/** Computes the features of a tile's eight views, where they are missing: once a tile, and then they are kept. */

import { hasFeatures } from '../tiles/features.js';

/** @typedef {import('../engine/session.js').Session} Session */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** The flips and quarter turns of a square. */
export const VIEWS = 8;

/** Few enough that the user's next wish is felt at once. */
const CHUNK_TILES = 4;

export class ViewFeatures {
  #session;
  #tiles;

  /**
   * @param {Session} session
   * @param {TileList} tiles
   */
  constructor(session, tiles) {
    this.#session = session;
    this.#tiles = tiles;
  }

  /**
   * Whether the features that the loaded model's backbone gives are there.
   * @param {Tile} tile
   * @param {number} views
   */
  has(tile, views) {
    return hasFeatures(tile, this.#backbone, views);
  }

  get #backbone() {
    return this.#session.status.loaded?.info.backbone ?? '';
  }

  /**
   * Computes what is missing. Tiles that cannot be read are marked as such.
   * @param {Tile[]} tiles
   * @param {(done: number, total: number) => void} onProgress
   * @param {AbortSignal} signal ends it after the tiles that are at work
   */
  async complete(tiles, onProgress, signal) {
    const missing = tiles.filter((tile) => !this.has(tile, VIEWS));
    for (let done = 0; done < missing.length && !signal.aborted; done += CHUNK_TILES) {
      onProgress(done, missing.length);
      await this.#compute(missing.slice(done, done + CHUNK_TILES));
    }
  }

  /** @param {Tile[]} tiles */
  async #compute(tiles) {
    const backbone = this.#backbone;
    const requests = tiles.map(({ id, file }) => ({ tileId: id, file }));
    await this.#session.ask({ kind: 'views', payload: { tiles: requests } }, (event) => {
      const tile = event.event === 'features' ? this.#tiles.get(event.tileId) : undefined;
      if (event.event !== 'features' || !tile) return;
      if (event.values) this.#tiles.setFeatures(tile, { backbone, values: event.values });
      else if (event.error) this.#tiles.fail(tile, event.error);
    });
  }
}

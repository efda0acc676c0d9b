/** Has the features of a tile's eight views computed, where they are missing: once a tile, and then they are kept. */

import { VIEWS } from '../engine/index.js';

/** @typedef {import('../engine/index.js').FeaturesEvent} FeaturesEvent */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../tiles/features.js').Features} Features */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** At once on the CPU: a tile for each core, and one more that is at hand. */
const TILES_ON_CPU = 16;

/** At once on a GPU, which does one after the other: few enough that the user's next wish is felt at once. */
const TILES_ON_GPU = 2;

export class ViewFeatures {
  #session;
  #tiles;
  #features;

  /** @param {{ session: Session, tiles: TileList, features: Features }} page */
  constructor({ session, tiles, features }) {
    this.#session = session;
    this.#tiles = tiles;
    this.#features = features;
  }

  /**
   * Whether the features that the loaded model's backbone gives are there.
   * @param {Tile} tile
   * @param {number} views
   */
  has(tile, views) {
    return this.#features.knows(tile, views);
  }

  /** How many tiles are computed side by side. */
  get atOnce() {
    return this.#session.status.loaded?.device === 'webgpu' ? TILES_ON_GPU : TILES_ON_CPU;
  }

  /**
   * Computes what is missing. Tiles that cannot be read are marked as such.
   * @param {Tile[]} tiles
   * @param {(done: number, total: number) => void} onProgress
   * @param {AbortSignal} signal ends it after the tiles that are at work
   */
  async complete(tiles, onProgress, signal) {
    const missing = tiles.filter((tile) => !this.has(tile, VIEWS));
    for (let done = 0; done < missing.length && !signal.aborted; ) {
      onProgress(done, missing.length);
      const some = missing.slice(done, done + this.atOnce);
      await this.#compute(some);
      done += some.length;
    }
  }

  /** @param {Tile[]} tiles */
  async #compute(tiles) {
    const requests = tiles.map(({ id, source }) => ({ tileId: id, source }));
    const onEvent = (/** @type {FeaturesEvent} */ { tileId, features, error }) => {
      const tile = this.#tiles.get(tileId);
      if (!tile) return;
      // Under the name of the backbone that really computed them: another model may have been opened meanwhile.
      if (features) this.#features.note(tileId, features);
      // A raster waits for those that came with it.
      else if (error && error.code !== 'raster.unseen') this.#tiles.fail(tile, error);
    };
    await this.#session.ask('views', { tiles: requests }, { onEvent });
  }
}

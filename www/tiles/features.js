/**
 * What is known of the tiles' features: by which backbone and of how many views. The numbers themselves are in the
 * engine's worker; a copy of them is in the store.
 */

import { REPLACED, asEngineError, lookOf } from '../engine/index.js';

/** @typedef {import('../engine/index.js').FeatureRow} FeatureRow */
/** @typedef {import('../engine/index.js').KnownFeatures} KnownFeatures */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {AsyncIterable<FeatureRow[]>} SavedRows Some rows at a time. */

/** The event `computed`, with the ids of the tiles in its detail: there is something to save. */
export class Features extends EventTarget {
  /** Gives what is saved of the open project; set by whoever keeps projects. @type {() => SavedRows} */
  saved = async function* none() {};
  /** What the worker has, by the tile's id. @type {Map<string, KnownFeatures>} */
  #known = new Map();
  #session;

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
    // A new worker knows nothing.
    session.refill = async () => {
      this.#known.clear();
      await this.give(this.saved());
    };
  }

  /**
   * Whether the worker has those of so many views of a tile, by this backbone.
   * @param {string} tileId
   * @param {string} backbone
   * @param {number} [views]
   * @param {string} [look] as the tile is seen
   */
  has(tileId, backbone, views = 1, look = '') {
    const known = this.#known.get(tileId);
    return known?.backbone === backbone && known.look === look && known.views >= views;
  }

  /**
   * Whether the worker has those of so many views by the backbone that is loaded, of the tile as it is seen now.
   * @param {Pick<Tile, 'id' | 'source'>} tile
   * @param {number} [views]
   */
  knows({ id, source }, views = 1) {
    return this.has(id, this.#session.status.loaded?.info.backbone ?? '', views, lookOf(source));
  }

  /** Whether the worker has any, by whichever backbone. @param {string} tileId */
  hasAny(tileId) {
    return this.#known.has(tileId);
  }

  /**
   * The worker has computed them.
   * @param {string} tileId
   * @param {KnownFeatures} computed
   */
  note(tileId, computed) {
    if (this.has(tileId, computed.backbone, computed.views, computed.look)) return;
    this.#known.set(tileId, computed);
    this.dispatchEvent(new CustomEvent('computed', { detail: { tileIds: [tileId] } }));
  }

  /**
   * Gives the worker what is saved: the arrays are moved there. Without a worker nothing is given; a new one asks.
   * @param {SavedRows} saved
   */
  async give(saved) {
    try {
      for await (const rows of saved) {
        const given = rows.map(({ tileId, backbone, look, views }) => /** @type {const} */ ([tileId, { backbone, look, views }]));
        await this.#session.ask('keepFeatures', { rows }, { transfer: rows.map(({ values }) => values.buffer) });
        for (const [tileId, known] of given) this.#known.set(tileId, known);
      }
    } catch (thrown) {
      // What cannot be given is computed again.
      const { code } = asEngineError(thrown);
      if (code !== REPLACED && code !== 'engine.not_started') console.warn(code, thrown);
    }
  }

  /**
   * Copies to be saved, of the tiles that have any; none where the engine cannot be asked.
   * @param {string[]} tileIds
   * @returns {Promise<FeatureRow[]>}
   */
  async read(tileIds) {
    return this.#session.ask('readFeatures', { tileIds }).catch(() => []);
  }

  /** All others are gone for good. @param {Set<string>} tileIds */
  keepOnly(tileIds) {
    const gone = [...this.#known.keys()].filter((id) => !tileIds.has(id));
    for (const id of gone) this.#known.delete(id);
    if (gone.length > 0) this.#session.ask('forgetFeatures', { tileIds: gone }).catch(() => undefined);
  }
}

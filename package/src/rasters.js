/**
 * Rasters among the sources. Files of one kind share one stretch, since colours that change from tile to tile would change
 * their classes: those that are given together are measured together, and those that come later are seen as those before.
 */

/** @typedef {import('../../www/engine/index.js').Raster} Raster */
/** @typedef {import('../../www/engine/index.js').Session} Session */
/** @typedef {import('../../www/engine/index.js').TileSource} TileSource */

/** How the engine refuses a raster that nobody has looked at. */
export const UNSEEN = 'raster.unseen';

export class Rasters {
  /** By what names files of a kind. @type {Map<string, Raster>} */
  #kinds = new Map();

  /**
   * Lets each be seen as its kind is. A kind that the model has learnt from is seen as the model saw it.
   * @template {{ tileId: string, source: TileSource }} Tile
   * @param {Session} session
   * @param {Tile[]} tiles
   * @returns {Promise<Tile[]>}
   */
  async look(session, tiles) {
    const { groups, alike } = await session.ask('lookAtRasters', { tiles: tiles.map(({ tileId, source }) => ({ tileId, source })), bands: null });
    const learnt = session.status.loaded?.info.preparations ?? [];
    for (const group of groups) {
      const stretch = this.#kinds.get(group.alike)?.stretch ?? learnt.find((one) => one.alike === group.alike)?.stretch ?? group.stretch;
      this.#kinds.set(group.alike, { alike: group.alike, stretch });
    }
    return tiles.map((tile) => ({ ...tile, source: { ...tile.source, raster: this.#kinds.get(alike[tile.tileId] ?? '') ?? null } }));
  }
}

/**
 * Rasters among the tiles. Files of one kind share one stretch, since colours that change from tile to tile would change
 * their classes: all that wait are looked at together before one of them is decoded, and those that come later are seen
 * as those before.
 */

import { REPLACED, asEngineError, lookOf, lookOfStretch, stretchFor } from '../engine/index.js';
import { tilesOf } from './tile-list.js';

/** @typedef {import('../engine/index.js').LikeFiles} LikeFiles */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../engine/index.js').Stretch} Stretch */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {import('./tile-list.js').TileList} TileList */

/**
 * @typedef {object} Kind Rasters that are alike.
 * @property {string} alike what names them
 * @property {Stretch} stretch how all of them are seen
 * @property {LikeFiles | null} measured what the engine saw of them; null before it is asked about all that there are
 */

/** The event `changed`: there are other kinds, or one is seen or known otherwise. */
export class Stretches extends EventTarget {
  /** Whether the engine looks at files right now. */
  isLooking = false;
  /** By what names them. @type {Map<string, Kind>} */
  #kinds = new Map();
  /** Tiles that nobody has looked at. @type {Set<string>} */
  #unseen = new Set();
  #session;
  #tiles;

  /** @param {{ session: Session, tiles: TileList }} page */
  constructor({ session, tiles }) {
    super();
    this.#session = session;
    this.#tiles = tiles;
    tiles.addEventListener('added', (event) => this.#recognise(tilesOf(event)));
    tiles.addEventListener('removed', () => this.#forgetEmpty());
  }

  get kinds() {
    return [...this.#kinds.values()];
  }

  /** @param {string} alike */
  tilesOf(alike) {
    return this.#tiles.all.filter(({ source }) => source.raster?.alike === alike);
  }

  /** How the tiles of a kind looked that the model in use has learnt from; null where there was none. @param {string} alike @returns {Stretch | null} */
  learnt(alike) {
    return this.#session.status.loaded?.info.preparations.find((one) => one.alike === alike)?.stretch ?? null;
  }

  /** Notes that a tile is a raster which nobody has looked at. @param {Tile} tile */
  meet(tile) {
    this.#unseen.add(tile.id);
  }

  /** Whether a tile waits to be looked at. @param {Tile} tile */
  isUnseen(tile) {
    return this.#unseen.has(tile.id);
  }

  get hasUnseen() {
    return this.#unseen.size > 0;
  }

  /** Looks at all that wait, and lets each be seen as its kind is. */
  async look() {
    if (this.isLooking) return;
    const waiting = this.#tiles.present(this.#unseen);
    this.isLooking = true;
    try {
      const { groups, alike } = await this.#ask(waiting, null);
      for (const group of groups) {
        const known = this.#kinds.get(group.alike);
        const stretch = stretchFor(group, known?.stretch, this.#session.status.loaded?.info.preparations ?? []);
        this.#kinds.set(group.alike, { alike: group.alike, stretch, measured: known ? null : group });
      }
      for (const tile of waiting) {
        const kind = this.#kinds.get(alike[tile.id] ?? '');
        tile.source = { ...tile.source, raster: kind ? { alike: kind.alike, stretch: kind.stretch } : null };
        this.#unseen.delete(tile.id);
      }
    } catch (thrown) {
      const { code, failure } = asEngineError(thrown);
      // A worker that was replaced on purpose is asked again.
      if (code !== REPLACED) for (const tile of waiting) this.#give(tile, failure);
    } finally {
      this.isLooking = false;
    }
    this.#tell();
  }

  /** Measures all files of a kind, by other bands where the user chose some, from 1. @param {string} alike @param {number[] | null} [bands] @returns {Promise<LikeFiles | null>} */
  async measure(alike, bands = null) {
    const kind = this.#kinds.get(alike);
    if (!kind) return null;
    if (kind.measured && bands === null) return kind.measured;
    const { groups } = await this.#ask(this.tilesOf(alike), bands ?? kind.stretch.bands);
    const measured = groups.find((group) => group.alike === alike) ?? null;
    kind.measured = measured;
    return measured;
  }

  /** All tiles of a kind are seen so from now on, and classified again. @param {string} alike @param {Stretch} stretch */
  choose(alike, stretch) {
    const kind = this.#kinds.get(alike);
    if (!kind) return;
    kind.stretch = stretch;
    const look = lookOfStretch(stretch);
    const seenOtherwise = this.tilesOf(alike).filter(({ source }) => lookOf(source) !== look);
    this.#tiles.lookAgain(seenOtherwise, { alike, stretch });
    this.#tell();
  }

  /** All cells of a scene are one file. @param {Tile[]} tiles @param {number[] | null} bands */
  #ask(tiles, bands) {
    const once = [...new Map(tiles.map(({ id, source }) => [source.kind === 'window' ? source.sceneId : id, { tileId: id, source }])).values()];
    return this.#session.ask('lookAtRasters', { tiles: once, bands });
  }

  /** @param {Tile} tile @param {import('../engine/index.js').Failure} failure */
  #give(tile, failure) {
    this.#unseen.delete(tile.id);
    this.#tiles.fail(tile, failure);
  }

  /** Tiles of a project say how they were seen. @param {Tile[]} tiles */
  #recognise(tiles) {
    let isNew = false;
    for (const tile of tiles) {
      const { raster } = tile.source;
      // Earlier versions of the page gave each TIFF a range of its own.
      if (raster === undefined && tile.facts?.format === 'TIFF') this.meet(tile);
      if (!raster) continue;
      const known = this.#kinds.get(raster.alike);
      this.#kinds.set(raster.alike, { alike: raster.alike, stretch: known?.stretch ?? raster.stretch, measured: null });
      isNew = true;
    }
    if (isNew) this.#tell();
  }

  #forgetEmpty() {
    const left = new Set(this.#tiles.all.map(({ source }) => source.raster?.alike));
    for (const alike of this.#kinds.keys()) if (!left.has(alike)) this.#kinds.delete(alike);
    for (const id of this.#unseen) if (!this.#tiles.get(id)) this.#unseen.delete(id);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

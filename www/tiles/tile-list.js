/** The tiles on the page and what is known of each. */

import { newId } from './identity.js';

/** @typedef {import('../messages.js').Failure} Failure */
/** @typedef {import('../messages.js').TileAnswer} TileAnswer */
/** @typedef {import('../messages.js').TileFacts} TileFacts */
/** @typedef {import('../messages.js').TileResult} TileResult */
/** @typedef {import('./features.js').TileFeatures} TileFeatures */
/** @typedef {'queued' | 'working' | 'done' | 'error' | 'cancelled'} TileState */
/** @typedef {{ className: string, confidence: number }} Verdict The most probable class. */

/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} name the file's name
 * @property {string} path with its folders, where it came in a folder
 * @property {number} order where it stands among the tiles
 * @property {Blob} file
 * @property {string | null} classId the label that the user gave
 * @property {TileState} state
 * @property {TileFacts | null} facts
 * @property {TileFeatures | null} features
 * @property {TileAnswer | null} answer
 * @property {string[]} labels those of the model that gave the answer
 * @property {Verdict | null} verdict
 * @property {Failure | null} error
 * @property {Blob | null} thumbnail
 */

/** @typedef {{ name: string, path: string, file: Blob, classId?: string | null }} NewTile */
/** @typedef {Pick<Tile, 'id' | 'name' | 'path' | 'file' | 'classId' | 'facts' | 'features' | 'thumbnail'>} KeptTile */
/** @typedef {CustomEvent<{ tiles: Tile[] }>} TilesEvent */

/** @param {Event} event */
export function tilesOf(event) {
  return /** @type {TilesEvent} */ (event).detail.tiles;
}

/**
 * Events, each with the tiles in its detail: `added`, `changed`, `removed`; `described`, where a tile was decoded and
 * its facts, thumbnail and features are known; `features`, where those of all views were computed.
 */
export class TileList extends EventTarget {
  /** In the order in which they were added. @type {Map<string, Tile>} */
  #tiles = new Map();
  #lastOrder = 0;

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

  /** @param {NewTile[]} files */
  add(files) {
    return this.restore(files.map((file) => ({ ...file, id: newId(), classId: file.classId ?? null, facts: null, features: null, thumbnail: null })));
  }

  /**
   * Adds tiles with what was known of them.
   * @param {KeptTile[]} kept
   */
  restore(kept) {
    const tiles = kept.map((tile) => this.#create(tile));
    for (const tile of tiles) this.#tiles.set(tile.id, tile);
    this.#tell('added', tiles);
    return tiles;
  }

  /**
   * @param {KeptTile} kept
   * @returns {Tile}
   */
  #create(kept) {
    this.#lastOrder += 1;
    return { ...kept, order: this.#lastOrder, state: 'queued', answer: null, labels: [], verdict: null, error: null };
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
   * @param {TileResult} result
   * @param {string[]} labels
   * @param {string} backbone that of the model which answered
   */
  answer(tile, { decoded, ...answer }, labels, backbone) {
    const top = answer.probabilities.reduce((best, value, index, all) => (value > all[best] ? index : best), 0);
    const verdict = { className: labels[top], confidence: answer.probabilities[top] };
    Object.assign(tile, { state: 'done', answer, labels, verdict, error: null });
    if (decoded) {
      tile.facts = decoded.facts;
      // All eight views of the same backbone begin with this one.
      if (tile.features?.backbone !== backbone) tile.features = { backbone, values: decoded.features };
      if (decoded.thumbnail) tile.thumbnail = decoded.thumbnail;
      this.#tell('described', [tile]);
    }
    this.#tell('changed', [tile]);
  }

  /**
   * @param {Tile} tile
   * @param {TileFeatures} features
   */
  setFeatures(tile, features) {
    tile.features = features;
    this.#tell('features', [tile]);
  }

  /**
   * @param {Tile} tile
   * @param {Failure} error
   */
  fail(tile, error) {
    Object.assign(tile, { state: 'error', answer: null, verdict: null, error });
    this.#tell('changed', [tile]);
  }

  /**
   * Gives each tile its label; null takes it away.
   * @param {[Tile, string | null][]} labels
   */
  label(labels) {
    for (const [tile, classId] of labels) tile.classId = classId;
    this.#tell('changed', labels.map(([tile]) => tile));
  }

  /** What another model said of the tiles no longer holds: all but the cancelled ones wait again. */
  forgetAnswers() {
    for (const tile of this.all) {
      Object.assign(tile, { answer: null, labels: [], verdict: null, error: null });
      if (tile.state !== 'cancelled') tile.state = 'queued';
    }
    this.#tell('changed', this.all);
  }

  /** @param {Tile[]} tiles */
  remove(tiles) {
    for (const { id } of tiles) this.#tiles.delete(id);
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

/** The tiles on the page and what is known of each. */

import { lookOf, lookOfStretch } from '../engine/index.js';
import { newId } from './identity.js';

/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('../engine/index.js').Raster} Raster */
/** @typedef {import('../engine/index.js').ModelInfo} ModelInfo */
/** @typedef {import('../engine/index.js').TileAnswer} TileAnswer */
/** @typedef {import('../engine/index.js').TileFacts} TileFacts */
/** @typedef {import('../engine/index.js').TileResult} TileResult */
/** @typedef {import('../engine/index.js').TileSource} TileSource */
/** @typedef {'queued' | 'working' | 'done' | 'error' | 'cancelled'} TileState */
/** @typedef {{ className: string, confidence: number }} Verdict The most probable class. */

/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} name the file's name
 * @property {string} path with its folders, where it came in a folder
 * @property {number} order where it stands among the tiles
 * @property {TileSource} source where its pixels are
 * @property {string | null} classId the label that the user gave
 * @property {TileState} state
 * @property {TileFacts | null} facts
 * @property {TileAnswer | null} answer
 * @property {string[]} labels those of the model that gave the answer
 * @property {Verdict | null} verdict
 * @property {boolean} isSeenOtherwise whether its colours were made otherwise than those that the model learnt from
 * @property {Failure | null} error
 * @property {Blob | null} thumbnail
 */

/** @typedef {{ name: string, path: string, source: TileSource, classId?: string | null }} NewTile */
/** @typedef {Pick<Tile, 'id' | 'name' | 'path' | 'source' | 'classId' | 'facts' | 'thumbnail'>} KeptTile */
/** @typedef {CustomEvent<{ tiles: Tile[], isStreaming: boolean }>} TilesEvent */

/** @param {Event} event */
export function tilesOf(event) {
  return /** @type {TilesEvent} */ (event).detail.tiles;
}

/** Whether it is one of the many that a batch makes, and nothing that the user did. @param {Event} event */
export function isStreaming(event) {
  return /** @type {TilesEvent} */ (event).detail.isStreaming;
}

/** A tile of which nothing is known yet, under an id of its own. @param {NewTile} tile @returns {KeptTile} */
export function unknownTile(tile) {
  return { ...tile, id: newId(), classId: tile.classId ?? null, facts: null, thumbnail: null };
}

/**
 * Events, each with the tiles in its detail: `added`, `changed`, `removed`; `described`, where a tile was decoded and
 * its facts and thumbnail are known; `pictured`, where a cell got a picture to be looked at.
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

  /** Those of the tiles that are still there. @param {Iterable<string>} ids */
  present(ids) {
    return Array.from(ids, (id) => this.#tiles.get(id)).filter((tile) => tile !== undefined);
  }

  /** @param {TileState} state */
  inState(state) {
    return this.all.filter((tile) => tile.state === state);
  }

  /** @param {NewTile[]} added */
  add(added) {
    return this.restore(added.map(unknownTile));
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
    return { ...kept, order: this.#lastOrder, state: 'queued', answer: null, labels: [], verdict: null, isSeenOtherwise: false, error: null };
  }

  /**
   * @param {Tile[]} tiles
   * @param {TileState} state
   */
  mark(tiles, state) {
    for (const tile of tiles) tile.state = state;
    this.#tell('changed', tiles, state === 'working');
  }

  /**
   * @param {Tile} tile
   * @param {TileResult} result
   * @param {Pick<ModelInfo, 'labels' | 'preparations'>} model that gave it
   */
  answer(tile, { decoded, ...answer }, { labels, preparations }) {
    const top = answer.probabilities.reduce((best, value, index, all) => (value > all[best] ? index : best), 0);
    // Without a head there is nothing to choose from.
    const verdict = labels.length > 0 ? { className: labels[top], confidence: answer.probabilities[top] } : null;
    const isSeenOtherwise = preparations.length > 0 && !preparations.some(({ stretch }) => lookOfStretch(stretch) === lookOf(tile.source));
    Object.assign(tile, { state: 'done', answer, labels, verdict, isSeenOtherwise, error: null });
    if (decoded) {
      tile.facts = decoded.facts;
      if (decoded.thumbnail) tile.thumbnail = decoded.thumbnail;
      this.#tell('described', [tile], true);
    }
    this.#tell('changed', [tile], true);
  }

  /**
   * @param {Tile} tile
   * @param {Failure} error
   */
  fail(tile, error) {
    Object.assign(tile, { state: 'error', answer: null, verdict: null, error });
    this.#tell('changed', [tile], true);
  }

  /**
   * Gives each tile its label; null takes it away.
   * @param {[Tile, string | null][]} labels
   */
  label(labels) {
    for (const [tile, classId] of labels) tile.classId = classId;
    this.#tell('changed', labels.map(([tile]) => tile));
  }

  /**
   * Their numbers become other colours, so that all that was known of their pixels no longer holds.
   * @param {Tile[]} tiles
   * @param {Raster} raster
   */
  lookAgain(tiles, raster) {
    for (const tile of tiles) {
      const state = tile.state === 'cancelled' ? tile.state : 'queued';
      Object.assign(tile, { source: { ...tile.source, raster }, facts: null, thumbnail: null, answer: null, labels: [], verdict: null, error: null, state });
    }
    this.#tell('changed', tiles);
  }

  /** A picture of a cell, which was made to be looked at and is not kept. @param {Tile} tile @param {Blob} thumbnail */
  picture(tile, thumbnail) {
    tile.thumbnail = thumbnail;
    this.#tell('pictured', [tile], true);
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
   * @param {boolean} [isStreaming]
   */
  #tell(type, tiles, isStreaming = false) {
    if (tiles.length > 0) this.dispatchEvent(new CustomEvent(type, { detail: { tiles, isStreaming } }));
  }
}

/** Where in the tile in focus a class is seen: the class that the model names, or one that the user chose. */

import { asEngineError, lookOf } from '../engine/index.js';

/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('../engine/index.js').Heatmap} Heatmap */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {{ tile: Tile, answer: Tile['answer'], look: string, className: string }} Wanted The answer changes with the model. */
/**
 * @typedef {{ code: 'off' | 'noTile' | 'waiting' | 'noHead' | 'asking' }
 *   | { code: 'failed', failure: Failure }
 *   | { code: 'shown', heatmap: Heatmap }} HeatmapState
 */

/** Events: `changed`, and `switched` where the user turned it on or off. */
export class Heatmaps extends EventTarget {
  #session;
  #isOn = false;
  /** The class that was chosen, which stays from tile to tile; null for what the model says of each. @type {string | null} */
  #chosen = null;
  /** @type {Tile | null} */
  #tile = null;
  /** @type {Wanted | null} */
  #wanted = null;
  /** What came of it. @type {{ heatmap: Heatmap } | { failure: Failure } | null} */
  #outcome = null;
  #isAsking = false;

  /** @param {{ session: Session }} page */
  constructor({ session }) {
    super();
    this.#session = session;
  }

  get isOn() {
    return this.#isOn;
  }

  /** The class that is looked for in the tile in focus; null where none is. */
  get className() {
    return this.#isOn ? this.#classOf(this.#tile) : null;
  }

  /** @returns {HeatmapState} */
  get state() {
    if (!this.#isOn) return { code: 'off' };
    if (!this.#tile || this.#tile.state === 'error') return { code: 'noTile' };
    if (!this.#tile.answer) return { code: 'waiting' };
    if (!this.#wanted) return { code: 'noHead' };
    if (!this.#outcome) return { code: 'asking' };
    return 'heatmap' in this.#outcome ? { code: 'shown', heatmap: this.#outcome.heatmap } : { code: 'failed', failure: this.#outcome.failure };
  }

  /** On for the class that the model names, or off. */
  toggle() {
    this.#switch(!this.#isOn, null);
  }

  /** On for a class; off where that one is shown already. @param {string} className */
  choose(className) {
    const isShown = className === this.className;
    this.#switch(!isShown, isShown || className === this.#tile?.verdict?.className ? null : className);
  }

  /** Tells which tile is in focus, and that more is known of it. @param {Tile | null} tile */
  show(tile) {
    this.#tile = tile;
    this.#update();
  }

  /** @param {boolean} isOn @param {string | null} chosen */
  #switch(isOn, chosen) {
    this.#isOn = isOn;
    this.#chosen = chosen;
    this.#update();
    this.#tell();
    this.dispatchEvent(new Event('switched'));
  }

  /** Another model may not know the class that was chosen. @param {Tile | null} tile */
  #classOf(tile) {
    const chosen = this.#chosen !== null && tile?.labels.includes(this.#chosen) ? this.#chosen : null;
    return chosen ?? tile?.verdict?.className ?? null;
  }

  #update() {
    const { className } = this;
    const tile = this.#tile;
    const wanted = tile?.answer && className !== null ? { tile, answer: tile.answer, look: lookOf(tile.source), className } : null;
    if (isSame(wanted, this.#wanted)) return;
    this.#wanted = wanted;
    this.#outcome = null;
    this.#tell();
    this.#ask();
  }

  /** One at a time: whoever walks from tile to tile waits for none that he has left. */
  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#wanted && !this.#outcome) {
      const wanted = this.#wanted;
      const { model } = this.#session.status.loaded ?? {};
      const asked = this.#session.ask('heatmap', { source: wanted.tile.source, className: wanted.className });
      const outcome = await asked.then(
        (heatmap) => ({ heatmap }),
        (thrown) => ({ failure: asEngineError(thrown).failure }),
      );
      if (wanted !== this.#wanted) continue;
      // The tile is about to be classified by the model that answered instead, and asked for anew.
      if ('heatmap' in outcome && outcome.heatmap.model !== model) this.#wanted = null;
      else this.#outcome = outcome;
      this.#tell();
    }
    this.#isAsking = false;
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

/** @param {Wanted | null} one @param {Wanted | null} other */
function isSame(one, other) {
  if (!one || !other) return one === other;
  return one.tile === other.tile && one.answer === other.answer && one.look === other.look && one.className === other.className;
}

/** One tile: its thumbnail, its class, what else it may be, or what is wrong with it. */

import { isLight } from '../labels/colours.js';
import { duration, element, fromTemplate, part, percent } from './dom.js';
import { failureSentence, tileNotes } from './sentences.js';

/** @typedef {import('../labels/labelling.js').TileClass} TileClass */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */

/**
 * @typedef {object} Standing What is to be known of a tile beside the tile.
 * @property {TileClass | null} label
 * @property {boolean} isSelected
 * @property {boolean} isActive whether Tab leads here
 * @property {number} widthPx of the card
 */

const BARS = 3;
const NO_PROBABILITIES = new Float32Array();

/** What a card says where no head answers. */
const NO_CLASSES = 'No classes yet: label some tiles';

/** What a card says of a tile that has no answer yet. */
const WAITING = { queued: 'Waiting…', working: 'Classifying…', cancelled: 'Cancelled', done: '', error: '' };

/** A card shows one tile after the other, as the user scrolls: to make one takes longer than to fill it. */
export class TileCard {
  element = fromTemplate('tile-template');
  #name = this.#part('.tile-name', HTMLElement);
  #picture = this.#part('canvas', HTMLCanvasElement);
  /** Takes a decoded picture as it is. An image's address from a blob would hold up the page until the browser gives it out. */
  #canvas = this.#picture.getContext('bitmaprenderer');
  #select = this.#part('.select', HTMLInputElement);
  #label = this.#part('.tile-label', HTMLElement);
  #remove = this.#part('.remove', HTMLButtonElement);
  #accept = this.#part('.accept', HTMLButtonElement);
  #similar = this.#part('.similar', HTMLButtonElement);
  #verdictClass = this.#part('.verdict-class', HTMLElement);
  #confidence = this.#part('.verdict-confidence', HTMLElement);
  #bars = this.#part('.bars', HTMLElement);
  #error = this.#part('.tile-error', HTMLElement);
  #notes = this.#part('.notes', HTMLElement);
  #facts = this.#part('.facts', HTMLElement);
  #barsOfClasses = Array.from({ length: BARS }, () => new Bar());
  /** What the picture shows. @type {Blob | null} */
  #thumbnail = null;

  /**
   * Shows what is known of the tile now.
   * @param {Tile} tile
   * @param {Standing} standing
   */
  show(tile, { label, isSelected, isActive, widthPx }) {
    if (this.element.dataset.id !== tile.id) this.#begin(tile);
    const { state, verdict, facts, answer, error } = tile;
    const { dataset } = this.element;
    dataset.state = state;
    this.#verdictClass.classList.toggle('none', state === 'done' && !verdict);
    dataset.class = verdict?.className ?? '';
    dataset.confidence = verdict ? String(verdict.confidence) : '';
    dataset.label = label?.name ?? '';
    this.#showLabel(label);
    this.#accept.hidden = !verdict || verdict.className === label?.name;
    this.#verdictClass.textContent = verdict?.className ?? (state === 'done' ? NO_CLASSES : WAITING[state]);
    this.#confidence.textContent = state === 'done' && verdict ? percent(verdict.confidence) : '';
    this.#error.textContent = error ? failureSentence(error) : '';
    const answered = state === 'done' ? answer : null;
    this.#facts.textContent = answered && facts ? `${facts.widthPx} × ${facts.heightPx} ${facts.format}, ${duration(answered.inferenceMs)}` : '';
    this.#facts.title = answered ? `decoded in ${duration(answered.decodeMs)}, classified in ${duration(answered.inferenceMs)}` : '';
    this.#showBars(answered?.probabilities ?? NO_PROBABILITIES, tile.labels);
    this.#notes.replaceChildren(...(answered ? tileNotes(tile) : []).map((sentence) => element('li', {}, sentence)));
    this.#showThumbnail(tile.thumbnail, widthPx);
    this.#select.checked = isSelected;
    for (const control of [this.#select, this.#remove, this.#accept, this.#similar]) control.tabIndex = isActive ? 0 : -1;
  }

  focus() {
    // The grid scrolls to the card.
    this.#select.focus({ preventScroll: true });
  }

  /** The tile is out of sight: what its picture takes is given back. */
  clear() {
    this.#showThumbnail(null, 0);
    this.element.dataset.id = '';
  }

  /** What stays the same of a tile. @param {Tile} tile */
  #begin({ id, name, path }) {
    this.element.dataset.id = id;
    this.element.dataset.name = name;
    this.#name.textContent = name;
    this.#name.title = path;
    this.#remove.ariaLabel = `Remove ${name}`;
    this.#select.ariaLabel = `Select ${name}`;
    this.#similar.ariaLabel = `Find tiles like ${name}`;
  }

  /** @param {TileClass | null} label */
  #showLabel(label) {
    this.#label.hidden = label === null;
    this.#label.textContent = label?.name ?? '';
    if (!label) return;
    this.#label.style.setProperty('--class-colour', label.colour);
    this.#label.classList.toggle('on-light', isLight(label.colour));
  }

  /** The most probable classes. @param {Float32Array} probabilities @param {string[]} labels */
  #showBars(probabilities, labels) {
    const top = topIndices(probabilities, BARS);
    for (const [place, index] of top.entries()) this.#barsOfClasses[place].show(labels[index], probabilities[index]);
    const bars = this.#barsOfClasses.slice(0, top.length).map((bar) => bar.element);
    if (this.#bars.children.length !== bars.length) this.#bars.replaceChildren(...bars);
  }

  /**
   * @param {Blob | null} thumbnail
   * @param {number} widthPx
   */
  async #showThumbnail(thumbnail, widthPx) {
    if (thumbnail === this.#thumbnail) return;
    this.#thumbnail = thumbnail;
    this.#picture.hidden = true;
    this.#canvas?.transferFromImageBitmap(null);
    // A canvas is scaled coarsely: the picture comes in the size in which it is shown.
    const resizeWidth = Math.max(1, Math.round(widthPx * window.devicePixelRatio));
    const decoded = thumbnail && (await createImageBitmap(thumbnail, { resizeWidth, resizeQuality: 'high' }).catch(() => null));
    if (!decoded) return;
    // Meanwhile the card may have got another tile.
    if (thumbnail !== this.#thumbnail) return decoded.close();
    Object.assign(this.#picture, { width: decoded.width, height: decoded.height, hidden: false });
    this.#canvas?.transferFromImageBitmap(decoded);
  }

  /**
   * @template {Element} Kind
   * @param {string} selector
   * @param {new () => Kind} kind
   */
  #part(selector, kind) {
    return part(this.element, selector, kind);
  }
}

/** A class and how probable it is. */
class Bar {
  element = fromTemplate('bar-template');
  #label = part(this.element, '.bar-label', HTMLElement);
  #value = part(this.element, '.bar-value', HTMLElement);
  #fill = part(this.element, '.bar-fill', HTMLElement);

  /**
   * @param {string} label
   * @param {number} share 0 to 1
   */
  show(label, share) {
    this.#label.textContent = label;
    this.#label.title = label;
    this.#value.textContent = percent(share);
    this.#fill.style.setProperty('--share', String(share));
  }
}

/**
 * The indices of the `count` largest values, largest first. A model may have a thousand classes.
 * @param {Float32Array} values
 * @param {number} count
 */
function topIndices(values, count) {
  /** @type {number[]} */
  const top = [];
  for (const [index, value] of values.entries()) {
    const place = top.findIndex((other) => value > values[other]);
    if (place >= 0) top.splice(place, 0, index);
    else if (top.length < count) top.push(index);
    top.length = Math.min(top.length, count);
  }
  return top;
}

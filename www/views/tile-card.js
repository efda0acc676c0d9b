/** One tile: its thumbnail, its class, or what is wrong with it. All cards have one size; the inspector has the rest. */

import { fromTemplate, part, percent } from './dom.js';
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

/** What a card says where no head answers. */
const NO_CLASSES = 'No classes yet: label some tiles';

/** What a card says of a tile that has no answer yet. */
const WAITING = { queued: 'Waiting…', working: 'Classifying…', cancelled: 'Cancelled', done: '', error: '' };

/** What a tile's class is, or why it has none. @param {Tile} tile */
export function verdictSentence({ state, verdict }) {
  return verdict?.className ?? (state === 'done' ? NO_CLASSES : WAITING[state]);
}

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
  #error = this.#part('.tile-error', HTMLElement);
  #notes = this.#part('.notes', HTMLElement);
  /** What the picture shows. @type {Blob | null} */
  #thumbnail = null;
  #thumbnailPx = 0;

  /**
   * Shows what is known of the tile now.
   * @param {Tile} tile
   * @param {Standing} standing
   */
  show(tile, { label, isSelected, isActive, widthPx }) {
    if (this.element.dataset.id !== tile.id) this.#begin(tile);
    const { state, verdict, error } = tile;
    const { dataset } = this.element;
    dataset.state = state;
    dataset.active = String(isActive);
    dataset.class = verdict?.className ?? '';
    dataset.confidence = verdict ? String(verdict.confidence) : '';
    dataset.label = label?.name ?? '';
    this.#showLabel(label);
    this.#accept.hidden = !verdict || verdict.className === label?.name;
    this.#verdictClass.classList.toggle('none', !verdict);
    this.#verdictClass.textContent = verdictSentence(tile);
    this.#verdictClass.title = verdict?.className ?? '';
    this.#confidence.textContent = state === 'done' && verdict ? percent(verdict.confidence) : '';
    this.#error.textContent = error ? failureSentence(error) : '';
    this.#error.title = this.#error.textContent;
    this.#notes.textContent = state === 'done' ? tileNotes(tile).join(' ') : '';
    this.#notes.title = this.#notes.textContent;
    this.#notes.hidden = this.#notes.textContent === '';
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
    this.#similar.ariaLabel = `Similar to ${name}`;
  }

  /** @param {TileClass | null} label */
  #showLabel(label) {
    this.#label.hidden = label === null;
    this.#label.textContent = label?.name ?? '';
    if (label) this.#label.style.setProperty('--class-colour', label.colour);
  }

  /**
   * @param {Blob | null} thumbnail
   * @param {number} widthPx
   */
  async #showThumbnail(thumbnail, widthPx) {
    const isOther = thumbnail !== this.#thumbnail;
    if (!isOther && widthPx === this.#thumbnailPx) return;
    this.#thumbnail = thumbnail;
    this.#thumbnailPx = widthPx;
    if (isOther) {
      this.#picture.hidden = true;
      this.#canvas?.transferFromImageBitmap(null);
    }
    // A canvas is scaled coarsely: the picture comes in the size in which it is shown.
    const resizeWidth = Math.max(1, Math.round(widthPx * window.devicePixelRatio));
    const decoded = thumbnail && (await createImageBitmap(thumbnail, { resizeWidth, resizeQuality: 'high' }).catch(() => null));
    if (!decoded) return;
    // Meanwhile the card may have got another tile.
    if (thumbnail !== this.#thumbnail || widthPx !== this.#thumbnailPx) return decoded.close();
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

/** One tile: its thumbnail, its class, what else it may be, or what is wrong with it. */

import { isLight } from '../labels/colours.js';
import { duration, fromTemplate, part, percent } from './dom.js';

/** @typedef {import('../project/types.js').TileClass} TileClass */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */

const BARS = 3;

/** What a card says of a tile that has no answer yet. */
const WAITING = { queued: 'Waiting…', working: 'Classifying…', cancelled: 'Cancelled', done: '', error: '' };

/**
 * @param {Tile} tile
 * @param {TileClass | null} label
 */
export function createCard(tile, label) {
  const card = fromTemplate('tile-template');
  card.dataset.id = tile.id;
  card.dataset.name = tile.name;
  const name = part(card, '.tile-name', HTMLElement);
  name.textContent = tile.name;
  name.title = tile.path;
  part(card, '.remove', HTMLButtonElement).setAttribute('aria-label', `Remove ${tile.name}`);
  part(card, '.select', HTMLInputElement).setAttribute('aria-label', `Select ${tile.name}`);
  part(card, '.similar', HTMLButtonElement).setAttribute('aria-label', `Find tiles like ${tile.name}`);
  updateCard(card, tile, label);
  return card;
}

/**
 * Shows what is known of the tile now.
 * @param {HTMLElement} card
 * @param {Tile} tile
 * @param {TileClass | null} label
 */
export function updateCard(card, tile, label) {
  const { state, verdict, facts, answer, error, thumbnailUrl } = tile;
  card.dataset.state = state;
  card.dataset.class = verdict?.className ?? '';
  card.dataset.confidence = verdict ? String(verdict.confidence) : '';
  const text = (/** @type {string} */ selector, /** @type {string} */ value) => {
    part(card, selector, HTMLElement).textContent = value;
  };
  card.dataset.label = label?.name ?? '';
  const tag = part(card, '.tile-label', HTMLElement);
  tag.hidden = label === null;
  tag.textContent = label?.name ?? '';
  if (label) {
    tag.style.setProperty('--class-colour', label.colour);
    tag.classList.toggle('on-light', isLight(label.colour));
  }
  part(card, '.accept', HTMLButtonElement).hidden = !verdict || verdict.className === label?.name;
  text('.verdict-class', state === 'done' ? (verdict?.className ?? '') : WAITING[state]);
  text('.verdict-confidence', state === 'done' && verdict ? percent(verdict.confidence) : '');
  text('.tile-error', error?.message ?? '');
  const answered = state === 'done' ? answer : null;
  text('.facts', answered && facts ? `${facts.widthPx} × ${facts.heightPx} ${facts.format}, ${duration(answered.inferenceMs)}` : '');
  part(card, '.facts', HTMLElement).title = answered
    ? `decoded in ${duration(answered.decodeMs)}, classified in ${duration(answered.inferenceMs)}`
    : '';
  part(card, '.bars', HTMLElement).replaceChildren(...(answered ? bars(tile) : []));
  part(card, '.notes', HTMLElement).replaceChildren(...((answered && facts?.notes) ?? []).map(note));

  const image = part(card, 'img', HTMLImageElement);
  if (thumbnailUrl && image.src !== thumbnailUrl) image.src = thumbnailUrl;
  image.hidden = !thumbnailUrl;
}

/** The most probable classes. @param {Tile} tile */
function bars({ answer, labels }) {
  const order = topIndices(answer?.probabilities ?? new Float32Array(), BARS);
  return order.map((index) => {
    const share = answer?.probabilities[index] ?? 0;
    const bar = fromTemplate('bar-template');
    part(bar, '.bar-label', HTMLElement).textContent = labels[index];
    part(bar, '.bar-label', HTMLElement).title = labels[index];
    part(bar, '.bar-value', HTMLElement).textContent = percent(share);
    part(bar, '.bar-fill', HTMLElement).style.setProperty('--share', String(share));
    return bar;
  });
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

/** @param {string} sentence */
function note(sentence) {
  const item = document.createElement('li');
  item.textContent = sentence;
  return item;
}

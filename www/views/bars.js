/** The most probable classes, as bars. */

import { fromTemplate, part, percent } from './dom.js';

export class Bars {
  #root;
  #bars;

  /**
   * @param {HTMLElement} root
   * @param {number} count how many are shown
   */
  constructor(root, count) {
    this.#root = root;
    this.#bars = Array.from({ length: count }, () => new Bar());
  }

  /** @param {Float32Array} probabilities @param {string[]} labels */
  show(probabilities, labels) {
    const top = topIndices(probabilities, this.#bars.length);
    for (const [place, index] of top.entries()) this.#bars[place].show(labels[index], probabilities[index]);
    const shown = this.#bars.slice(0, top.length).map((bar) => bar.element);
    if (this.#root.children.length !== shown.length) this.#root.replaceChildren(...shown);
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

/** The most probable classes, as bars, each with a button to see where in the tile it is. */

import { fromTemplate, part, percent } from './dom.js';

export class Bars {
  #root;
  #bars;
  #count;

  /**
   * @param {HTMLElement} root
   * @param {number} count how many are shown
   * @param {(label: string) => void} onChoose
   */
  constructor(root, count, onChoose) {
    this.#root = root;
    this.#count = count;
    // One more, for the class that is looked for.
    this.#bars = Array.from({ length: count + 1 }, () => new Bar(onChoose));
  }

  /**
   * @param {Float32Array} probabilities
   * @param {string[]} labels
   * @param {string | null} chosen the class that is looked for in the tile, which is shown however improbable it is
   */
  show(probabilities, labels, chosen) {
    const top = topIndices(probabilities, this.#count);
    const wanted = chosen === null ? -1 : labels.indexOf(chosen);
    if (wanted >= 0 && wanted < probabilities.length && !top.includes(wanted)) top.push(wanted);
    for (const [place, index] of top.entries()) this.#bars[place].show(labels[index], probabilities[index], index === wanted);
    const shown = this.#bars.slice(0, top.length).map((bar) => bar.element);
    if (this.#root.children.length !== shown.length) this.#root.replaceChildren(...shown);
  }
}

/** A class and how probable it is. */
class Bar {
  element = fromTemplate('bar-template');
  #label = part(this.element, '.bar-label', HTMLButtonElement);
  #value = part(this.element, '.bar-value', HTMLElement);
  #fill = part(this.element, '.bar-fill', HTMLElement);

  /** @param {(label: string) => void} onChoose */
  constructor(onChoose) {
    this.#label.addEventListener('click', () => onChoose(this.#label.textContent ?? ''));
  }

  /**
   * @param {string} label
   * @param {number} share 0 to 1
   * @param {boolean} isChosen
   */
  show(label, share, isChosen) {
    this.#label.textContent = label;
    this.#label.title = `${label}: show where in the tile it is seen`;
    this.#label.ariaPressed = String(isChosen);
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

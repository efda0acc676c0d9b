/** Labels against predictions; a cell shows its tiles. */

import { element, isolated } from './dom.js';

/** @typedef {import('../engine/index.js').Prediction} Prediction */

/**
 * @param {string[]} labels
 * @param {number[][]} confusion by label, then by prediction
 * @param {(label: number, predicted: number) => void} onCell
 */
export function confusionMatrix(labels, confusion, onCell) {
  const corner = element('th', { scope: 'col' }, 'true ↓ predicted →');
  const head = element('tr', {}, corner, ...labels.map((name) => columnHead(name)));
  const rows = confusion.map((counts, label) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const cells = counts.map((count, predicted) => cell(count, total, label === predicted, `${isolated(labels[label])} predicted as ${isolated(labels[predicted])}: ${count}`, () => onCell(label, predicted)));
    return element('tr', {}, element('th', { scope: 'row', title: labels[label], dir: 'auto' }, labels[label]), ...cells);
  });
  return element('table', { className: 'confusion' }, element('thead', {}, head), element('tbody', {}, ...rows));
}

/** @param {string} name */
function columnHead(name) {
  return element('th', { scope: 'col', title: name }, element('span', { dir: 'auto' }, name));
}

/**
 * @param {number} count
 * @param {number} total
 * @param {boolean} isRight
 * @param {string} title
 * @param {() => void} act
 */
function cell(count, total, isRight, title, act) {
  const made = element('td', { className: isRight ? 'right' : 'wrong' });
  made.style.setProperty('--share', String(total > 0 ? count / total : 0));
  if (count > 0) {
    const button = element('button', { type: 'button', title }, String(count));
    button.setAttribute('aria-label', `${title}; show these tiles`);
    button.addEventListener('click', act);
    made.append(button);
  }
  return made;
}

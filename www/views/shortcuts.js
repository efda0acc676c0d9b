/** The sheet of keys, opened by `?`. */

import { byId, element, isTyping } from './dom.js';

/** Keys, with spaces between them, and what they do. */
const KEYS = [
  ['1 … 9 q w e … H', 'Give the class to the selected tiles, or to the tile in focus and go on to the next'],
  ['Enter', "Accept the model's class"],
  ['Backspace', 'Take the label away'],
  ['← → ↑ ↓ Home End', 'Go from tile to tile; with Shift they are selected'],
  ['Space', 'Select the tile in focus'],
  ['Ctrl+A', 'Select all shown tiles'],
  ['Esc', 'Select none; close a menu'],
  ['Ctrl+Z', 'Undo; with Shift, redo'],
  ['+ - Home', 'In the view Similarity: nearer, farther, all tiles; arrow keys move, with Shift they go to the next tile'],
  ['+ - 0', 'In the view Map: nearer, farther, the whole scene; arrow keys move, with Shift they go from cell to cell'],
  ['F2 F3 F4', 'In the view Map: move, select by a box, paint; a class’s key chooses what is painted'],
  ['Space Backspace Enter Esc', 'While an area is drawn on the map: a corner in the middle, the last one away, done, give up'],
  ['Ctrl+V', 'Add an image from the clipboard'],
  ['h', 'Show or hide where in the tile the class is seen'],
  ['[ ]', 'Fold or unfold the classes and the details'],
  ['?', 'This sheet'],
];

export function setUpShortcuts() {
  const sheet = byId('shortcuts', HTMLDialogElement);
  const asKey = (/** @type {string} */ key) => (key === '…' ? ' … ' : element('kbd', {}, key));
  byId('shortcut-list', HTMLElement).append(
    ...KEYS.flatMap(([keys, meaning]) => [element('dt', {}, ...keys.split(' ').map(asKey)), element('dd', {}, meaning)]),
  );
  byId('show-shortcuts', HTMLButtonElement).addEventListener('click', () => sheet.showModal());
  // What is pressed there is meant for no tile behind it.
  sheet.addEventListener('keydown', (event) => event.stopPropagation());
  document.addEventListener('keydown', (event) => {
    if (event.key !== '?' || isTyping(event.target)) return;
    event.preventDefault();
    sheet.showModal();
  });
}

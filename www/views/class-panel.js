/** The user's classes: made, named, coloured, removed, and given to tiles. */

import { MAX_CLASSES } from '../engine/index.js';
import { LabelError } from '../labels/labelling.js';
import { acceptSuggestions, hasFolder } from '../labels/suggestions.js';
import { beforePaint, byId, counted, fromTemplate, isTyping, isolated, part } from './dom.js';
import { labelOrAsk } from './folder-labels.js';
import { keyOf } from './label-keys.js';
import { notify, orNotify } from './notices.js';
import { onTiles } from './on-tiles.js';
import { thrownSentence } from './sentences.js';
import { DRAGGED_TILES } from './tile-selection.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/history.js').History} History */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../labels/labelling.js').TileClass} TileClass */
/** @typedef {import('../tiles/selection.js').Selection} Selection */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** From this ratio of the largest to the smallest class on, a head leans to the large one. */
const IMBALANCE = 4;

/** "Accept sure suggestions" takes those from here on. */
const SURE = 0.9;

/**
 * @param {{ session: Session, tiles: TileList, labelling: Labelling, history: History, selection: Selection }} page
 */
export function setUpClassPanel({ session, tiles, labelling, history, selection }) {
  const list = byId('class-list', HTMLElement);
  const form = byId('class-form', HTMLFormElement);
  const input = byId('class-name', HTMLInputElement);
  /** Rows by the class's id. @type {Map<string, HTMLElement>} */
  const rows = new Map();
  let closeHint = () => {};

  /** Names a class as its field says, or tells there why that cannot be. @param {HTMLInputElement} field @param {() => unknown} name */
  function attempt(field, name) {
    field.setCustomValidity('');
    try {
      name();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof LabelError)) throw thrown;
      field.setCustomValidity(thrown.message);
      field.reportValidity();
      return false;
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (attempt(input, () => labelling.create(input.value))) input.value = '';
  });
  input.addEventListener('input', () => input.setCustomValidity(''));

  /** @param {string} id */
  function createRow(id) {
    const row = fromTemplate('class-template');
    row.dataset.classId = id;
    const known = () => /** @type {TileClass} */ (labelling.classOf(id));
    const name = part(row, '.class-name', HTMLInputElement);
    name.addEventListener('change', () => {
      if (!attempt(name, () => labelling.rename(known(), name.value))) name.value = known().name;
    });
    name.addEventListener('input', () => name.setCustomValidity(''));
    name.addEventListener('keydown', ({ key }) => key === 'Enter' && name.blur());
    const colour = part(row, '.class-colour', HTMLInputElement);
    colour.addEventListener('change', () => labelling.recolour(known(), colour.value));
    part(row, '.class-assign', HTMLButtonElement).addEventListener('click', () => {
      closeHint();
      if (selection.size > 0) labelling.assign(selection.tiles, known());
      else closeHint = notify(`Select tiles by a click on their pictures, then press this button again: they become ${isolated(known().name)}.`, [], 'news');
    });
    part(row, '.class-remove', HTMLButtonElement).addEventListener('click', () => labelling.remove(known()));
    row.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes(DRAGGED_TILES)) return;
      event.preventDefault();
      row.classList.add('target');
    });
    row.addEventListener('dragleave', () => row.classList.remove('target'));
    row.addEventListener('drop', (event) => {
      row.classList.remove('target');
      const ids = event.dataTransfer?.getData(DRAGGED_TILES);
      if (!ids) return;
      event.preventDefault();
      labelling.assign(tiles.present(ids.split(' ')), known());
    });
    return row;
  }

  /** @param {TileClass} known @param {number} index @param {number} count */
  function drawRow({ id, name, colour }, index, count) {
    const row = rows.get(id) ?? createRow(id);
    rows.set(id, row);
    const key = keyOf(index);
    const assign = part(row, '.class-assign', HTMLButtonElement);
    assign.textContent = key ?? '+';
    assign.title = `Label the selected tiles as ${isolated(name)}${key ? ` (key ${key})` : ''}`;
    assign.setAttribute('aria-label', `${assign.textContent} ${assign.title}`);
    const field = part(row, '.class-name', HTMLInputElement);
    if (document.activeElement !== field) field.value = name;
    field.setAttribute('aria-label', `Name of the class ${name}`);
    const picker = part(row, '.class-colour', HTMLInputElement);
    picker.value = colour;
    picker.setAttribute('aria-label', `Colour of the class ${name}`);
    part(row, '.class-count', HTMLElement).textContent = String(count);
    part(row, '.class-remove', HTMLButtonElement).setAttribute('aria-label', `Remove the class ${name}`);
    return row;
  }

  const draw = beforePaint(() => {
    const { classes, counts } = labelling;
    for (const [id, row] of rows) {
      if (labelling.classOf(id)) continue;
      row.remove();
      rows.delete(id);
    }
    const drawn = classes.map((known, index) => drawRow(known, index, counts[index]));
    if (drawn.some((row, index) => list.children[index] !== row)) list.replaceChildren(...drawn);
    byId('label-count', HTMLElement).textContent = progress();
    byId('class-warning', HTMLElement).textContent = warning(classes, counts);
    byId('label-by-folder', HTMLButtonElement).hidden = !tiles.all.some(hasFolder);
    const most = classes.length >= MAX_CLASSES;
    input.placeholder = most ? `At most ${MAX_CLASSES} classes` : 'New class, such as Vineyard';
  });

  function progress() {
    const labelled = labelling.labelled.length;
    return tiles.size === 0 ? '' : `${labelled.toLocaleString()} of ${counted(tiles.size, 'tile')} labelled`;
  }

  /** What was labelled by hand stays so. */
  const unlabelled = () => tiles.all.filter(({ classId }) => classId === null);
  byId('label-by-folder', HTMLButtonElement).addEventListener('click', () => {
    closeHint();
    const wanted = unlabelled().filter(hasFolder);
    if (wanted.length === 0) closeHint = notify('Every tile that came in a folder has a label. Remove labels that folders shall give.', [], 'news');
    else labelOrAsk({ session, labelling }, wanted).catch((thrown) => notify(thrownSentence(thrown)));
  });
  byId('accept-sure', HTMLButtonElement).addEventListener('click', () => {
    closeHint();
    orNotify(LabelError, () => {
      if (acceptSuggestions(labelling, unlabelled(), SURE) === 0) closeHint = notify('The model is not so sure of any tile without a label. Label some yourself, then train.', [], 'news');
    });
  });
  // Whoever found tiles to select needs no hint any more.
  selection.addEventListener('changed', () => selection.size > 0 && closeHint());

  setUpHistory(history);
  labelling.addEventListener('classes', draw);
  onTiles(tiles, ['added', 'changed', 'removed'], draw);
  draw();
}

/** @param {History} history */
function setUpHistory(history) {
  const undo = byId('undo', HTMLButtonElement);
  const redo = byId('redo', HTMLButtonElement);
  undo.addEventListener('click', () => history.undo());
  redo.addEventListener('click', () => history.redo());
  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === 'z' && event.shiftKey) history.redo();
    else if (key === 'z') history.undo();
    else if (key === 'y') history.redo();
    else return;
    event.preventDefault();
  });
  const draw = () => {
    undo.disabled = history.undoable === null;
    redo.disabled = history.redoable === null;
    undo.title = undo.disabled ? 'There is nothing to undo' : `Undo ${history.undoable} (Ctrl+Z)`;
    redo.title = redo.disabled ? 'There is nothing to redo' : `Redo ${history.redoable} (Ctrl+Shift+Z)`;
  };
  history.addEventListener('changed', draw);
  draw();
}

/**
 * What makes the classes hard to learn from.
 * @param {TileClass[]} classes
 * @param {number[]} counts
 */
function warning(classes, counts) {
  const used = counts.filter((count) => count > 0);
  if (used.length < 2) return '';
  const empty = classes.filter((_, index) => counts[index] === 0).map(({ name }) => isolated(name));
  if (empty.length > 0) return `No tile is labelled ${empty.join(', ')}: the head will never give that class.`;
  const single = classes.filter((_, index) => counts[index] === 1).map(({ name }) => isolated(name));
  if (single.length > 0) return `Only one tile is labelled ${single.join(', ')}: its accuracy cannot be judged.`;
  const [least, most] = [Math.min(...used), Math.max(...used)];
  if (most < least * IMBALANCE) return '';
  const rare = isolated(classes[counts.indexOf(least)].name);
  return `${rare} has ${least} tiles and another class ${most}: label more of it, or turn on "Weigh classes".`;
}

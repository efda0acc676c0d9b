/** The user's classes and the labels of the tiles. Every change can be undone. */

import { MAX_CLASSES } from '../engine/index.js';
import { newId } from '../tiles/identity.js';
import { colourOf } from './colours.js';

/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./history.js').History} History */
/** @typedef {{ id: string, name: string, colour: string }} TileClass The colour as `#rrggbb`. */

/** Longer names do not fit beside a bar; the archive takes more. */
const LONGEST_NAME = 200;

/** A class name that cannot be taken, in words. */
export class LabelError extends Error {}

/** The event `classes`: some were added, changed or removed. Labels are told of by the tile list. */
export class Labelling extends EventTarget {
  /** @type {TileClass[]} */
  #classes = [];
  #tiles;
  #history;

  /**
   * @param {TileList} tiles
   * @param {History} history
   */
  constructor(tiles, history) {
    super();
    this.#tiles = tiles;
    this.#history = history;
  }

  get classes() {
    return this.#classes;
  }

  /** @param {string | null} id */
  classOf(id) {
    return this.#classes.find((known) => known.id === id) ?? null;
  }

  /** @param {string} name */
  named(name) {
    const wanted = composed(name).trim();
    return this.#classes.find((known) => composed(known.name) === wanted) ?? null;
  }

  /**
   * Colours for names: that of the class, and where there is none of that name one that is not taken.
   * @param {string[]} names
   * @returns {string[]} as `#rrggbb`
   */
  coloursOf(names) {
    const own = names.map((name) => this.named(name)?.colour ?? null);
    const taken = own.filter((colour) => colour !== null);
    return own.map((colour) => {
      const chosen = colour ?? colourOf(taken);
      if (!colour) taken.push(chosen);
      return chosen;
    });
  }

  /** Tiles that bear a label, and can be learnt from. */
  get labelled() {
    const ids = new Set(this.#classes.map(({ id }) => id));
    // Undoing a class can leave a tile the label of a class that is no more.
    return this.#tiles.all.filter(({ classId, state }) => classId !== null && ids.has(classId) && state !== 'error');
  }

  /** Labelled tiles of each class, in the order of the classes. */
  get counts() {
    /** @type {Map<string | null, number>} */
    const counts = new Map();
    for (const { classId } of this.labelled) counts.set(classId, (counts.get(classId) ?? 0) + 1);
    return this.#classes.map(({ id }) => counts.get(id) ?? 0);
  }

  /** Takes the classes of a project, which is nothing to undo. @param {TileClass[]} classes */
  restore(classes) {
    this.#setClasses(classes);
  }

  /** @param {string} name */
  create(name) {
    if (this.#classes.length >= MAX_CLASSES) throw new LabelError(`A project can have at most ${MAX_CLASSES} classes.`);
    const [made] = this.#newClasses([this.#checked(name)]);
    this.#change(`the class ${made.name}`, [...this.#classes, made]);
    return made;
  }

  /**
   * @param {TileClass} known
   * @param {string} name
   */
  rename(known, name) {
    if (name.trim() === known.name) return;
    const checked = this.#checked(name);
    this.#change(`the name ${checked}`, this.#replaced(known, { ...known, name: checked }));
  }

  /**
   * @param {TileClass} known
   * @param {string} colour as `#rrggbb`
   */
  recolour(known, colour) {
    this.#change(`the colour of ${known.name}`, this.#replaced(known, { ...known, colour }));
  }

  /** Its tiles lose their label. @param {TileClass} known */
  remove(known) {
    const without = this.#classes.filter(({ id }) => id !== known.id);
    const labels = this.#tiles.all.filter(({ classId }) => classId === known.id).map((tile) => /** @type {[Tile, null]} */ ([tile, null]));
    this.#change(`removing the class ${known.name}`, without, labels, `the class ${known.name}`);
  }

  /**
   * @param {Tile[]} tiles
   * @param {TileClass | null} known null takes the label away
   */
  assign(tiles, known) {
    const id = known?.id ?? null;
    const changing = tiles.filter(({ classId }) => classId !== id);
    if (changing.length === 0) return;
    const labels = changing.map((tile) => /** @type {[Tile, string | null]} */ ([tile, id]));
    const removed = known ? undefined : `the label of ${labels.length === 1 ? changing[0].name : `${labels.length} tiles`}`;
    this.#change(known ? `the label ${known.name}` : 'removing labels', this.#classes, labels, removed);
  }

  /**
   * Labels tiles by names; classes that are not there are made. Rejected as a whole where they would be too many.
   * @param {string} what
   * @param {[Tile, string][]} names
   * @returns {number} how many tiles got another label
   */
  assignByName(what, names) {
    const wanted = [...new Set(names.map(([, name]) => shortened(name)))];
    const missing = wanted.filter((name) => !this.named(name));
    const room = MAX_CLASSES - this.#classes.length;
    if (missing.length > room) throw new LabelError(`That would make ${wanted.length} classes; the limit is ${MAX_CLASSES}.`);
    const classes = [...this.#classes, ...this.#newClasses(missing)];
    const idOf = new Map(classes.map(({ name, id }) => [name, id]));
    const labels = names
      .map(([tile, name]) => /** @type {[Tile, string]} */ ([tile, /** @type {string} */ (idOf.get(shortened(name)))]))
      .filter(([tile, id]) => tile.classId !== id);
    if (labels.length > 0 || missing.length > 0) this.#change(what, classes, labels);
    return labels.length;
  }

  /** @param {Tile[]} tiles */
  removeTiles(tiles) {
    if (tiles.length === 0) return;
    const kept = tiles.map((tile) => tile.id);
    const list = this.#tiles;
    const removed = tiles.length === 1 ? tiles[0].name : `${tiles.length} tiles`;
    this.#history.do({
      what: `removing ${removed}`,
      removed,
      redo: () => list.remove(list.present(kept)),
      undo: () => void list.restore(tiles),
    });
  }

  /** @param {string[]} names @returns {TileClass[]} */
  #newClasses(names) {
    const taken = this.#classes.map(({ colour }) => colour);
    return names.map((name) => {
      const colour = colourOf(taken);
      taken.push(colour);
      return { id: newId(), name, colour };
    });
  }

  /** @param {string} name */
  #checked(name) {
    const trimmed = shortened(name);
    if (trimmed === '') throw new LabelError('A class needs a name.');
    if (this.named(trimmed)) throw new LabelError(`There is already a class called ${trimmed}.`);
    return trimmed;
  }

  /**
   * @param {TileClass} known
   * @param {TileClass} changed
   */
  #replaced(known, changed) {
    return this.#classes.map((one) => (one.id === known.id ? changed : one));
  }

  /**
   * @param {string} what
   * @param {TileClass[]} classes
   * @param {[Tile, string | null][]} [labels]
   * @param {string} [removed] what is gone
   */
  #change(what, classes, labels = [], removed) {
    const classesBefore = this.#classes;
    const after = labels.map(([{ id }, classId]) => ({ id, classId }));
    const before = labels.map(([{ id, classId }]) => ({ id, classId }));
    this.#history.do({
      what,
      removed,
      redo: () => this.#set(classes, after),
      undo: () => this.#set(classesBefore, before),
    });
  }

  /**
   * @param {TileClass[]} classes
   * @param {{ id: string, classId: string | null }[]} labels
   */
  #set(classes, labels) {
    if (classes !== this.#classes) this.#setClasses(classes);
    // A tile that was removed and brought back is another object with the same id.
    this.#tiles.label(
      labels.flatMap(({ id, classId }) => {
        const tile = this.#tiles.get(id);
        return tile ? [/** @type {[Tile, string | null]} */ ([tile, classId])] : [];
      }),
    );
  }

  /** @param {TileClass[]} classes */
  #setClasses(classes) {
    this.#classes = classes;
    this.dispatchEvent(new Event('classes'));
  }
}

/** @param {string} name */
function shortened(name) {
  return composed(name).trim().slice(0, LONGEST_NAME);
}

/** macOS writes `é` as a letter and an accent: the two look the same, and are one name. @param {string} name */
function composed(name) {
  return name.normalize('NFC');
}

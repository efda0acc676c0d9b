/** What was done, to be undone and done again. */

/** @typedef {{ what: string, undo: () => void, redo: () => void }} Deed `what` goes on in "Undo: …". */

/** Enough for an afternoon's slips; a deed on all tiles keeps a few bytes for each. */
const MOST_DEEDS = 500;

/** The event `changed` after each deed, undone or not. */
export class History extends EventTarget {
  /** @type {Deed[]} */
  #done = [];
  /** @type {Deed[]} */
  #undone = [];

  /** What would be undone next. */
  get undoable() {
    return this.#done.at(-1)?.what ?? null;
  }

  /** What would be done again next. */
  get redoable() {
    return this.#undone.at(-1)?.what ?? null;
  }

  /** Does a deed, and keeps it. @param {Deed} deed */
  do(deed) {
    deed.redo();
    this.#done.push(deed);
    if (this.#done.length > MOST_DEEDS) this.#done.shift();
    this.#undone = [];
    this.#tell();
  }

  undo() {
    const deed = this.#done.pop();
    if (!deed) return;
    deed.undo();
    this.#undone.push(deed);
    this.#tell();
  }

  redo() {
    const deed = this.#undone.pop();
    if (!deed) return;
    deed.redo();
    this.#done.push(deed);
    this.#tell();
  }

  /** Another project has another past. */
  clear() {
    this.#done = [];
    this.#undone = [];
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

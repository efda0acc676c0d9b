/** What was done, to be undone and done again. */

/** @typedef {{ what: string, removed?: string, undo: () => void, redo: () => void }} Command `what` goes on in "Undo: …", and `removed`, where something was, in "Removed …". */

/** Enough for an afternoon's slips; a command on all tiles keeps a few bytes for each. */
const MOST_COMMANDS = 500;

/** Events: `changed` after each command, undone or not; `done` after a new one, which is in the detail. */
export class History extends EventTarget {
  /** @type {Command[]} */
  #done = [];
  /** @type {Command[]} */
  #undone = [];

  /** What would be undone next. */
  get undoable() {
    return this.#done.at(-1)?.what ?? null;
  }

  /** What would be done again next. */
  get redoable() {
    return this.#undone.at(-1)?.what ?? null;
  }

  /** Carries a command out, and keeps it. @param {Command} command */
  do(command) {
    command.redo();
    this.#done.push(command);
    if (this.#done.length > MOST_COMMANDS) this.#done.shift();
    this.#undone = [];
    this.#tell();
    this.dispatchEvent(new CustomEvent('done', { detail: command }));
  }

  undo() {
    const command = this.#done.pop();
    if (!command) return;
    command.undo();
    this.#undone.push(command);
    this.#tell();
  }

  redo() {
    const command = this.#undone.pop();
    if (!command) return;
    command.redo();
    this.#done.push(command);
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

/** Opens, makes, deletes, exports and imports projects. */

import { Ownership } from './ownership.js';
import { keptTile, snapshot, withSceneFiles } from './snapshot.js';

/** @typedef {import('../labels/history.js').History} History */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/features.js').Features} Features */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('../scene/scenes.js').Scenes} Scenes */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./autosave.js').Autosave} Autosave */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./workspace.js').Workspace} Workspace */

/** Under this key the browser keeps which project was open last. */
const LAST_OPEN = 'tilelens.project';
/** Under this key it keeps which project is deleted as soon as nobody can want it back. */
const REMOVED = 'tilelens.removed';

/**
 * Events: `opened`, when another project is on the page; `list`, when there are other projects or another one is open; `elsewhere`, when a project could not be opened
 * because another tab has it, or was given to another tab.
 */
export class Projects extends EventTarget {
  #page;
  /** Null where the browser lets the page keep nothing. */
  #store;
  #autosave;
  #ownership = new Ownership(() => this.#letGo());
  /** A project that was removed and is still in the store. */
  #removed = '';
  /** What happened at the last `elsewhere`. @type {{ id: string, wasHere: boolean } | null} */
  elsewhere = null;

  /**
   * @param {{ tiles: TileList, scenes: Scenes, features: Features, labelling: Labelling, history: History, workspace: Workspace }} page
   * @param {{ store: Store, autosave: Autosave } | null} keeping
   */
  constructor(page, keeping) {
    super();
    this.#page = page;
    this.#store = keeping?.store ?? null;
    this.#autosave = keeping?.autosave ?? null;
    // Of whichever project is open then, one that was born on this page as well as one that was opened.
    if (keeping) page.features.saved = () => keeping.store.features(page.workspace.id);
    // A project is born with its first class, not when the page is opened.
    this.#autosave?.addEventListener('state', () => {
      if (this.#autosave?.isKept) write(LAST_OPEN, this.#page.workspace.id);
    });
  }

  async list() {
    const removed = this.#removed || read(REMOVED, ['localStorage']);
    return ((await this.#store?.list()) ?? []).filter(({ id }) => id !== removed);
  }

  /** The project that was open when the page was left. */
  async openLast() {
    await this.#own();
    this.#removed = read(REMOVED, ['localStorage']) ?? '';
    // Where that fails, the next visit tries again.
    await this.forgetRemoved().catch(() => undefined);
    // A browser that was killed may not have written down which one it was: then it is the one that was saved last.
    const id = read(LAST_OPEN) ?? (await this.list())[0]?.id;
    if (id) await this.open(id);
  }

  /** Opens a project, if there is one and no other tab has it. @param {string} id */
  async open(id) {
    if (!(await this.#openIfFree(id))) this.#tellElsewhere(id, false);
  }

  /**
   * Opens a project that another tab has, which saves it and lets go.
   * @param {string} id
   */
  async openFromElsewhere(id) {
    // The other tab may be closed by now.
    if (await this.#openIfFree(id)) return;
    const answer = await this.#ownership.ask(id);
    if (answer === 'silent') throw new Error('The other tab does not answer. Close it, then open the project here.');
    if (answer === 'unsaved') throw new Error('The other tab could not save the project. See there what it says, then open the project here.');
    await this.open(id);
  }

  /**
   * @param {string} id
   * @param {Scene[]} [atHand] scenes whose files the store may not have
   * @returns {Promise<boolean>} whether no other tab has it
   */
  async #openIfFree(id, atHand = []) {
    let isThere = true;
    const isFree = await this.#ownership.change(id, async () => {
      const stored = await this.#store?.load(id);
      const project = stored && withSceneFiles(stored, atHand);
      if (project) await this.#show(project, project);
      else isThere = false;
    });
    if (!isThere) await this.#own();
    return isFree;
  }

  /** A new and empty project. */
  async create() {
    await this.#show(null, null);
    await this.#own();
  }

  /** The project on the page, which is a new one, is this tab's. */
  async #own() {
    await this.#ownership.change(this.#page.workspace.id, async () => undefined);
  }

  /** Another tab wants the open project. */
  async #letGo() {
    const { id } = this.#page.workspace;
    await this.create();
    this.#tellElsewhere(id, true);
  }

  /** @param {string} id @param {boolean} wasHere */
  #tellElsewhere(id, wasHere) {
    this.elsewhere = { id, wasHere };
    this.dispatchEvent(new Event('elsewhere'));
  }

  /** Removes the open project. It can be taken back until it is forgotten. */
  async remove() {
    const { id } = this.#page.workspace;
    await this.forgetRemoved();
    // All of it, if it is taken back; and no write that is under way may come after that.
    await this.#autosave?.save();
    this.#autosave?.forget();
    this.#removed = id;
    // If the page is left now, the next visit deletes it.
    write(REMOVED, id, ['localStorage']);
    await this.create();
  }

  /** Opens the project that was removed last. */
  async takeBack() {
    const id = this.#removed;
    this.#removed = '';
    write(REMOVED, '', ['localStorage']);
    if (!(await this.list()).some((known) => known.id === id)) throw new Error('The project is gone: Tilelens was opened in another tab meanwhile.');
    await this.open(id);
  }

  /** Deletes the project that was removed last for good. */
  async forgetRemoved() {
    const id = this.#removed;
    if (id === '') return;
    this.#removed = '';
    await this.#store?.remove(id);
    write(REMOVED, '', ['localStorage']);
  }

  /** The open project with everything that it has. */
  snapshot() {
    return snapshot(this.#page);
  }

  /** Puts an imported project on the page, and keeps it. @param {Project} project */
  async adopt(project) {
    await this.#show(null, project);
    await this.#own();
    await this.#autosave?.keepAll();
    // From the store on: the tiles of the file are there only as long as the file stays where it is.
    // Scenes that have no room there stay open for this visit.
    if (this.#autosave?.state === 'saved') await this.#openIfFree(this.#page.workspace.id, project.scenes);
  }

  /**
   * @param {Project | null} inStore
   * @param {Project | null} project
   */
  async #show(inStore, project) {
    const { features } = this.#page;
    // Before its tiles are there: what is known of them need not be asked for again.
    if (inStore && this.#store) await features.give(this.#store.features(inStore.record.id));
    const show = () => this.#replacePage(project);
    if (this.#autosave) await this.#autosave.open(inStore, show);
    else show();
    features.keepOnly(new Set(this.#page.tiles.all.map((tile) => tile.id)));
    this.#remember();
    this.dispatchEvent(new Event('opened'));
  }

  #remember() {
    write(LAST_OPEN, this.#page.workspace.id);
    this.dispatchEvent(new Event('list'));
  }

  /** @param {Project | null} project */
  #replacePage(project) {
    const { tiles, scenes, labelling, history, workspace } = this.#page;
    tiles.remove(tiles.all);
    scenes.clear();
    history.clear();
    labelling.restore(project?.record.classes ?? []);
    workspace.open(project);
    scenes.add(project?.scenes ?? []);
    tiles.restore((project?.tiles ?? []).map(keptTile));
  }
}

/** What this tab has, and what the tab that was used last has. @typedef {'sessionStorage' | 'localStorage'} Place */
/** @type {Place[]} */
const PLACES = ['sessionStorage', 'localStorage'];

/**
 * The first that there is.
 * @param {string} key
 * @param {Place[]} [places]
 */
function read(key, places = PLACES) {
  try {
    return places.map((place) => globalThis[place].getItem(key)).find((found) => found !== null) ?? null;
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} value
 * @param {Place[]} [places]
 */
function write(key, value, places = PLACES) {
  try {
    for (const place of places) globalThis[place].setItem(key, value);
  } catch {
    // Where nothing can be kept, the last project is not either.
  }
}

/** Keeps the open project in the store, change by change, as the user works. */

import { SceneKeeper } from './scene-keeper.js';
import { tilesOf } from '../tiles/tile-list.js';
import { storedTile } from './snapshot.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/features.js').Features} Features */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../scene/scenes.js').Scenes} Scenes */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').ModelRole} ModelRole */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./workspace.js').Workspace} Workspace */
/** @typedef {'notKept' | 'saving' | 'saved' | 'failed'} SaveState */

/** Tiles in one transaction: if the room ends, those before are kept. */
const TILES_A_TRANSACTION = 50;

/** Events: `state`; `lacking`, where a scene's file is too large to be kept, with its name in the detail. */
export class Autosave extends EventTarget {
  /** @type {SaveState} */
  state = 'notKept';
  /** Why the last save failed. @type {Error | null} */
  error = null;
  #store;
  #tiles;
  #features;
  #labelling;
  #workspace;
  /** Whether there is something worth keeping: a class, a name. */
  #isKept = false;
  /** While another project is being opened, what happens to the tiles is no change. */
  #isOpening = false;
  /** Labels as they are stored, of the tiles that are. @type {Map<string, string | null>} */
  #storedLabels = new Map();
  #isRecordStale = false;
  #areModelsStale = false;
  #scenes;
  /** Ids of tiles, by what of them is not written yet. */
  #stale = {
    gone: /** @type {Set<string>} */ (new Set()),
    tiles: /** @type {Set<string>} */ (new Set()),
    labels: /** @type {Set<string>} */ (new Set()),
    features: /** @type {Set<string>} */ (new Set()),
  };
  /** Being written at this moment: what happens to them meanwhile has to be written after that. @type {Set<string>} */
  #inFlight = new Set();
  /** @type {Promise<void> | null} */
  #saving = null;

  /**
   * @param {Store} store
   * @param {{ tiles: TileList, scenes: Scenes, features: Features, labelling: Labelling, workspace: Workspace }} page
   */
  constructor(store, { tiles, scenes, features, labelling, workspace }) {
    super();
    this.#store = store;
    this.#tiles = tiles;
    this.#features = features;
    this.#labelling = labelling;
    this.#workspace = workspace;
    this.#scenes = new SceneKeeper(store, scenes, (name) => this.dispatchEvent(new CustomEvent('lacking', { detail: { name } })));
    scenes.addEventListener('changed', () => this.#isKept && !this.#isOpening && this.save());
    const onTiles = (/** @type {string} */ type, /** @type {(changed: Tile[]) => void} */ react) =>
      tiles.addEventListener(type, (event) => {
        if (this.#isKept && !this.#isOpening) react(tilesOf(event));
      });
    onTiles('added', (added) => this.#onAdded(added));
    onTiles('described', (described) => this.#markAll(described));
    onTiles('changed', (changed) => this.#onChanged(changed));
    onTiles('removed', (removed) => this.#onRemoved(removed));
    features.addEventListener('computed', (event) => this.#onFeatures(/** @type {CustomEvent<{ tileIds: string[] }>} */ (event).detail.tileIds));
    labelling.addEventListener('classes', () => this.#onRecord(labelling.classes.length > 0));
    workspace.addEventListener('changed', () => this.#onRecord(workspace.name !== ''));
    workspace.addEventListener('models', () => {
      this.#areModelsStale = true;
      this.#onRecord(true);
    });
    globalThis.addEventListener('beforeunload', (event) => {
      // The browser asks the user, and writes on meanwhile.
      if (this.state === 'saving' || this.state === 'failed') event.preventDefault();
    });
  }

  /** How many tiles are in the store. */
  get tileCount() {
    return this.#storedLabels.size;
  }

  /** Whether the project is in the store. */
  get isKept() {
    return this.#isKept;
  }

  /**
   * Puts another project on the page by `show`, without taking that for a change. What is still unsaved of the one
   * before is saved first.
   * @param {Project | null} project as it is stored; null for one that is not
   * @param {() => void} show
   */
  async open(project, show) {
    while (this.#saving || (this.#isKept && this.#isStale)) {
      await this.save();
      // Work that cannot be saved would be gone with the page that it is on.
      if (this.state === 'failed') throw this.error;
    }
    this.#isOpening = true;
    try {
      show();
    } finally {
      this.#isOpening = false;
    }
    this.forget();
    this.#scenes.know(project?.scenes ?? []);
    this.#isKept = project !== null;
    this.#storedLabels = new Map(project?.tiles.map(({ id, classId }) => [id, classId]));
    this.#setState(this.#isKept ? 'saved' : 'notKept', null);
  }

  /** The storage was closed, and what is in it may be gone. @param {Error} error */
  fail(error) {
    // Another attempt to save has something to fail at.
    this.#isRecordStale = this.#isKept;
    this.#setState('failed', error);
  }

  /** The project is no longer to be kept: what is unsaved of it does not matter. */
  forget() {
    for (const stale of Object.values(this.#stale)) stale.clear();
    this.#isRecordStale = false;
    this.#areModelsStale = false;
    this.#isKept = false;
  }

  /** Keeps a project that is on the page and not in the store, as after an import. */
  async keepAll() {
    this.#keep();
    this.#areModelsStale = true;
    await this.save();
  }

  /** Writes all that is stale; also after a failure. */
  save() {
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  #keep() {
    this.#isKept = true;
    this.#isRecordStale = true;
    for (const tile of this.#tiles.all) this.#markTile(tile);
  }

  /** @param {Tile} tile */
  #markTile(tile) {
    this.#stale.gone.delete(tile.id);
    this.#stale.tiles.add(tile.id);
    if (this.#features.hasAny(tile.id)) this.#stale.features.add(tile.id);
  }

  /** @param {Tile[]} tiles */
  #markAll(tiles) {
    for (const tile of tiles) this.#markTile(tile);
    if (tiles.length > 0) this.save();
  }

  /** @param {boolean} isWorthKeeping */
  #onRecord(isWorthKeeping) {
    if (this.#isOpening) return;
    if (!this.#isKept && !isWorthKeeping) return;
    if (!this.#isKept) this.#keep();
    this.#isRecordStale = true;
    this.save();
  }

  /**
   * Tiles that were removed and come back are known already: nothing more will be told of them. A scene has all its
   * cells from the start, or those that were not classified yet would be missing for good after a reload.
   * @param {Tile[]} tiles
   */
  #onAdded(tiles) {
    this.#markAll(tiles.filter(({ facts, classId, source }) => facts !== null || classId !== null || source.kind === 'window'));
  }

  /** @param {Tile[]} tiles */
  #onChanged(tiles) {
    let isStale = false;
    for (const tile of tiles) {
      const isStored = this.#storedLabels.has(tile.id) || this.#inFlight.has(tile.id);
      const isTrue = !this.#inFlight.has(tile.id) && this.#storedLabels.get(tile.id) === tile.classId;
      if (isStored && isTrue) continue;
      // A tile is stored once it is known what it is, or as soon as work was spent on it.
      if (!isStored && tile.classId === null && tile.state !== 'error') continue;
      if (isStored) this.#stale.labels.add(tile.id);
      else this.#markTile(tile);
      isStale = true;
    }
    if (isStale) this.save();
  }

  /** @param {string[]} tileIds */
  #onFeatures(tileIds) {
    if (!this.#isKept || this.#isOpening) return;
    for (const tile of this.#tiles.present(tileIds)) {
      if (!this.#storedLabels.has(tile.id)) this.#markTile(tile);
      this.#stale.features.add(tile.id);
    }
    this.save();
  }

  /** @param {Tile[]} tiles */
  #onRemoved(tiles) {
    for (const { id } of tiles) {
      for (const stale of Object.values(this.#stale)) stale.delete(id);
      if (this.#storedLabels.has(id) || this.#inFlight.has(id)) this.#stale.gone.add(id);
    }
    this.save();
  }

  get #isStale() {
    return this.#isRecordStale || this.#areModelsStale || this.#scenes.isStale || Object.values(this.#stale).some(({ size }) => size > 0);
  }

  async #saveAll() {
    this.#setState('saving', null);
    try {
      // What happens in one turn of the page is one write.
      await Promise.resolve();
      while (this.#isStale) await this.#saveSome();
      this.#setState('saved', null);
    } catch (thrown) {
      this.#setState('failed', thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /** Each part is no longer stale when it is written, and stays so when it is not. */
  async #saveSome() {
    const { id } = this.#workspace;
    if (this.#isRecordStale) {
      this.#isRecordStale = false;
      await this.#store.saveRecord(this.#record()).catch((thrown) => {
        this.#isRecordStale = true;
        throw thrown;
      });
    }
    await this.#scenes.save(id);
    await this.#take(this.#stale.gone, Infinity, async (gone) => {
      await this.#store.removeTiles(id, gone);
      for (const tileId of gone) this.#storedLabels.delete(tileId);
    });
    await this.#take(this.#stale.tiles, TILES_A_TRANSACTION, async (ids) => {
      const tiles = this.#tiles.present(ids);
      const labels = tiles.map(({ id: tileId, classId }) => /** @type {[string, string | null]} */ ([tileId, classId]));
      await this.#store.putTiles(id, tiles.map(storedTile));
      for (const [tileId, classId] of labels) this.#storedLabels.set(tileId, classId);
    });
    await this.#take(this.#stale.labels, Infinity, async (ids) => {
      const labels = new Map(this.#tiles.present(ids).map(({ id: tileId, classId }) => [tileId, classId]));
      await this.#store.setLabels(id, labels);
      for (const [tileId, classId] of labels) this.#storedLabels.set(tileId, classId);
    });
    // All tiles come first: features wait for the engine, and what is known of 100,000 cells should not. Those that the
    // worker has lost are computed again, and saved then.
    if (this.#stale.tiles.size === 0) await this.#take(this.#stale.features, TILES_A_TRANSACTION, async (ids) => this.#store.putFeatures(id, await this.#features.read(ids)));
    if (this.#areModelsStale) {
      this.#areModelsStale = false;
      const { current, before } = this.#workspace;
      await Promise.all([this.#store.putModel(id, 'current', current.model), this.#store.putModel(id, 'before', before?.model ?? null)]).catch(
        (thrown) => {
          this.#areModelsStale = true;
          throw thrown;
        },
      );
    }
  }

  /**
   * Takes some ids out of a set and gives them back if the write fails.
   * @param {Set<string>} stale
   * @param {number} most
   * @param {(ids: string[]) => Promise<void>} write
   */
  async #take(stale, most, write) {
    /** @type {string[]} */
    const ids = [];
    // A scene has 100,000 cells: all of them are not listed for each few.
    for (const id of stale) {
      if (ids.length >= most) break;
      ids.push(id);
    }
    if (ids.length === 0) return;
    for (const id of ids) {
      stale.delete(id);
      this.#inFlight.add(id);
    }
    try {
      await write(ids);
    } catch (thrown) {
      for (const id of ids) stale.add(id);
      throw thrown;
    } finally {
      this.#inFlight.clear();
    }
  }

  #record() {
    const { id, name, createdAt, settings, reports } = this.#workspace;
    return { id, name, createdAt, updatedAt: '', classes: this.#labelling.classes, settings, report: reports };
  }

  /**
   * @param {SaveState} state
   * @param {Error | null} error
   */
  #setState(state, error) {
    this.state = state;
    this.error = error;
    this.dispatchEvent(new Event('state'));
  }
}

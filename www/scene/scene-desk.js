/** Opens scenes, cuts them into cells, and keeps what is known of those that are open. */

import { EngineError, asEngineError, lookOf, stretchFor } from '../engine/index.js';
import { newId } from '../tiles/identity.js';
import { unknownTile } from '../tiles/tile-list.js';
import { carriedLabels, cellsOf, cellsOfScene } from './cells.js';
import { fingerprintOf } from './fingerprint.js';
import { usualPlan } from './plan.js';

/** @typedef {import('../engine/index.js').CutScene} CutScene */
/** @typedef {import('../engine/index.js').GridPlan} GridPlan */
/** @typedef {import('../engine/index.js').SceneInfo} SceneInfo */
/** @typedef {import('../engine/index.js').SceneRoom} SceneRoom */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../engine/index.js').Sidecars} Sidecars */
/** @typedef {import('../labels/history.js').History} History */
/** Knows which project is open. @typedef {{ readonly id: string }} Workspace */
/** @typedef {import('../tiles/stretches.js').Stretches} Stretches */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./scenes.js').Scene} Scene */
/** @typedef {import('./scenes.js').Scenes} Scenes */

/** @typedef {{ info: SceneInfo, grid: CutScene }} OpenedScene What the worker of scenes says of it. */

/** Where nobody looks at the colours, none need be chosen from a sample of the numbers. @type {import('../engine/index.js').Stretch} */
const UNSEEN = { bands: [1, 1, 1], ranges: [{ black: 0, white: 1 }, { black: 0, white: 1 }, { black: 0, white: 1 }], rule: 'fixed' };

/** From this many metres a pixel on, cells have as many pixels as tiles of satellites usually have. */
const COARSE_PIXEL_M = 5;
const COARSE_CELL = '64px';
const FINE_CELL = '256px';

/** The event `changed`: a scene was opened or cut otherwise, or cannot be opened. */
export class SceneDesk extends EventTarget {
  /** By the scene's id. @type {Map<string, OpenedScene>} */
  #opened = new Map();
  /** Why a scene cannot be opened. @type {Map<string, EngineError>} */
  #failures = new Map();
  /** Scenes that are being opened. @type {Map<string, string>} */
  #opening = new Map();
  /** Whether the page knows where the worker of scenes is. */
  #isStarted = false;
  /** The model that the hints are about. */
  #model = -1;
  #session;
  #room;
  #scenes;
  #tiles;
  #history;
  #stretches;
  #workspace;

  /** @param {{ session: Session, room: SceneRoom, scenes: Scenes, tiles: TileList, history: History, stretches: Stretches, workspace: Workspace }} page */
  constructor({ session, room, scenes, tiles, history, stretches, workspace }) {
    super();
    this.#session = session;
    this.#room = room;
    this.#scenes = scenes;
    this.#tiles = tiles;
    this.#history = history;
    this.#stretches = stretches;
    this.#workspace = workspace;
    scenes.addEventListener('changed', () => this.#follow());
    stretches.addEventListener('changed', () => this.#seeOtherwise());
    session.addEventListener('status', () => {
      const model = session.status.loaded?.model ?? -1;
      if (session.status.state !== 'ready' || model === this.#model) return;
      this.#model = model;
      for (const id of this.#opened.keys()) this.#cutAgain(id);
    });
  }

  /** From now on scenes can be opened. */
  start() {
    this.#isStarted = true;
    this.#follow();
  }

  /** @param {string} sceneId */
  opened(sceneId) {
    return this.#opened.get(sceneId) ?? null;
  }

  /** @param {string} sceneId */
  failure(sceneId) {
    return this.#failures.get(sceneId) ?? null;
  }

  /** The project that scenes are added to now. */
  get projectId() {
    return this.#workspace.id;
  }

  /**
   * Opens a file only to see how large it is.
   * @param {Blob} file
   */
  async look(file) {
    const sceneId = newId();
    try {
      return await this.#room.open({ sceneId, file, sidecars: { world: null, auxXml: null }, stretch: UNSEEN });
    } finally {
      this.#close(sceneId);
    }
  }

  /**
   * Makes a scene of a file, and tiles of its cells.
   * @param {File} file
   * @param {Sidecars} sidecars
   * @param {string} projectId the project that it is meant for
   * @returns {Promise<Scene>} rejects where another project is open by the time that it is cut
   */
  async add(file, sidecars, projectId) {
    const id = newId();
    const readable = await this.#room.readable(file, sidecars);
    const { groups, alike } = await this.#session.ask('lookAtRasters', { tiles: [{ tileId: id, source: { kind: 'file', file: readable, sidecars } }], bands: null });
    const group = groups.find((one) => one.alike === alike[id]);
    const known = this.#stretches.kinds.find((kind) => kind.alike === group?.alike)?.stretch;
    const raster = group ? { alike: group.alike, stretch: stretchFor(group, known, this.#session.status.loaded?.info.preparations ?? []) } : null;
    const fingerprint = await fingerprintOf(file);
    const info = await this.#room.open({ sceneId: id, file: readable, sidecars, stretch: raster?.stretch ?? null });
    const plan = usualPlan(this.#usualCell(info));
    /** @type {Scene} */
    const scene = { id, name: file.name, file: readable, fileBytes: file.size, fingerprint, sidecars, raster, plan };
    try {
      const grid = await this.#cut(scene);
      if (projectId !== this.projectId) throw new EngineError('scene.other_project');
      this.#opened.set(id, { info, grid });
      this.#scenes.add([scene]);
      this.#tiles.add(cellsOf(scene, grid));
    } catch (thrown) {
      this.#close(id);
      throw thrown;
    }
    this.#tell();
    return scene;
  }

  /**
   * Gives a scene whose file the project could not keep that file again.
   * @param {File} file
   * @returns {Promise<'reunited' | 'differs' | 'unknown'>} whether it is that of a scene; `differs` where only its name and
   *   size are
   */
  async reunite(file) {
    const alike = this.#scenes.all.filter(({ name, fileBytes, file: kept }) => !kept && name === file.name && fileBytes === file.size);
    if (alike.length === 0) return 'unknown';
    const fingerprint = await fingerprintOf(file).catch(() => null);
    const isSame = (/** @type {Scene} */ scene) => fingerprint !== null && scene.fingerprint === fingerprint;
    const scene = alike.find(isSame) ?? alike.find((one) => !one.fingerprint || !fingerprint);
    if (!scene) return 'differs';
    this.#giveBack(scene, file, fingerprint).catch((thrown) => {
      this.#failures.set(scene.id, asEngineError(thrown));
      this.#tell();
    });
    return 'reunited';
  }

  /** @param {Scene} scene @param {File} file @param {string | null} fingerprint */
  async #giveBack(scene, file, fingerprint) {
    const readable = await this.#room.readable(file, scene.sidecars);
    const cells = cellsOfScene(this.#tiles, scene.id);
    for (const cell of cells) cell.source = { ...cell.source, file: readable };
    this.#scenes.change(scene.id, { file: readable, fingerprint });
    // What could not be read without it is tried again.
    this.#tiles.mark(cells.filter(({ state }) => state === 'error'), 'queued');
  }

  /** Cells as large as tiles of such pixels usually are, and no larger than half of the scene. @param {SceneInfo} info */
  #usualCell({ pixelM, widthPx, heightPx }) {
    const usual = pixelM && Math.min(...pixelM) >= COARSE_PIXEL_M ? COARSE_CELL : FINE_CELL;
    return Math.min(widthPx, heightPx) < 2 * parseInt(usual, 10) ? `${Math.max(8, Math.floor(Math.min(widthPx, heightPx) / 2))}px` : usual;
  }

  /**
   * Cuts a scene otherwise: other cells take the place of those before, with the labels that still fit.
   * @param {Scene} scene
   * @param {GridPlan} grid
   * @returns {Promise<void>} rejects, and leaves the cells alone, where it cannot be cut so
   */
  async recut(scene, grid) {
    // A check belongs to the cells that it was drawn from.
    const plan = { ...scene.plan, grid, check: null };
    const cut = await this.#cut({ ...scene, plan });
    if (!this.#scenes.get(scene.id)) throw new EngineError('scene.closed');
    const planBefore = scene.plan;
    const before = cellsOfScene(this.#tiles, scene.id);
    const labelOf = carriedLabels(before.filter(({ classId }) => classId !== null));
    const after = cellsOf(scene, cut, labelOf).map(unknownTile);
    this.#history.do({
      what: `the cells of ${scene.name}`,
      redo: () => this.#replace(scene, plan, before.map(({ id }) => id), after),
      undo: () => this.#replace(scene, planBefore, after.map(({ id }) => id), before),
    });
  }

  /**
   * @param {Scene} scene
   * @param {Scene['plan']} plan
   * @param {string[]} gone
   * @param {import('../tiles/tile-list.js').KeptTile[]} come
   */
  #replace(scene, plan, gone, come) {
    this.#tiles.remove(this.#tiles.present(gone));
    this.#scenes.change(scene.id, { plan });
    this.#tiles.restore(come);
    this.#cutAgain(scene.id);
  }

  /** Takes a scene and its cells away; undone, they come back. @param {Scene} scene */
  remove(scene) {
    const cells = cellsOfScene(this.#tiles, scene.id);
    this.#history.do({
      what: `removing ${scene.name}`,
      removed: scene.name,
      redo: () => {
        this.#tiles.remove(this.#tiles.present(cells.map(({ id }) => id)));
        this.#scenes.remove(scene.id);
      },
      undo: () => {
        this.#scenes.add([scene]);
        this.#tiles.restore(cells);
      },
    });
  }

  /** @param {Scene} scene */
  #cut({ id, plan }) {
    const { info } = this.#session.status.loaded ?? {};
    const model = info?.groundResolutionM ? { name: info.name, groundResolutionM: /** @type {[number, number]} */ (info.groundResolutionM) } : null;
    return this.#room.ask('cutScene', { sceneId: id, grid: plan.grid, model });
  }

  /** @param {string} sceneId */
  async #cutAgain(sceneId) {
    const scene = this.#scenes.get(sceneId);
    if (!scene || !this.#opened.has(sceneId)) return;
    try {
      const grid = await this.#cut(scene);
      // It may have been removed meanwhile, or opened with another look.
      const now = this.#opened.get(sceneId);
      if (now) this.#opened.set(sceneId, { ...now, grid });
      this.#tell();
    } catch {
      // Its cells would be taken for those of the grid before. Where it cannot be opened anew, that is said.
      this.#opened.delete(sceneId);
      await this.#open(scene);
    }
  }

  /** The project has other scenes: those that are gone are closed, others opened. */
  #follow() {
    for (const id of this.#opened.keys()) {
      if (this.#scenes.get(id)) continue;
      this.#opened.delete(id);
      this.#close(id);
    }
    for (const scene of this.#scenes.all) if (this.#isStarted && !this.#opened.has(scene.id)) this.#open(scene);
    this.#tell();
  }

  /** @param {Scene} scene */
  async #open(scene) {
    const { id, file, sidecars, raster } = scene;
    const look = lookOf({ raster });
    if (!file || this.#opening.get(id) === look) return;
    this.#opening.set(id, look);
    try {
      const info = await this.#room.open({ sceneId: id, file, sidecars, stretch: raster?.stretch ?? null });
      const grid = await this.#cut(scene);
      this.#failures.delete(id);
      if (this.#scenes.get(id)) this.#opened.set(id, { info, grid });
      // It was removed meanwhile.
      else this.#close(id);
    } catch (thrown) {
      this.#failures.set(id, asEngineError(thrown));
    } finally {
      if (this.#opening.get(id) === look) this.#opening.delete(id);
    }
    this.#tell();
  }

  /** Lets the worker of scenes forget it. @param {string} sceneId */
  #close(sceneId) {
    this.#room.close(sceneId).catch(() => undefined);
  }

  /** The user wants the numbers of its kind to be other colours. */
  #seeOtherwise() {
    for (const { alike, stretch } of this.#stretches.kinds) {
      for (const scene of this.#scenes.all) {
        if (scene.raster?.alike !== alike || lookOf(scene) === lookOf({ raster: { alike, stretch } })) continue;
        this.#scenes.change(scene.id, { raster: { alike, stretch } });
        this.#open(scene);
      }
    }
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

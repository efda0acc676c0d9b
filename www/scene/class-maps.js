/** The class map of each scene, kept up to date while answers come in. */

import { rgbOf } from '../labels/colours.js';
import { tilesOf } from '../tiles/tile-list.js';
import { cellsOfScene, indexOfWindow, isCell, windowCount } from './cells.js';

/** @typedef {import('../engine/index.js').SceneMap} SceneMap */
/** @typedef {import('../engine/index.js').SceneRoom} SceneRoom */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../engine/index.js').WindowAnswers} WindowAnswers */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./cells.js').Cell} Cell */
/** @typedef {import('./plan.js').ScenePlan} ScenePlan */
/** @typedef {import('./scene-desk.js').SceneDesk} SceneDesk */
/** @typedef {import('./scenes.js').Scenes} Scenes */

/** What a model said of the cells of a grid, and under which options. @typedef {{ ids: Uint8Array, names: string[], plan: ScenePlan }} Said */
/**
 * @typedef {SceneMap & { labels: string[], model: number, open: number, unreadable: number, said: Said, past: Said | null, before: Said | null }} ClassMap
 *   `open` windows have no answer yet, `unreadable` ones will have none. `past` is what the model before this one said of the
 *   same cells; `before` is the same where it was said under the options of now: what they change was not learnt.
 */

/** A map is made again no more often than this, and never so often that it takes more than a fifth of the time. */
const LEAST_PAUSE_MS = 250;
const SHARE_OF_TIME = 5;

const STATES = { classified: 0, noData: 1, unreadable: 2, leftOut: 3, open: 4 };

/** Events: `changed`, with the scene's id in its detail. */
export class ClassMaps extends EventTarget {
  /** By the scene's id. @type {Map<string, ClassMap>} */
  #maps = new Map();
  /** Scenes whose cells have said something since. @type {Set<string>} */
  #outdated = new Set();
  #isAtWork = false;
  /** The maps that are being made. @type {Promise<unknown>} */
  #turn = Promise.resolve();
  #session;
  #room;
  #tiles;
  #labelling;
  #scenes;
  #desk;

  /** @param {{ session: Session, room: SceneRoom, tiles: TileList, labelling: Labelling, scenes: Scenes, desk: SceneDesk }} page */
  constructor({ session, room, tiles, labelling, scenes, desk }) {
    super();
    this.#session = session;
    this.#room = room;
    this.#tiles = tiles;
    this.#labelling = labelling;
    this.#scenes = scenes;
    this.#desk = desk;
    for (const type of ['added', 'changed', 'removed']) tiles.addEventListener(type, (event) => this.#outdate(tilesOf(event)));
    desk.addEventListener('changed', () => this.#outdateAll());
    labelling.addEventListener('classes', () => this.#outdateAll());
  }

  /** @param {string} sceneId */
  of(sceneId) {
    return this.#maps.get(sceneId) ?? null;
  }

  /**
   * The map as it is now, with all that was said until now.
   * @param {string} sceneId
   */
  async upToDate(sceneId) {
    await this.#makeInTurn(sceneId);
    return this.of(sceneId);
  }

  /** One after the other: the worker of scenes keeps the last one. @param {string} sceneId */
  #makeInTurn(sceneId) {
    const made = this.#turn.then(() => this.#make(sceneId));
    this.#turn = made.catch(() => undefined);
    return made;
  }

  /** @param {Tile[]} tiles */
  #outdate(tiles) {
    const before = this.#outdated.size;
    for (const tile of tiles) if (isCell(tile)) this.#outdated.add(tile.source.sceneId);
    if (this.#outdated.size > before) this.#work();
  }

  #outdateAll() {
    for (const { id } of this.#scenes.all) this.#outdated.add(id);
    for (const id of this.#maps.keys()) if (!this.#scenes.get(id)) this.#maps.delete(id);
    this.#work();
  }

  async #work() {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    while (this.#outdated.size > 0) {
      const [sceneId] = this.#outdated;
      this.#outdated.delete(sceneId);
      const startMs = performance.now();
      // What goes wrong is said by whoever shows the scene.
      await this.#makeInTurn(sceneId).catch((thrown) => console.warn(thrown));
      const pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - startMs) * (SHARE_OF_TIME - 1));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.#isAtWork = false;
  }

  /** @param {string} sceneId */
  async #make(sceneId) {
    const scene = this.#scenes.get(sceneId);
    const opened = this.#desk.opened(sceneId);
    const { loaded } = this.#session.status;
    if (!scene || !opened || !loaded) return;
    const { plan } = scene;
    const { labels } = loaded.info;
    if (labels.length === 0) {
      if (this.#maps.delete(sceneId)) this.#tell(sceneId);
      return;
    }
    const answers = answersOf(cellsOfScene(this.#tiles, sceneId), opened.grid, labels, this.#labelling.coloursOf(labels));
    const made = await this.#room.ask('mapScene', { sceneId, grid: plan.grid, map: plan.map, answers });
    const count = (/** @type {number} */ wanted) => answers.states.filter((state) => state === wanted).length;
    const names = made.summary.areas.map(({ name }) => name);
    const said = { ids: made.ids, names, plan };
    const past = this.#past(sceneId, said, loaded.model);
    const before = past && isAlike(past.plan.map, said.plan.map) ? past : null;
    this.#maps.set(sceneId, { ...made, labels, model: loaded.model, open: count(STATES.open), unreadable: count(STATES.unreadable), said, past, before });
    this.#tell(sceneId);
  }

  /** What the model before said of the same cells. @param {string} sceneId @param {Said} said @param {number} model @returns {Said | null} */
  #past(sceneId, said, model) {
    const last = this.#maps.get(sceneId);
    if (!last) return null;
    const past = last.model === model ? last.past : last.said;
    // Other classes altogether say nothing of what was learnt.
    return past && isAlike(past.plan.grid, said.plan.grid) && past.names.some((name) => said.names.includes(name)) ? past : null;
  }

  /** @param {string} sceneId */
  #tell(sceneId) {
    this.dispatchEvent(new CustomEvent('changed', { detail: { sceneId } }));
  }
}

/**
 * What the cells say, in the order of the windows.
 * @param {Cell[]} cells
 * @param {import('../engine/index.js').GridInfo} grid
 * @param {string[]} labels
 * @param {string[]} colours as `#rrggbb`
 * @returns {WindowAnswers}
 */
export function answersOf(cells, grid, labels, colours) {
  const windows = windowCount(grid);
  const scores = new Float32Array(windows * labels.length);
  const states = new Uint8Array(windows).fill(STATES.leftOut);
  /** @type {number[]} */
  const partial = [];
  for (const { source, state, answer, facts, error, labels: answered } of cells) {
    const index = indexOfWindow(grid, source.window);
    if (index < 0) continue;
    states[index] = STATES.open;
    const isEmpty = error?.code === 'image.no_data';
    if (state === 'error') states[index] = isEmpty ? STATES.noData : STATES.unreadable;
    // Its neighbours may still see its cells.
    if (isEmpty || (facts && facts.noDataShare > 0)) partial.push(index);
    if (state !== 'done' || answer?.probabilities.length !== labels.length || !isSame(answered, labels)) continue;
    states[index] = STATES.classified;
    scores.set(answer.probabilities, index * labels.length);
  }
  return { labels, colours: Uint8Array.from(colours.flatMap(rgbOf)), scores, states, partial: Uint32Array.from(partial) };
}

/** Whether the sizes of a map's classes are known in square metres. @param {Pick<ClassMap, 'summary'>} map */
export function hasAreas({ summary: { areas } }) {
  return areas.some(({ squareM }) => typeof squareM === 'number');
}

/** Whether two parts of plans say the same. The grid's may have an outline of ten thousand points. @param {object} a @param {object} b */
function isAlike(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** @param {string[]} a @param {string[]} b */
function isSame(a, b) {
  return a === b || (a.length === b.length && a.every((label, index) => label === b[index]));
}

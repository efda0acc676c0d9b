/**
 * Where each tile lies among the others by its features, and which tiles stand out by their pixels. Both are computed in a
 * worker that is started for it, from copies of what the engine has.
 */

import { lookOf } from '../engine/index.js';
import { found } from './measures.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../tiles/features.js').Features} Features */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./measures.js').Find} Find */
/** @typedef {import('./measures.js').Measures} Measures */
/** @typedef {[x: number, y: number]} Point In the plane: from -1 to 1, x to the right and y up. */
/**
 * @typedef {{ kind: 'rows', rows: Float32Array[] } | { kind: 'layOut' }
 *   | { kind: 'measure', tiles: { thumbnail: Blob, sidePx: number }[] }} PageMessage
 */
/**
 * @typedef {{ kind: 'positions', positions: Float32Array, isFinal: boolean } | { kind: 'progress', share: number }
 *   | { kind: 'measured', measured: (Measures | null)[] } | { kind: 'failed', message: string }} WorkerMessage
 */
/** @typedef {{ postMessage(message: PageMessage, transfer?: Transferable[]): void, terminate(): void, addEventListener(type: 'message' | 'error', listener: (event: any) => void): void }} WorkerLike */

/** So many rows at a time, that no task of the page takes long. */
const CHUNK = 250;
/** A tile with less than this share of data is as good as empty. */
const FEWEST_DATA = 0.5;

/** The worker did not get to its end. */
export class PlaneError extends Error {}

/** The event `changed`: other positions, another state, more progress. */
export class Plane extends EventTarget {
  /** @type {'idle' | 'working' | 'failed'} */
  state = 'idle';
  /** Of the layout that is at work, from 0 to 1. */
  share = 0;
  /** What went wrong, where it did. */
  failure = '';
  /** By the tile's id. @type {ReadonlyMap<string, Point>} */
  points = new Map();
  /** What the points were computed from: by the tile's id, backbone and look. @type {Map<string, string>} */
  #from = new Map();
  /** @type {WeakMap<Blob, Measures>} */
  #measures = new WeakMap();
  #cancel = () => {};
  #session;
  #tiles;
  #features;
  #start;

  /**
   * @param {{ session: Session, tiles: TileList, features: Features }} page
   * @param {() => Promise<WorkerLike>} start
   */
  constructor({ session, tiles, features }, start) {
    super();
    this.#session = session;
    this.#tiles = tiles;
    this.#features = features;
    this.#start = start;
  }

  /** Tiles whose features the loaded backbone has computed. */
  get placeable() {
    return this.#tiles.all.filter((tile) => this.#features.knows(tile));
  }

  /** How many tiles have a point. Those that were removed keep theirs, as the removal may be undone. */
  get placedCount() {
    return this.#tiles.all.filter(({ id }) => this.points.has(id)).length;
  }

  /** How many tiles could be placed and are not, or by features that no longer hold. */
  get staleCount() {
    return this.placeable.filter((tile) => this.#from.get(tile.id) !== this.#sourceOf(tile)).length;
  }

  /** @param {Tile} tile */
  #sourceOf({ source }) {
    return `${this.#session.status.loaded?.info.backbone ?? ''} ${lookOf(source)}`;
  }

  /** Lays out all tiles that have features, anew. What is at work is given up. */
  async layOut() {
    this.#cancel();
    const wanted = this.placeable;
    const sources = new Map(wanted.map((tile) => [tile.id, this.#sourceOf(tile)]));
    if (wanted.length === 0) return;
    this.#set({ state: 'working', share: 0, failure: '' });
    try {
      /** @type {string[]} */
      const ids = [];
      await this.#withWorker(
        async (worker, isOver) => {
          for (let first = 0; first < wanted.length && !isOver(); first += CHUNK) {
            const rows = await this.#features.read(wanted.slice(first, first + CHUNK).map(({ id }) => id));
            ids.push(...rows.map(({ tileId }) => tileId));
            // The first of eight views is the tile as it stands.
            const firstViews = rows.map(({ values, views }) => (views === 1 ? values : values.slice(0, values.length / views)));
            worker.postMessage({ kind: 'rows', rows: firstViews }, firstViews.map(({ buffer }) => buffer));
          }
          if (ids.length === 0) throw new PlaneError('The features of the tiles are not there yet. Wait until every tile has its class, then try again.');
          worker.postMessage({ kind: 'layOut' });
        },
        (message, end) => {
          if (message.kind === 'progress') this.#set({ share: message.share });
          if (message.kind !== 'positions') return;
          this.#from = new Map(ids.map((id) => [id, sources.get(id) ?? '']));
          this.#set({ points: new Map(ids.map((id, place) => [id, [message.positions[place * 2], message.positions[place * 2 + 1]]])) });
          if (message.isFinal) end(undefined);
        },
      );
      this.#set({ state: 'idle' });
    } catch (thrown) {
      this.#set({ state: 'failed', failure: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }

  /** What was found so far stays. */
  cancel() {
    this.#cancel();
  }

  /**
   * The tiles of a kind, in their order; of copies all but the first.
   * @param {Find} find
   * @param {Tile[]} among
   * @param {(share: number) => void} onProgress of the tiles that are looked at for the first time
   * @returns {Promise<Tile[]>}
   */
  async find(find, among, onProgress) {
    const seen = among.filter(({ thumbnail, facts }) => thumbnail && facts);
    const unknown = seen.filter(({ thumbnail }) => !this.#measures.has(/** @type {Blob} */ (thumbnail)));
    if (unknown.length > 0) {
      const tiles = unknown.map(({ thumbnail, facts }) => ({ thumbnail: /** @type {Blob} */ (thumbnail), sidePx: Math.min(facts?.widthPx ?? 0, facts?.heightPx ?? 0) }));
      await this.#measure(tiles, onProgress);
    }
    const measured = seen.flatMap((tile) => {
      const measures = this.#measures.get(/** @type {Blob} */ (tile.thumbnail));
      return measures ? [{ tile, measures }] : [];
    });
    const places = new Set(found(find, measured.map(({ measures }) => measures)));
    const isWithoutData = (/** @type {Tile} */ { facts }) => find === 'empty' && (facts?.noDataShare ?? 0) > FEWEST_DATA;
    return measured.filter(({ tile }, place) => places.has(place) || isWithoutData(tile)).map(({ tile }) => tile);
  }

  /** @param {{ thumbnail: Blob, sidePx: number }[]} tiles @param {(share: number) => void} onProgress */
  async #measure(tiles, onProgress) {
    const worker = await this.#start();
    try {
      await new Promise((resolve, reject) => {
        let first = 0;
        const askOn = () => worker.postMessage({ kind: 'measure', tiles: tiles.slice(first, first + CHUNK) });
        worker.addEventListener('message', ({ data }) => {
          if (data.kind !== 'measured') return reject(new PlaneError(data.message));
          const measured = /** @type {(Measures | null)[]} */ (data.measured);
          for (const [place, measures] of measured.entries()) if (measures) this.#measures.set(tiles[first + place].thumbnail, measures);
          first += CHUNK;
          onProgress(Math.min(1, first / tiles.length));
          if (first < tiles.length) askOn();
          else resolve(undefined);
        });
        worker.addEventListener('error', (event) => reject(asPlaneError(event)));
        askOn();
      });
    } finally {
      worker.terminate();
    }
  }

  /**
   * One worker from its start to its end, which is also that of whoever cancels.
   * @param {(worker: WorkerLike, isOver: () => boolean) => Promise<void>} ask
   * @param {(message: WorkerMessage, end: (value: undefined) => void) => void} onMessage
   */
  async #withWorker(ask, onMessage) {
    let isOver = false;
    /** @type {WorkerLike | null} */
    let worker = null;
    try {
      await new Promise((resolve, reject) => {
        this.#cancel = () => resolve(undefined);
        this.#start().then((started) => {
          if (isOver) return void started.terminate();
          worker = started;
          started.addEventListener('message', ({ data }) => {
            if (isOver) return;
            if (data.kind === 'failed') reject(new PlaneError(data.message));
            else onMessage(data, resolve);
          });
          started.addEventListener('error', (event) => reject(asPlaneError(event)));
          return ask(started, () => isOver);
        }).catch(reject);
      });
    } finally {
      isOver = true;
      this.#cancel = () => {};
      /** @type {WorkerLike | null} */ (worker)?.terminate();
    }
  }

  /** @param {Partial<Pick<Plane, 'state' | 'share' | 'failure' | 'points'>>} change */
  #set(change) {
    Object.assign(this, change);
    this.dispatchEvent(new Event('changed'));
  }
}

/** @param {ErrorEvent} event */
function asPlaneError(event) {
  event.preventDefault();
  return new PlaneError(event.message || 'Part of the page could not be downloaded. Check your connection, then try again.');
}

/** Takes queued tiles to the engine, some at a time, until none is left or the user cancels. */

import { REPLACED, VIEWS, asEngineError, lookOf } from '../engine/index.js';

/** @typedef {import('../engine/index.js').EngineError} EngineError */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../engine/index.js').TileEvent} TileEvent */
/** @typedef {import('./features.js').Features} Features */
/** @typedef {import('./stretches.js').Stretches} Stretches */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {import('./tile-list.js').TileList} TileList */

/** Enough for a GPU and for all cores, few enough that Cancel is felt at once. */
const CHUNK_TILES = 32;

/** Where features are known, the head answers for so many at once in a few milliseconds. */
const KNOWN_CHUNK_TILES = 256;

/** While no more tiles than this are at work, the next are asked for: a large one among them holds up no other. */
const ASK_BELOW_TILES = 32;

/** Events: `started` and `ended`. */
export class Classification extends EventTarget {
  /** Whether answers are the mean over the eight views of a tile. */
  #isAveraged = false;
  #session;
  #tiles;
  #features;
  #stretches;
  #running = false;
  /** Tiles that the engine was asked for and has not answered. */
  #asked = 0;
  /** Changes at each Cancel: answers to what was asked before are no longer wanted. */
  #turn = 0;
  /** Tiles that were at work when a worker trapped: each is tried again alone, once. @type {Set<string>} */
  #suspects = new Set();

  /** Which tiles are looked at, and come first. @type {(tile: Tile) => boolean} */
  #comesFirst = () => false;

  /** @param {{ session: Session, tiles: TileList, features: Features, stretches: Stretches }} page */
  constructor({ session, tiles, features, stretches }) {
    super();
    this.#session = session;
    this.#tiles = tiles;
    this.#features = features;
    this.#stretches = stretches;
    stretches.addEventListener('changed', () => this.run());
    tiles.addEventListener('added', () => this.run());
    session.addEventListener('status', () => this.run());
  }

  get running() {
    return this.#running;
  }

  cancel() {
    this.#turn += 1;
    this.#tiles.mark([...this.#tiles.inState('queued'), ...this.#tiles.inState('working')], 'cancelled');
  }

  /** Those tiles come before all others from now on. @param {(tile: Tile) => boolean} comesFirst */
  prefer(comesFirst) {
    this.#comesFirst = comesFirst;
  }

  /** Takes up what was cancelled. */
  resume() {
    this.#tiles.mark(this.#tiles.inState('cancelled'), 'queued');
    this.run();
  }

  get isAveraged() {
    return this.#isAveraged;
  }

  /** @param {boolean} isAveraged */
  setAveraged(isAveraged) {
    if (isAveraged === this.#isAveraged) return;
    this.#isAveraged = isAveraged;
    this.restart();
  }

  /** Asks for every tile again that was not cancelled, as after a change of the model. */
  restart() {
    this.#suspects.clear();
    this.#tiles.forgetAnswers();
    this.run();
  }

  /** Goes on until no tile is queued; does nothing while the engine is not ready. */
  run() {
    while (this.#session.status.state === 'ready' && this.#asked <= ASK_BELOW_TILES) {
      const chunk = this.#nextChunk();
      if (chunk.length === 0) break;
      this.#begin();
      this.#classify(chunk);
    }
    if (this.#asked > 0 || this.#stretches.isLooking) return;
    // Only when all others are done is it known which rasters came together.
    if (this.#session.status.state === 'ready' && this.#stretches.hasUnseen && this.#tiles.inState('queued').some((tile) => this.#stretches.isUnseen(tile))) this.#stretches.look();
    else this.#end();
  }

  #begin() {
    if (this.#running) return;
    this.#running = true;
    this.dispatchEvent(new Event('started'));
  }

  #end() {
    if (!this.#running) return;
    this.#running = false;
    this.dispatchEvent(new Event('ended'));
  }

  /** A suspect goes alone, after all others. */
  #nextChunk() {
    const all = this.#tiles.inState('queued');
    const queued = this.#stretches.hasUnseen ? all.filter((tile) => !this.#stretches.isUnseen(tile)) : all;
    const trusted = queued.filter((tile) => !this.#suspects.has(tile.id));
    const known = trusted.filter((tile) => this.#isKnown(tile));
    if (known.length > 0) return known.slice(0, KNOWN_CHUNK_TILES);
    const first = trusted.filter(this.#comesFirst);
    if (trusted.length > 0) return (first.length > 0 ? first : trusted).slice(0, CHUNK_TILES);
    return this.#asked === 0 ? queued.slice(0, 1) : [];
  }

  /** Whether the head alone can answer. @param {Tile} tile */
  #isKnown(tile) {
    return !needsDecoding(tile) && this.#features.knows(tile, this.#isAveraged ? VIEWS : 1);
  }

  /** @param {Tile[]} chunk */
  async #classify(chunk) {
    const turn = this.#turn;
    const { info, model } = this.#session.status.loaded ?? { info: { labels: [], preparations: [] }, model: -1 };
    const requests = chunk.map((tile) => ({
      tileId: tile.id,
      source: tile.source,
      needsDecoding: needsDecoding(tile),
      needsThumbnail: tile.thumbnail === null && tile.source.kind === 'file',
    }));
    this.#tiles.mark(chunk, 'working');
    this.#asked += chunk.length;
    const left = new Set(chunk.map(({ id }) => id));
    const looks = new Map(chunk.map(({ id, source }) => [id, lookOf(source)]));
    const settle = (/** @type {string} */ tileId) => {
      if (left.delete(tileId)) this.#asked -= 1;
    };
    const onEvent = (/** @type {TileEvent} */ { tileId, result, error }) => {
      settle(tileId);
      const tile = this.#tiles.get(tileId);
      if (result?.decoded && tile) this.#features.note(tileId, result.decoded.features);
      // One that is to look otherwise by now was asked for once more.
      if (tile && tile.state === 'working' && turn === this.#turn && looks.get(tileId) === lookOf(tile.source)) {
        // Another model may have been loaded since this was asked: its classes are others.
        if (result && result.model !== model) this.#tiles.mark([tile], 'queued');
        else if (result) this.#tiles.answer(tile, result, info);
        else if (error?.code === 'raster.unseen') {
          this.#stretches.meet(tile);
          this.#tiles.mark([tile], 'queued');
        } else if (error) this.#tiles.fail(tile, error);
      }
      this.run();
    };
    /** @type {EngineError | null} */
    let failure = null;
    try {
      await this.#session.ask('classify', { tiles: requests, isAveraged: this.#isAveraged }, { onEvent });
    } catch (thrown) {
      failure = asEngineError(thrown);
    }
    const unanswered = [...left].map((id) => this.#tiles.get(id)).filter((tile) => tile?.state === 'working');
    for (const id of left) settle(id);
    if (turn === this.#turn) this.#afterFailure(/** @type {Tile[]} */ (unanswered), failure);
    this.run();
  }

  /**
   * @param {Tile[]} unanswered
   * @param {EngineError | null} failure
   */
  #afterFailure(unanswered, failure) {
    if (unanswered.length === 0) return;
    const [first] = unanswered;
    if (failure?.code === REPLACED) {
      // The worker was replaced on purpose, which says nothing about its tiles.
    } else if (this.#suspects.has(first.id)) {
      this.#tiles.fail(first, { code: 'tile.engine_stopped', data: { cause: failure?.failure ?? null } });
      return;
    } else {
      for (const { id } of unanswered) this.#suspects.add(id);
    }
    this.#tiles.mark(unanswered, 'queued');
  }
}

/** What was never shown has to be decoded, whatever is known of its features. A cell gets its picture when it is looked at. @param {Tile} tile */
function needsDecoding({ source, facts, thumbnail }) {
  return facts === null || (thumbnail === null && source.kind === 'file');
}

/** Takes queued tiles to the engine, a few at a time, until none is left or the user cancels. */

import { REPLACED, asEngineError } from '../engine/connection.js';
import { featuresOf, hasFeatures } from './features.js';

/** @typedef {import('../engine/session.js').Session} Session */
/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {import('./tile-list.js').TileList} TileList */

/** Enough for a GPU and for all cores, few enough that Cancel is felt at once. */
const CHUNK_TILES = 32;

/** Where features are known, the head answers for so many at once in a few milliseconds. */
const KNOWN_CHUNK_TILES = 256;

/** Events: `started` and `ended`. */
export class Classification extends EventTarget {
  #session;
  #tiles;
  #running = false;
  /** Changes at each Cancel: answers to what was asked before are no longer wanted. */
  #turn = 0;
  /** Tiles that were at work when a worker trapped: each is tried again alone, once. @type {Set<string>} */
  #suspects = new Set();

  /**
   * @param {Session} session
   * @param {TileList} tiles
   */
  constructor(session, tiles) {
    super();
    this.#session = session;
    this.#tiles = tiles;
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

  /** Takes up what was cancelled. */
  resume() {
    this.#tiles.mark(this.#tiles.inState('cancelled'), 'queued');
    this.run();
  }

  /** Asks for every tile again that was not cancelled, as after a change of the model. */
  restart() {
    this.#suspects.clear();
    this.#tiles.forgetAnswers();
    this.run();
  }

  /** Goes on until no tile is queued; does nothing while the engine is not ready. */
  async run() {
    if (this.#running || this.#session.status.state !== 'ready' || this.#tiles.inState('queued').length === 0) return;
    this.#running = true;
    this.dispatchEvent(new Event('started'));
    for (;;) {
      const chunk = this.#nextChunk();
      if (chunk.length === 0 || this.#session.status.state !== 'ready') break;
      await this.#classify(chunk);
    }
    this.#running = false;
    this.dispatchEvent(new Event('ended'));
  }

  /** A suspect goes alone, after all others. */
  #nextChunk() {
    const queued = this.#tiles.inState('queued');
    const trusted = queued.filter((tile) => !this.#suspects.has(tile.id));
    const known = trusted.filter((tile) => this.#isKnown(tile));
    if (known.length > 0) return known.slice(0, KNOWN_CHUNK_TILES);
    return trusted.length > 0 ? trusted.slice(0, CHUNK_TILES) : queued.slice(0, 1);
  }

  /** Whether the head alone can answer. @param {Tile} tile */
  #isKnown(tile) {
    return tile.facts !== null && tile.thumbnail !== null && hasFeatures(tile, this.#session.status.loaded?.info.backbone ?? '');
  }

  /** @param {Tile[]} chunk */
  async #classify(chunk) {
    const turn = this.#turn;
    const { labels, backbone } = this.#session.status.loaded?.info ?? { labels: [], backbone: '' };
    const requests = chunk.map((tile) => ({
      tileId: tile.id,
      file: tile.file,
      needsThumbnail: tile.thumbnail === null,
      // A tile without facts was never shown: it has to be decoded all the same.
      features: this.#isKnown(tile) ? featuresOf(tile, backbone) : null,
    }));
    this.#tiles.mark(chunk, 'working');
    /** @type {import('../engine/connection.js').EngineError | null} */
    let failure = null;
    try {
      await this.#session.classify(requests, ({ tileId, result, error }) => {
        const tile = this.#tiles.get(tileId);
        if (!tile || tile.state !== 'working' || turn !== this.#turn) return;
        if (result) this.#tiles.answer(tile, result, labels, backbone);
        else if (error) this.#tiles.fail(tile, error);
      });
    } catch (thrown) {
      failure = asEngineError(thrown);
    }
    const unanswered = chunk.filter(({ id, state }) => state === 'working' && this.#tiles.get(id));
    if (turn === this.#turn) this.#afterFailure(unanswered, failure);
  }

  /**
   * @param {Tile[]} unanswered
   * @param {import('../engine/connection.js').EngineError | null} failure
   */
  #afterFailure(unanswered, failure) {
    if (unanswered.length === 0) return;
    const [first] = unanswered;
    if (failure?.code === REPLACED) {
      // The worker was replaced on purpose, which says nothing about its tiles.
    } else if (this.#suspects.has(first.id)) {
      // A lack of memory ends an engine in WebAssembly like any other fault: it can only be guessed.
      const message = `The engine stopped twice at this tile, which is left out: it may need more memory than there is. (${failure?.message ?? 'no answer'})`;
      this.#tiles.fail(first, { code: failure?.code ?? 'engine.failed', message });
      return;
    } else {
      for (const { id } of unanswered) this.#suspects.add(id);
    }
    this.#tiles.mark(unanswered, 'queued');
  }
}

/**
 * Helpers of the worker: more workers of the same script, each with an instance of the CPU's engine and the model. They
 * share no memory, so that they need no special headers, and a tile that one of them decodes is in nobody's way.
 *
 * Jobs wait in one queue. A helper has one job at work and two at hand: it reads the file of the next one meanwhile, and the
 * message of the one after that is on its way. Whoever is free takes the next, so that one large tile holds up no other; of
 * places in a scene the next that no other helper is at, for neighbours lie in the same blocks, and each helper decodes blocks
 * for itself.
 */

import { Connection } from '../client/connection.js';
import { EngineError, REPLACED, asEngineError } from '../failures.js';

/** @typedef {{ run: (helper: Connection) => Promise<unknown>, here: () => Promise<unknown>, place: string | null, resolve: (value: any) => void, reject: (error: EngineError) => void }} Job */
/** @typedef {{ connection: Connection, jobs: number }} Helper */

/** More than this, and the worker that deals has no time left for what else it is asked. */
const MOST_HELPERS = 8;

/** One at work, two at hand. */
const JOBS_AT_ONCE = 3;

/** Jobs from the head of the queue among which a helper finds one at a place of its own; those behind can wait. */
const LOOKED_AT = 256;

export class Pool {
  /** Those that are ready. @type {Helper[]} */
  #ready = [];
  /** All of them. @type {Set<Connection>} */
  #started = new Set();
  /** @type {Job[]} */
  #queue = [];
  /** Who has been at a place, while there is work. @type {Map<string, Helper>} */
  #places = new Map();
  /** How many jobs have been taken and not ended. */
  #running = 0;
  #isWorkingHere = false;
  /** Whether a helper was ready once: what ended it may end this worker, too. */
  #hadHelper = false;
  #isClosed = false;
  /** @type {(() => void)[]} */
  #waiting = [];
  #prepare;
  #connect;

  /**
   * Starts a helper for each core.
   * @param {(helper: Connection) => Promise<unknown>} prepare gives a helper its engine and its model
   * @param {{ size?: number, connect?: () => Connection }} [options]
   */
  constructor(prepare, { size = Math.min(MOST_HELPERS, navigator.hardwareConcurrency), connect = () => new Connection(globalThis.location.href) } = {}) {
    this.#prepare = prepare;
    this.#connect = connect;
    for (let index = 0; index < size; index += 1) this.#start();
  }

  /**
   * Has a job done by whoever is free first; until a helper is ready, that is this worker.
   * @template Value
   * @param {(helper: Connection) => Promise<Value>} run
   * @param {() => Promise<Value>} here
   * @param {string | null} [place] where in a scene it is, if anywhere
   * @returns {Promise<Value>} rejects with an {@link EngineError}, which is never fatal: a helper that fails is replaced
   */
  do(run, here, place = null) {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, here, place, resolve, reject });
      this.#deal();
    });
  }

  get isIdle() {
    return this.#queue.length + this.#running === 0;
  }

  /** Waits until nothing is left to do. */
  async idle() {
    while (!this.isIdle) await new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.#waiting.push(resolve));
  }

  close() {
    this.#isClosed = true;
    for (const connection of this.#started) connection.close();
    for (const { reject } of this.#queue.splice(0)) reject(new EngineError(REPLACED));
  }

  async #start() {
    const connection = this.#connect();
    this.#started.add(connection);
    try {
      await this.#prepare(connection);
      this.#hadHelper = true;
      this.#ready.push({ connection, jobs: 0 });
      this.#deal();
    } catch {
      // One that does not start is missed by nobody: there may be too little memory for it.
      this.#started.delete(connection);
      connection.close();
      this.#deal();
    }
  }

  get #mayWorkHere() {
    return !this.#isWorkingHere && (!this.#hadHelper || this.#started.size === 0);
  }

  #deal() {
    while (this.#queue.length > 0) {
      const [freest] = this.#ready.toSorted((a, b) => a.jobs - b.jobs);
      if (freest && freest.jobs < JOBS_AT_ONCE) this.#give(this.#nextFor(freest), freest);
      else if (!freest && this.#mayWorkHere) this.#doHere(/** @type {Job} */ (this.#queue.shift()));
      else return;
    }
  }

  /** @param {Helper} helper */
  #nextFor(helper) {
    const isFree = (/** @type {string | null} */ place) => place === null || (this.#places.get(place) ?? helper) === helper;
    const index = this.#queue.slice(0, LOOKED_AT).findIndex(({ place }) => isFree(place));
    const [job] = this.#queue.splice(Math.max(0, index), 1);
    if (job.place !== null) this.#places.set(job.place, helper);
    return job;
  }

  /** @param {Job} job */
  async #doHere({ here, resolve, reject }) {
    this.#isWorkingHere = true;
    this.#running += 1;
    await here().then(resolve, reject);
    this.#isWorkingHere = false;
    this.#end();
  }

  /**
   * @param {Job} job
   * @param {Helper} helper
   */
  async #give(job, helper) {
    helper.jobs += 1;
    this.#running += 1;
    try {
      job.resolve(await job.run(helper.connection));
    } catch (thrown) {
      this.#onFailure(job, helper, asEngineError(thrown));
    }
    helper.jobs -= 1;
    this.#end();
  }

  /**
   * @param {Job} job
   * @param {Helper} helper
   * @param {EngineError} error
   */
  #onFailure(job, helper, error) {
    if (error.code === REPLACED && !this.#isClosed) {
      // Its helper was closed because of another job.
      this.#queue.unshift(job);
      return;
    }
    const { code, message, data } = error.failure;
    job.reject(new EngineError(code, { message, data }));
    const place = this.#ready.indexOf(helper);
    if (!error.fatal || place < 0 || this.#isClosed) return;
    this.#ready.splice(place, 1);
    this.#started.delete(helper.connection);
    helper.connection.close();
    this.#start();
  }

  #end() {
    this.#running -= 1;
    this.#deal();
    if (!this.isIdle) return;
    this.#places.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/**
 * A WebAssembly module with a memory of its own, fetched when it is first used. What ends it costs the file that it was at:
 * it begins anew for the next.
 */

import { EngineError, isTrap } from '../failures.js';
import { fetchEngine, imported } from './download.js';

/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {{ initSync(options: { module: WebAssembly.Module }): unknown, __wbg_reset_state(): void }} Resettable */

/** @template {Resettable} Bindings */
export class ResettableModule {
  #file;
  #glue;
  #onReset;
  /** Fetched and compiled once. @type {Promise<WebAssembly.Module> | null} */
  #module = null;
  /** @type {Promise<Bindings> | null} */
  #bindings = null;

  /**
   * @param {RemoteFile} file
   * @param {() => Promise<Bindings>} glue imports the script of the module
   * @param {() => void} [onReset] told when all that the module held is gone
   */
  constructor(file, glue, onReset = () => undefined) {
    this.#file = file;
    this.#glue = glue;
    this.#onReset = onReset;
  }

  /**
   * @template Value
   * @param {(bindings: Bindings) => Value | Promise<Value>} work
   * @returns {Promise<Value>} rejects with `raster.stopped` where it ended the module
   */
  async use(work) {
    this.#bindings ??= this.#start();
    const bindings = await this.#bindings.catch((thrown) => {
      this.#bindings = null;
      throw thrown;
    });
    try {
      return await work(bindings);
    } catch (thrown) {
      if (!isTrap(thrown)) throw thrown;
      // Its memory is in no known state.
      bindings.__wbg_reset_state();
      this.#onReset();
      throw new EngineError('raster.stopped', { data: { detail: thrown instanceof Error ? thrown.message : '' } });
    }
  }

  async #start() {
    this.#module ??= fetchEngine(this.#file, () => undefined);
    const module = await this.#module.catch((thrown) => {
      this.#module = null;
      throw thrown;
    });
    const bindings = await imported(this.#glue());
    bindings.initSync({ module });
    return bindings;
  }
}

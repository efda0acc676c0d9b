/**
 * What is done with labelled tiles: heads in training, tiles compared, models converted. A module of its own, fetched when
 * it is first asked for: a page that only classifies goes without.
 */

import { fetchEngine, imported } from './download.js';

/** @typedef {typeof import('../../../pkg/training/tilelens.js')} TrainingBindings */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */

export class TrainingModule {
  #file;
  /** @type {Promise<TrainingBindings> | null} */
  #opening = null;

  /** @param {RemoteFile} file */
  constructor(file) {
    this.#file = file;
  }

  /** What could not be fetched is tried again by whoever asks next. */
  open() {
    this.#opening ??= this.#start().catch((thrown) => {
      this.#opening = null;
      throw thrown;
    });
    return this.#opening;
  }

  async #start() {
    const glue = imported(import('../../../pkg/training/tilelens.js'));
    const [module, bindings] = await Promise.all([fetchEngine(this.#file, () => undefined), glue]);
    bindings.initSync({ module });
    return bindings;
  }
}

/** What the package throws: a code for programs, a sentence for people. */

import { asEngineError } from '../../www/engine/index.js';
import { failureSentence } from '../../www/views/sentences.js';

/** An error with a code for programs and a sentence for people: what happened, and what to do. */
export class TilelensError extends Error {
  /**
   * @param {string} code such as `image.damaged`, `network.refused` or `training.sample`
   * @param {string} message a sentence that may be shown as it is
   * @param {unknown} [cause] what led to it
   */
  constructor(code, message, cause) {
    super(message, { cause });
    this.name = 'TilelensError';
    /** For programs: it stays the same when the sentence is worded anew. */
    this.code = code;
  }
}

/**
 * @param {unknown} thrown
 * @returns {TilelensError}
 */
export function asTilelensError(thrown) {
  if (thrown instanceof TilelensError) return thrown;
  const { failure } = asEngineError(thrown);
  return new TilelensError(failure.code, failureSentence(failure), thrown);
}

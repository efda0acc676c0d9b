/** What can be thrown, as `{ code, message }`. */

import { EngineError } from '../engine/connection.js';

/** @typedef {import('../messages.js').Failure} Failure */

/** A failure with a code of ours, to be thrown. */
export class CodedError extends Error {
  /**
   * @param {string} code
   * @param {string} message a sentence for people: what is wrong and what to do
   * @param {boolean} [fatal] whether the engine can no longer be used
   */
  constructor(code, message, fatal = false) {
    super(message);
    this.code = code;
    this.fatal = fatal;
  }
}

/**
 * The engine throws plain `{ code, message }` objects; the browser throws errors without a code of ours.
 * @param {unknown} thrown
 * @returns {Failure}
 */
export function toFailure(thrown) {
  const { code, message } = /** @type {Partial<Failure>} */ (
    typeof thrown === 'object' && thrown !== null ? thrown : {}
  );
  return {
    code: typeof code === 'string' ? code : 'engine.failed',
    message: typeof message === 'string' && message !== '' ? message : String(thrown),
  };
}

/**
 * Whether the worker has to be replaced: after a trap, a failure of the device, or where it is said so.
 * @param {unknown} thrown
 */
export function isFatal(thrown) {
  // A helper's failure comes as what its connection throws.
  const said = (thrown instanceof CodedError || thrown instanceof EngineError) && thrown.fatal;
  return said || isTrap(thrown) || toFailure(thrown).code === 'device.failed';
}

/**
 * After a trap the engine's memory is in no known state.
 * @param {unknown} thrown
 */
export function isTrap(thrown) {
  return thrown instanceof WebAssembly.RuntimeError;
}

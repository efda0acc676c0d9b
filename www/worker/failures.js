/** What can be thrown, as `{ code, message }`. */

/** @typedef {import('../messages.js').Failure} Failure */

/** A failure with a code of ours, to be thrown. */
export class CodedError extends Error {
  /**
   * @param {string} code
   * @param {string} message a sentence for people: what is wrong and what to do
   */
  constructor(code, message) {
    super(message);
    this.code = code;
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
 * After a trap the engine's memory is in no known state.
 * @param {unknown} thrown
 */
export function isTrap(thrown) {
  return thrown instanceof WebAssembly.RuntimeError;
}

/** What can be thrown in the engine room: a code and what belongs to it, to be put into words by whoever shows it. */

/** @typedef {import('./protocol.js').Failure} Failure */

/** The code of requests whose worker was replaced on purpose. */
export const REPLACED = 'engine.replaced';

/** A failure with a code. Its message is for the console: people are told by the page, in words of its own. */
export class EngineError extends Error {
  /**
   * @param {string} code
   * @param {{ message?: string, data?: Record<string, unknown>, fatal?: boolean }} [more] `message` as it came from the
   *   engine or the browser; `fatal` where the engine can no longer be used
   */
  constructor(code, { message, data, fatal = false } = {}) {
    super(message ?? code);
    this.code = code;
    this.data = data;
    this.fatal = fatal;
    /** What can be sent and shown. @type {Failure} */
    this.failure = { code, ...(message !== undefined && { message }), ...(data && { data }) };
  }
}

/**
 * The engine throws plain `{ code, message }` objects; the browser throws errors without a code of ours.
 * @param {unknown} thrown
 * @returns {Failure}
 */
export function toFailure(thrown) {
  if (thrown instanceof EngineError) return thrown.failure;
  const { code, message } = /** @type {Partial<Failure>} */ (typeof thrown === 'object' && thrown !== null ? thrown : {});
  return {
    code: typeof code === 'string' ? code : 'engine.failed',
    message: typeof message === 'string' && message !== '' ? message : String(thrown),
  };
}

/** @param {unknown} thrown */
export function asEngineError(thrown) {
  if (thrown instanceof EngineError) return thrown;
  const { code, message } = toFailure(thrown);
  return new EngineError(code, { message, fatal: isFatal(thrown) });
}

/**
 * Whether the worker has to be replaced: after a trap, a failure of the device, or where it is said so.
 * @param {unknown} thrown
 */
export function isFatal(thrown) {
  return (thrown instanceof EngineError && thrown.fatal) || isTrap(thrown) || toFailure(thrown).code === 'device.failed';
}

/**
 * After a trap the engine's memory is in no known state.
 * @param {unknown} thrown
 */
export function isTrap(thrown) {
  return thrown instanceof WebAssembly.RuntimeError;
}

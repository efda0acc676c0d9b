/** The engine room's door: what the rest of the page may use of it. */

export * from './protocol.js';
export { Connection } from './client/connection.js';
export { SceneRoom } from './client/scene-room.js';
export { Session } from './client/session.js';
export { sha256Of } from './digest.js';
export { EngineError, REPLACED, asEngineError } from './failures.js';
export * from './limits.js';
export { isStretch, lookOf, lookOfStretch, preparationsOf, stretchFor } from './look.js';
export { VIEWS } from './numbers.js';
export { scriptUrl } from './script-url.js';
export { TRAINING_DEFAULTS } from './training-defaults.js';

/**
 * The words that the page and its worker exchange, as types only.
 *
 * A request is `{ id, kind, payload }`. The worker answers with any number of events (`{ id, event, … }`)
 * and then one reply: `{ id, ok: true, value }` or `{ id, ok: false, error }`. With `fatal`, the worker's
 * memory can no longer be trusted and the worker has to be replaced.
 */

/** @typedef {{ code: string, message: string }} Failure A code for programs, a sentence for people. */
/** @typedef {'auto' | 'cpu' | 'webgpu'} DevicePreference */
/** @typedef {'cpu' | 'webgpu'} DeviceKind */
/** @typedef {{ url: string, bytes: number, sha256: string }} RemoteFile */

/**
 * @typedef {object} ModelInfo What a loaded model says about itself.
 * @property {string} name
 * @property {string[]} labels
 */

/** @typedef {{ engine: RemoteFile, device: DevicePreference }} StartPayload */
/** @typedef {{ device: DeviceKind, reason: string, adapter: string }} DeviceChoice */

/**
 * @typedef {object} LoadModelPayload Either a model of the site or a file of the user's.
 * @property {RemoteFile} [model]
 * @property {string[]} [keptSha256] the models that may stay in the cache
 * @property {Blob} [file]
 */
/** @typedef {DeviceChoice & { info: ModelInfo, fromCache: boolean }} LoadedModel */

/**
 * @typedef {object} TileRequest
 * @property {string} tileId
 * @property {Blob} file
 * @property {boolean} needsThumbnail
 */
/** @typedef {{ tiles: TileRequest[] }} ClassifyPayload */

/**
 * @typedef {object} TileAnswer
 * @property {Float32Array} probabilities one for each label
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {string[]} notes
 * @property {number} decodeMs
 * @property {number} inferenceMs
 * @property {Blob | null} thumbnail
 */

/**
 * @typedef {object} ProgressEvent
 * @property {'progress'} event
 * @property {'engine' | 'model'} stage
 * @property {number} loadedBytes
 * @property {number} totalBytes
 * @property {boolean} [fromCache]
 */
/** @typedef {{ event: 'tile', tileId: string, result?: TileAnswer, error?: Failure }} TileEvent */
/** @typedef {ProgressEvent | TileEvent} WorkerEvent */

/**
 * @typedef {{ id: number, kind: 'start', payload: StartPayload }
 *   | { id: number, kind: 'loadModel', payload: LoadModelPayload }
 *   | { id: number, kind: 'classify', payload: ClassifyPayload }} WorkerRequest
 */
/** @typedef {{ id: number, ok: true, value: any } | { id: number, ok: false, error: Failure, fatal?: boolean }} WorkerReply */

export {};

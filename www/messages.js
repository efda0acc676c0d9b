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
 * @property {string} backbone names the features that it computes: models that differ in their head alone share it
 * @property {{ kind: 'head' | 'imagenet' | 'none' }} classifier
 */

/**
 * @typedef {{ cpu: RemoteFile, webgpu?: RemoteFile }} EngineFiles The engine for the CPU, and the larger one that knows
 *   WebGPU too, where the page was built with it.
 */
/**
 * @typedef {object} StartPayload
 * @property {DevicePreference} device
 * @property {EngineFiles} engines
 * @property {WebAssembly.Module} [module] the CPU's engine, compiled already: the worker is a helper of another one
 */
/** @typedef {{ device: DeviceKind, reason: string, adapter: string }} DeviceChoice */

/**
 * @typedef {object} LoadModelPayload Either a model of the site or a file of the user's.
 * @property {RemoteFile} [model]
 * @property {Blob} [file]
 */
/** @typedef {DeviceChoice & { info: ModelInfo }} LoadedModel */

/**
 * @typedef {object} TileRequest
 * @property {string} tileId
 * @property {Blob} file
 * @property {boolean} needsThumbnail
 * @property {Float32Array | null} features 576 numbers, where this model's backbone has computed them before
 */
/** @typedef {{ tiles: TileRequest[] }} ClassifyPayload */

/**
 * @typedef {object} TileFacts What the file is, whatever the model.
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {string[]} notes
 */

/**
 * @typedef {object} TileAnswer
 * @property {Float32Array} probabilities one for each label
 * @property {number} inferenceMs
 * @property {number} decodeMs 0 where the features were known
 */
/**
 * @typedef {TileAnswer & { decoded: { facts: TileFacts, features: Float32Array, thumbnail: Blob | null } | null }} TileResult
 *   `decoded` is null where the features were known.
 */

/**
 * @typedef {object} ProgressEvent
 * @property {'progress'} event
 * @property {'engine' | 'model'} stage
 * @property {number} loadedBytes
 * @property {number} totalBytes
 */
/** @typedef {{ event: 'tile', tileId: string, result?: TileResult, error?: Failure }} TileEvent */
/** @typedef {{ event: 'features', tileId: string, values?: Float32Array, error?: Failure }} FeaturesEvent */

/** @typedef {{ tiles: { tileId: string, file: Blob }[] }} ViewsPayload Asks for the features of all eight views. */

/**
 * @typedef {object} TrainingSettings In the words of the field, as the engine reads them.
 * @property {number} learning_rate
 * @property {number} dropout_rate
 * @property {number} dense_neurons
 * @property {number} epochs
 * @property {number} batch_size
 * @property {number} patience
 * @property {boolean} class_weighting
 * @property {number} seed
 */

/**
 * @typedef {object} TrainingSetup
 * @property {string[]} labels the new classes
 * @property {number[]} classes the class of each labelled tile
 * @property {number} views feature rows a tile: 1 or 8
 * @property {TrainingSettings} settings
 * @property {number} validation_fraction
 * @property {boolean} from_current whether to go on from the head that is loaded
 * @property {boolean[]} has_seen whether the loaded head learnt from the tile
 * @property {string} name of the new model
 * @property {string} description
 */
/** @typedef {{ setup: TrainingSetup, features: Float32Array, device: DevicePreference }} TrainPayload */
/** @typedef {TrainPayload & { checkpoint: Float32Array, epoch: number }} ConcludePayload */
/** @typedef {'pause' | 'resume' | 'stop'} TrainingCommand */

/**
 * @typedef {object} TrainingProgress
 * @property {'held_out' | 'folds' | 'all'} phase
 * @property {number} epoch
 * @property {number} epochs at most, in this phase
 * @property {number} loss
 * @property {number} accuracy
 * @property {number | null} validation_loss
 * @property {number | null} validation_accuracy
 * @property {number} best_epoch
 * @property {boolean} finished
 */
/** @typedef {{ event: 'trainingDevice', device: DeviceKind, reason: string }} TrainingDeviceEvent */
/** @typedef {{ event: 'epoch', progress: TrainingProgress }} EpochEvent */
/** @typedef {{ event: 'checkpoint', weights: Float32Array, epoch: number }} CheckpointEvent The best head so far. */

/** @typedef {{ tiles: number, right: number, other_right: number, verdict: 'better' | 'worse' | 'no_difference' }} Comparison */
/** @typedef {{ tiles: number, precision: number, recall: number, f1: number }} ClassFigures */
/**
 * @typedef {object} Evaluation
 * @property {number} tiles
 * @property {number} right
 * @property {number} accuracy
 * @property {[number, number]} interval
 * @property {number} balanced_accuracy
 * @property {number} loss
 * @property {number} calibration_error
 * @property {ClassFigures[]} classes
 * @property {number[][]} confusion by label, then by prediction
 */
/** @typedef {{ tile: number, label: number, predicted: number, confidence: number, label_probability: number }} Prediction */
/**
 * @typedef {object} TrainingReport As the engine's `Report` documents it; tiles are indices among the labelled tiles.
 * @property {number} epoch
 * @property {number} tiles
 * @property {number} folds
 * @property {number} temperature
 * @property {Evaluation | null} evaluation
 * @property {{ tiles: number, confidence: number, right: number }[]} reliability
 * @property {Prediction[]} predictions
 * @property {{ comparison: Comparison | null, known_classes: number, seen_before: number } | null} before
 * @property {Comparison | null} majority
 * @property {Comparison | null} nearest_mean
 * @property {{ tile: number, suggested: number }[]} doubtful_labels
 * @property {[number, number][]} contradictions
 */
/** @typedef {{ report: TrainingReport, model: Blob }} TrainedHead */

/**
 * @typedef {{ what: 'similar', features: Float32Array, query: number }
 *   | { what: 'unfamiliar', features: Float32Array, labelled: Float32Array }
 *   | { what: 'order', features: Float32Array, probabilities: Float32Array, classCount: number, labelled: Float32Array }} NeighboursPayload
 */

/** @typedef {ProgressEvent | TileEvent | FeaturesEvent | TrainingDeviceEvent | EpochEvent | CheckpointEvent} WorkerEvent */

/**
 * @typedef {{ kind: 'start', payload: StartPayload }
 *   | { kind: 'loadModel', payload: LoadModelPayload }
 *   | { kind: 'classify', payload: ClassifyPayload }
 *   | { kind: 'views', payload: ViewsPayload }
 *   | { kind: 'train', payload: TrainPayload }
 *   | { kind: 'steerTraining', payload: { command: TrainingCommand } }
 *   | { kind: 'concludeTraining', payload: ConcludePayload }
 *   | { kind: 'neighbours', payload: NeighboursPayload }
 *   | { kind: 'toOnnx', payload: { model: Blob } }
 *   | { kind: 'toF32', payload: { model: Blob } }
 *   | { kind: 'relabel', payload: { model: Blob, labels: string[] } }} EngineRequest
 */
/** @typedef {{ id: number } & EngineRequest} WorkerRequest */
/** @typedef {{ id: number, ok: true, value: any } | { id: number, ok: false, error: Failure, fatal?: boolean }} WorkerReply */

export {};

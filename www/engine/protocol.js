/**
 * The words that the page and the engine's worker exchange, as types only.
 *
 * A request is `{ id, kind, payload }`. The worker answers with any number of events (`{ id, event, … }`) and then one
 * reply: `{ id, ok: true, value }` or `{ id, ok: false, error }`. With `fatal`, the worker's memory can no longer be
 * trusted and the worker has to be replaced. Events of a request may also come by a helper's own port: `elsewhere` in
 * the reply says how many, since the two ways have no common order.
 */

/**
 * @typedef {object} Failure
 * @property {string} code for programs, and for whoever puts it into words
 * @property {string} [message] words that came with it, from the engine or from the browser
 * @property {Record<string, unknown>} [data] what a sentence about it needs
 */
/** @typedef {'auto' | 'cpu' | 'webgpu'} DevicePreference */
/** @typedef {'cpu' | 'webgpu'} DeviceKind */
/** @typedef {{ url: string, bytes: number, sha256: string }} RemoteFile */

/** @typedef {import('../../pkg/raster/tilelens.js').Stretch} Stretch Which bands and which numbers are seen. */
/** @typedef {import('../../pkg/raster/tilelens.js').LikeFiles} LikeFiles Rasters of one kind, and how they may be shown. */
/** @typedef {{ alike: string, stretch: Stretch }} Raster What names files of its kind, and how its numbers become colours. */
/** @typedef {{ world: string | null, auxXml: string | null }} Sidecars Texts of the files that stood beside a raster: its world file, and GDAL's `.aux.xml`. */
/**
 * @typedef {{ kind: 'file', file: Blob, raster?: Raster | null, sidecars?: Sidecars }} FileSource A tile that is a file. `raster`
 *   is null where the file has colours of its own, and missing before anybody looked. A scene is looked at as such, too.
 */
/** @typedef {{ x: number, y: number, width: number, height: number }} PixelWindow Pixels of a scene, from its upper left corner. */
/**
 * @typedef {{ kind: 'window', sceneId: string, file: Blob, window: PixelWindow, raster: Raster | null, sidecars: Sidecars }} WindowSource
 *   A tile that is a cell of a scene. All cells of a scene have its file, its sidecars and its `raster`, which is null where it
 *   has colours of its own.
 */
/** @typedef {FileSource | WindowSource} TileSource Where the pixels of a tile are. */

/** @typedef {import('../../pkg/cpu/tilelens.js').ModelInfo} ModelInfo What a model file says of itself. */

/**
 * @typedef {{ cpu: RemoteFile, webgpu?: RemoteFile, training: RemoteFile, raster: RemoteFile, scene?: RemoteFile, importer?: RemoteFile }}
 *   EngineFiles The engine for the CPU, the larger one that knows WebGPU too, what trains heads, the reader of rasters and rare
 *   pictures, the module of scenes, and the importer of checkpoints; three of them where the build has them.
 */
/**
 * @typedef {object} StartPayload
 * @property {DevicePreference} device
 * @property {EngineFiles} engines
 * @property {{ module: WebAssembly.Module, page: MessagePort }} [helper] the worker helps another one: the CPU's engine,
 *   compiled already, and the way to the page
 */

/**
 * @typedef {{ code: 'chosen' }
 *   | { code: 'noAdapter' | 'softwareAdapter' | 'notBuilt' }
 *   | { code: 'notFetched' | 'notStarted' | 'failedOnTest', cause: Failure }
 *   | { code: 'wrongAnswers', maxDifference: number }
 *   | { code: 'measured', tiles: number, cpuMs: number, deviceMs: number, maxDifference: number }
 *   | { code: 'agrees', maxDifference: number }
 *   | { code: 'stopped', cause: Failure }} DeviceReason
 */
/** @typedef {{ device: DeviceKind, why: DeviceReason, adapter: string }} DeviceChoice The GPU's adapter by its name, where there is one. */

/**
 * @typedef {{ kind: 'site', backbone: RemoteFile, head: RemoteFile | null }
 *   | { kind: 'whole', model: RemoteFile }
 *   | { kind: 'file', file: Blob, backbone: RemoteFile }
 *   | { kind: 'head', head: Blob, backbone: RemoteFile }} ModelSource
 *   What is to answer: a backbone of the site with a head of the site or none; a whole model of the site; whatever is in
 *   a file of the user's; or a head on the backbone that is loaded, if it belongs to that, or else on the site's.
 */
/**
 * @typedef {object} ModelInUse
 * @property {ModelInfo} info of the head that answers, or of the backbone where none does
 * @property {number} model its number in this worker, which each answer bears
 */
/** @typedef {DeviceChoice & ModelInUse} LoadedModel */
/** @typedef {{ base: Blob, head: Blob | null, model: number }} ModelFiles What a helper is given: the number is that of the worker which it helps. */

/**
 * @typedef {object} TileRequest
 * @property {string} tileId
 * @property {TileSource} source
 * @property {boolean} needsDecoding whether its facts or its thumbnail are missing, so that known features are not enough
 * @property {boolean} needsThumbnail
 */

/**
 * @typedef {object} TileFacts What the file is, whatever the model.
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {number} noDataShare of its pixels, from 0 to 1
 * @property {string[]} notes
 */

/**
 * @typedef {object} TileAnswer
 * @property {Float32Array} probabilities one for each label; none where no head answers
 * @property {number} inferenceMs
 * @property {number} decodeMs 0 where the features were known
 */
/** @typedef {{ backbone: string, look: string, views: number }} KnownFeatures What is known of a tile: by which backbone, of which look, of how many views. */
/**
 * @typedef {TileAnswer & { model: number, decoded: { facts: TileFacts, features: KnownFeatures, thumbnail: Blob | null } | null }} TileResult
 *   `model` is the one that answered; `decoded` is null where the features were known.
 */

/**
 * @typedef {object} Heatmap Where in a tile a class is seen, by Grad-CAM.
 * @property {number} model that was asked
 * @property {string} className
 * @property {number} side cells of a side
 * @property {Float32Array} values `side × side` from 0 to 1, row by row from the top: shares of the strongest cell
 * @property {number} strongest what that cell adds to the class's score before softmax; 0 where nothing speaks for the class
 * @property {{ left: number, top: number, right: number, bottom: number }} seen the part of the tile that the cells divide, in
 *   shares of its width and height
 * @property {{ widthPx: number, heightPx: number, values: Float32Array }} picture the values over the whole tile, smooth;
 *   NaN where the network does not see it
 */

/** @typedef {{ event: 'progress', stage: 'engine' | 'backbone' | 'head', loadedBytes: number, totalBytes: number }} ProgressEvent */
/** @typedef {{ event: 'tile', tileId: string, result?: TileResult, error?: Failure }} TileEvent */
/** @typedef {{ event: 'features', tileId: string, features?: KnownFeatures, error?: Failure }} FeaturesEvent The worker keeps the numbers. */
/** @typedef {{ event: 'helper', page: MessagePort }} HelperEvent A helper tells the page by this port what it has done. */

/** @typedef {{ tileId: string, backbone: string, look: string, views: number, values: Float32Array }} FeatureRow As many numbers for the tile, or for each of its eight views, as the backbone gives. */

/** @typedef {import('../../pkg/training/tilelens.js').TrainingConfig} TrainingConfig */
/** @typedef {'learningRate' | 'dropoutRate' | 'denseNeurons' | 'epochs' | 'batchSize' | 'patience' | 'classWeighting' | 'seed'} PageSetting What the page always says; the engine has defaults for the rest. */
/** @typedef {Partial<TrainingConfig> & Required<Pick<TrainingConfig, PageSetting>>} TrainingSettings */
/** @typedef {Omit<import('../../pkg/training/tilelens.js').TrainingSetup, 'device' | 'settings'> & { settings: TrainingSettings }} TrainingSetup */
/** @typedef {{ setup: TrainingSetup, tileIds: string[], device: DevicePreference }} TrainPayload The tiles that are learnt from, whose features the worker has. */
/** @typedef {TrainPayload & { checkpoint: Float32Array, epoch: number }} ConcludePayload */
/** @typedef {'pause' | 'resume' | 'stop'} TrainingCommand */
/**
 * @typedef {{ code: 'chosen' } | { code: 'onlyCpu' } | { code: 'measured', cpuMs: number, gpuMs: number }} TrainingDeviceReason
 */

/** @typedef {import('../../pkg/training/tilelens.js').Progress} TrainingProgress */
/** @typedef {{ event: 'trainingDevice', device: DeviceKind, why: TrainingDeviceReason }} TrainingDeviceEvent */
/** @typedef {{ event: 'epoch', progress: TrainingProgress }} EpochEvent */
/** @typedef {{ event: 'checkpoint', weights: Float32Array, epoch: number }} CheckpointEvent The best head so far. */

/** @typedef {import('../../pkg/training/tilelens.js').Comparison} Comparison */
/** @typedef {import('../../pkg/training/tilelens.js').Evaluation} Evaluation */
/** @typedef {import('../../pkg/training/tilelens.js').Prediction} Prediction */
/** @typedef {import('../../pkg/training/tilelens.js').Report} TrainingReport Tiles are indices among the labelled tiles. */
/** @typedef {{ report: TrainingReport, model: Blob }} TrainedHead The model is the head alone, or whole where its backbone is not the site's. */

/**
 * @typedef {object} Protocol What each kind of request carries, what is told while it is at work, and what its reply brings.
 * @property {{ payload: StartPayload, event: ProgressEvent, reply: DeviceChoice }} start
 * @property {{ payload: ModelSource, event: ProgressEvent, reply: LoadedModel }} useModel what is loaded already is not fetched again
 * @property {{ payload: ModelFiles, event: never, reply: ModelInUse }} copyModel for a helper
 * @property {{ payload: { tiles: TileRequest[], isAveraged: boolean, pageRequest?: number }, event: TileEvent, reply: { features: FeatureRow[] } }} classify
 *   `isAveraged` asks for the mean over the eight views of a tile;
 *   `pageRequest` is the page's request that a helper works for; its reply brings the features, which other workers keep
 * @property {{ payload: { tiles: { tileId: string, source: TileSource }[], pageRequest?: number }, event: FeaturesEvent, reply: { features: FeatureRow[] } }} views
 *   computes the features of all eight views
 * @property {{ payload: { source: TileSource, className: string | null }, event: never, reply: Heatmap }} heatmap
 *   the most probable class where none is named
 * @property {{ payload: { tiles: { tileId: string, source: TileSource }[], bands: number[] | null }, event: never, reply: LookReply }} lookAtRasters
 *   before they are decoded, at all together; `bands`, from 1, where the user chose which are seen
 * @property {{ payload: { tiles: { tileId: string, source: TileSource }[] }, event: never, reply: { tileId: string, thumbnail: Blob }[] }} thumbnails
 *   of those that can be read
 * @property {{ payload: { rows: FeatureRow[] }, event: never, reply: {} }} keepFeatures takes features that were saved
 * @property {{ payload: { tileIds: string[] }, event: never, reply: FeatureRow[] }} readFeatures copies, of the tiles that have any
 * @property {{ payload: { tileIds: string[] }, event: never, reply: {} }} forgetFeatures
 * @property {{ payload: { tileId: string, tileIds: string[], most: number }, event: never, reply: string[] }} similar
 *   the tiles among `tileIds` that are most like one of them, the likest first
 * @property {{ payload: { tileIds: string[], labelled: string[] }, event: never, reply: string[] }} unfamiliar
 *   the tiles that are unlike every labelled one
 * @property {{ payload: { tileIds: string[], labelled: string[] }, event: never, reply: string[] }} orderToLabel
 *   the tiles in the order in which labels for them teach the most
 * @property {{ payload: TrainPayload, event: TrainingDeviceEvent | EpochEvent | CheckpointEvent, reply: TrainedHead }} train
 * @property {{ payload: { command: TrainingCommand }, event: never, reply: {} }} steerTraining
 * @property {{ payload: ConcludePayload, event: never, reply: TrainedHead }} concludeTraining
 * @property {{ payload: { model: Blob, form: ModelForm }, event: never, reply: Blob }} convert a head is joined with its backbone
 * @property {{ payload: { model: Blob, labels: string[] }, event: never, reply: Blob }} relabel
 * @property {{ payload: { checkpoint: NamedFile, beside: NamedFile[], labels: NamedFile | null }, event: never, reply: ImportedModel }} importModel
 *   a checkpoint of another framework, with files that its weights lie in beside it, and the list of its labels
 * @property {{ payload: { paths: string[], classFrom: ClassFrom }, event: never, reply: TreeReading }} readTree
 *   paths of dropped files as classes, by the rule of the command line
 */
/** @typedef {{ groups: LikeFiles[], alike: Record<string, string | null> }} LookReply The kinds, and of which one each tile is; null where it has colours of its own or cannot be read. */
/** @typedef {'modelFile' | 'safetensors' | 'onnx'} ModelForm As the page and the command line read it, with 32-bit weights for other frameworks, or as ONNX. */
/** @typedef {{ name: string, file: Blob }} NamedFile */
/** @typedef {{ model: Blob, notes: string[] }} ImportedModel A model file, and what was guessed, recognised or left out. */
/** @typedef {'first' | 'last'} ClassFrom Which folder above a tile names its class. */
/** @typedef {import('../../pkg/training/tilelens.js').TreeReading} TreeReading */
/** @typedef {import('../../pkg/scene/tilelens.js').SceneInfo} SceneInfo */
/** @typedef {import('../../pkg/scene/tilelens.js').GridInfo} GridInfo */
/** @typedef {import('../../pkg/scene/tilelens.js').MapSummary} MapSummary */
/** @typedef {import('../../pkg/scene/tilelens.js').Accuracy} MapAccuracy Areas in square metres, or in cells where nothing says how large those are. */
/** @typedef {import('../../pkg/scene/tilelens.js').VectorsInfo} VectorsInfo */
/** @typedef {import('../../pkg/scene/tilelens.js').WindowLabels} WindowLabels */
/** @typedef {{ name: string, polygons: [number, number][][][] }} AreaOfInterest The file that it came from; polygons, their rings and points, in pixels of the scene. */
/** @typedef {{ cell: string, step: string, offset: string, area: AreaOfInterest | null }} GridPlan Lengths as the user writes them: `256px` or `640m`. With an area only the windows that show some of it are tiles. */
/** @typedef {GridInfo & { hint: string | null, wanted: Uint32Array | null }} CutScene With a hint where cells do not suit the model, and the windows in the area, if there is one. */
/** @typedef {{ undecidedPercent: number, isMajority: boolean }} MapPlan Cells below that probability are undecided; or each gets the class that most of the 3 × 3 around it have. */
/** @typedef {{ engine: RemoteFile, sceneId: string, file: Blob, sidecars: Sidecars, stretch: Stretch | null }} ScenePayload Without a stretch one is chosen by its own numbers. */
/**
 * @typedef {object} WindowAnswers What the windows of a grid say, row by row.
 * @property {string[]} labels
 * @property {Uint8Array} colours red, green and blue of each label
 * @property {Float32Array} scores a probability for each label, window by window
 * @property {Uint8Array} states 0 classified, 1 of too little data, 2 unreadable, 3 left out, 4 not yet
 * @property {Uint32Array} partial windows of which a part is without data
 */
/** @typedef {{ summary: MapSummary, ids: Uint8Array, confidences: Float32Array }} SceneMap Cell by cell: 0 without class, then the labels, then what is undecided; and how probable that is. */
/** @typedef {'classes' | 'confidence' | 'regions' | 'cells' | 'csv'} MapForm Class GeoTIFF with what stands beside it, confidence GeoTIFF, GeoJSON of merged neighbours or of single cells, CSV. */
/**
 * @typedef {object} SceneProtocol What the worker of scenes is asked.
 * @property {{ payload: ScenePayload, event: never, reply: SceneInfo }} openScene also again, with another stretch
 * @property {{ payload: { engine: RemoteFile, decoders: RemoteFile, file: Blob, isBeside: boolean }, event: never, reply: Blob | null }} tiffOfPicture of which windows can be read; null where it is no JPEG, PNG or the like. Not turned upright where a world file is beside it
 * @property {{ payload: { sceneId: string, window: PixelWindow, widthPx: number, heightPx: number }, event: never, reply: ImageBitmap }} viewScene
 * @property {{ payload: { sceneId: string, column: number, row: number }, event: never, reply: [number, number] | null }} lonLat
 * @property {{ payload: { sceneId: string, grid: GridPlan, model: { name: string, groundResolutionM: [number, number] } | null }, event: never, reply: CutScene }} cutScene
 * @property {{ payload: { sceneId: string, grid: GridPlan, map: MapPlan, answers: WindowAnswers }, event: never, reply: SceneMap }} mapScene
 * @property {{ payload: { sceneId: string, file: File }, event: never, reply: VectorsInfo }} readVectors what a GeoJSON file says of the scene. It is kept until it is forgotten, or another is read
 * @property {{ payload: { sceneId: string, file: File, grid: GridPlan, property: string, leastShare: number }, event: never, reply: WindowLabels }} vectorLabels the classes that its polygons give the windows of which they cover so much
 * @property {{ payload: { sceneId: string, file: File }, event: never, reply: AreaOfInterest['polygons'] }} vectorArea
 * @property {{ payload: {}, event: never, reply: {} }} forgetVectors
 * @property {{ payload: { sceneId: string, form: MapForm }, event: never, reply: { ending: string, file: Blob }[] }} writeMap of the map that was made last
 * @property {{ payload: { sceneId: string, count: number, seed: number }, event: never, reply: Uint32Array }} drawSample cells to be checked
 * @property {{ payload: { sceneId: string, cells: Uint32Array, truths: string[] }, event: never, reply: MapAccuracy }} mapAccuracy
 * @property {{ payload: { sceneId: string }, event: never, reply: {} }} closeScene
 */
/** @typedef {keyof SceneProtocol} SceneRequestKind */
/** @typedef {{ [Kind in SceneRequestKind]: { id: number, kind: Kind, payload: SceneProtocol[Kind]['payload'] } }[SceneRequestKind]} SceneRequest */
/** @typedef {keyof Protocol} RequestKind */
/** @template {RequestKind} Kind @typedef {Protocol[Kind]['payload']} PayloadOf */
/** @template {RequestKind} Kind @typedef {Protocol[Kind]['event']} EventOf */
/** @template {RequestKind} Kind @typedef {Protocol[Kind]['reply']} ReplyOf */

/** @typedef {{ [Kind in RequestKind]: { id: number, kind: Kind, payload: PayloadOf<Kind> } }[RequestKind]} WorkerRequest */
/** @typedef {EventOf<RequestKind> | HelperEvent} WorkerEvent */
/** @typedef {{ id: number, ok: true, value: unknown, elsewhere: number } | { id: number, ok: false, error: Failure, fatal: boolean }} WorkerReply */

export {};

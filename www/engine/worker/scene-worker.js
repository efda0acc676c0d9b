/**
 * The worker of scenes: views of them, their grids and maps. A worker of its own, so that the picture follows the hand
 * while the engine is at work. Fetched when a scene is opened.
 */

import { EngineError, isFatal, toFailure } from '../failures.js';
import { RasterReader } from './raster-reader.js';
import { ResettableModule } from './resettable.js';
import { slices } from './slices.js';

/** @typedef {typeof import('../../../pkg/scene/tilelens.js')} SceneBindings */
/** @typedef {import('../../../pkg/scene/tilelens.js').Scene} OpenScene */
/** @typedef {import('../../../pkg/scene/tilelens.js').SceneMap} MapOfScene */
/** @typedef {import('../../../pkg/scene/tilelens.js').SceneVectors} VectorsOfScene */
/** @typedef {import('../protocol.js').MapForm} MapForm */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {import('../protocol.js').ScenePayload} ScenePayload */
/** @typedef {import('../protocol.js').SceneProtocol} SceneProtocol */
/** @typedef {import('../protocol.js').SceneRequest} SceneRequest */
/** @template {keyof SceneProtocol} Kind @typedef {SceneProtocol[Kind]['payload']} PayloadOf */
/** @template {keyof SceneProtocol} Kind @typedef {SceneProtocol[Kind]['reply']} ReplyOf */

/**
 * @typedef {object} Known
 * @property {Omit<ScenePayload, 'engine'>} source
 * @property {OpenScene | null} scene null where the module has lost it, and opens it again
 * @property {MapOfScene | null} map
 * @property {Map<string, Map<number, number[]>>} empty by grid: of windows that are partly without data, the cells that are
 */

/** @type {Map<string, Known>} */
const scenes = new Map();
/** @type {ResettableModule<SceneBindings> | null} */
let module = null;
/** It has the decoders of pictures. @type {RasterReader | null} */
let pictures = null;

/** The file of polygons that was read last, and on which scene: each plan that is made of it asks for them. @type {{ key: string, vectors: VectorsOfScene } | null} */
let laid = null;

/** @param {RemoteFile} engine */
function moduleOf(engine) {
  module ??= new ResettableModule(engine, () => /** @type {Promise<SceneBindings>} */ (import('../../../pkg/scene/tilelens.js')), () => {
    for (const known of scenes.values()) Object.assign(known, { scene: null, map: null });
    laid = null;
  });
  return module;
}

/**
 * @template Value
 * @param {string} sceneId
 * @param {(scene: OpenScene, known: Known) => Value} work
 * @returns {Promise<Value>}
 */
async function withScene(sceneId, work) {
  const known = scenes.get(sceneId);
  if (!module || !known) throw new EngineError('scene.closed');
  return module.use(async ({ Scene }) => {
    known.scene ??= await open(Scene, known.source);
    return work(known.scene, known);
  });
}

/**
 * @param {SceneBindings['Scene']} Scene
 * @param {Known['source']} source
 */
async function open(Scene, { file, sidecars, stretch }) {
  const bytes = await slices(file);
  if (!bytes) throw new EngineError('image.unreadable');
  return Scene.open(file.size, bytes.read, sidecars.world ?? undefined, sidecars.auxXml ?? undefined, stretch);
}

/** @param {ScenePayload} payload */
async function openScene({ engine, ...source }) {
  moduleOf(engine);
  // Where it lies may have changed.
  forgetVectors();
  const before = scenes.get(source.sceneId);
  scenes.set(source.sceneId, { source, scene: null, map: null, empty: new Map() });
  try {
    return await withScene(source.sceneId, (scene) => /** @type {ReplyOf<'openScene'>} */ (scene.describe()));
  } catch (thrown) {
    scenes.delete(source.sceneId);
    // A module that began anew has lost what it had of the scene, which is opened again when it is asked for.
    const isLost = thrown instanceof EngineError && thrown.code === 'raster.stopped';
    if (before) scenes.set(source.sceneId, isLost ? { ...before, scene: null, map: null } : before);
    throw thrown;
  } finally {
    if (scenes.get(source.sceneId) !== before) {
      before?.map?.free();
      before?.scene?.free();
    }
  }
}

/** @param {PayloadOf<'tiffOfPicture'>} payload */
async function tiffOfPicture({ engine, decoders, file, isBeside }) {
  pictures ??= new RasterReader(decoders);
  const picture = await pictures.picture(file, isBeside);
  if (!picture) return null;
  const { width, height, pixels, hasOpacity } = picture;
  return moduleOf(engine).use(({ tiffOfPixels }) => new Blob([/** @type {BlobPart} */ (tiffOfPixels(width, height, pixels, hasOpacity))]));
}

/** @param {PayloadOf<'viewScene'>} payload */
async function viewScene({ sceneId, window: { x, y, width, height }, widthPx, heightPx }) {
  const [outWidth, outHeight] = [Math.min(width, widthPx), Math.min(height, heightPx)];
  const pixels = await withScene(sceneId, (scene) => scene.view(x, y, width, height, outWidth, outHeight));
  return createImageBitmap(new ImageData(new Uint8ClampedArray(pixels), outWidth, outHeight));
}

/** @param {PayloadOf<'cutScene'>} payload */
function cutScene({ sceneId, grid: { cell, step, offset, area }, model }) {
  return withScene(sceneId, (scene) => {
    const wanted = area && scene.windowsInArea(cell, step, offset, area.polygons);
    const grid = /** @type {import('../protocol.js').GridInfo} */ (scene.grid(cell, step, offset));
    const hint = model ? (scene.hint(model.name, ...model.groundResolutionM, Math.min(...grid.cellPx)) ?? null) : null;
    return { ...grid, hint, wanted };
  });
}

/** @param {PayloadOf<'mapScene'>} payload */
function mapScene({ sceneId, grid, map, answers }) {
  const { cell, step, offset, area } = grid;
  const { labels, colours, scores, states, partial } = answers;
  return withScene(sceneId, (scene, known) => {
    const empty = emptyCells(scene, known, grid, partial);
    const made = scene.map(cell, step, offset, labels, colours, scores, states, empty, area?.polygons ?? null, map.undecidedPercent, map.isMajority);
    known.map?.free();
    known.map = made;
    return { summary: /** @type {import('../protocol.js').MapSummary} */ (made.summary()), ids: made.ids(), confidences: made.confidences() };
  });
}

/**
 * @template Value
 * @param {{ sceneId: string, file: File }} payload
 * @param {(vectors: VectorsOfScene, scene: OpenScene) => Value} work
 */
function withVectors({ sceneId, file }, work) {
  const key = JSON.stringify([sceneId, file.name, file.size, file.lastModified]);
  return withScene(sceneId, async (scene) => {
    if (laid?.key !== key) {
      forgetVectors();
      laid = { key, vectors: scene.readVectors(new Uint8Array(await file.arrayBuffer())) };
    }
    return work(laid.vectors, scene);
  });
}

function forgetVectors() {
  laid?.vectors.free();
  laid = null;
}

/**
 * Without overlap a window is a cell, and says itself whether it holds data.
 * @param {OpenScene} scene
 * @param {Known} known
 * @param {PayloadOf<'mapScene'>['grid']} grid
 * @param {Uint32Array} partial
 */
function emptyCells(scene, known, { cell, step, offset }, partial) {
  const { cellPx, stepPx } = /** @type {import('../protocol.js').GridInfo} */ (scene.grid(cell, step, offset));
  if (cellPx.every((side, axis) => side === stepPx[axis])) return new Uint32Array();
  const key = [cell, step, offset].join();
  const seen = known.empty.get(key) ?? new Map();
  known.empty.set(key, seen);
  for (const window of partial) {
    if (!seen.has(window)) seen.set(window, [...scene.emptyCells(cell, step, offset, Uint32Array.of(window))]);
  }
  return Uint32Array.from([...partial].flatMap((window) => seen.get(window) ?? []));
}

/**
 * @template Value
 * @param {string} sceneId
 * @param {(map: MapOfScene) => Value} work
 */
function withMap(sceneId, work) {
  return withScene(sceneId, (_, { map }) => {
    if (!map) throw new EngineError('scene.no_map');
    return work(map);
  });
}

/** What files a form is made of, by the ending of their names. @type {Record<MapForm, (map: MapOfScene) => Record<string, Uint8Array | string>>} */
const FORMS = {
  classes: (map) => ({ '.tif': map.classGeotiff(), '.tif.aux.xml': map.auxXml(), '.qml': map.qml() }),
  confidence: (map) => ({ '-confidence.tif': map.confidenceGeotiff() }),
  regions: (map) => ({ '.geojson': map.geojson(true) }),
  cells: (map) => ({ '-cells.geojson': map.geojson(false) }),
  csv: (map) => ({ '.csv': map.csv() }),
};

/** @param {SceneRequest} request @returns {Promise<{ value: unknown, transfer?: Transferable[] }>} */
async function answer({ kind, payload }) {
  switch (kind) {
    case 'openScene':
      return { value: await openScene(payload) };
    case 'tiffOfPicture':
      return { value: await tiffOfPicture(payload) };
    case 'viewScene': {
      const value = await viewScene(payload);
      return { value, transfer: [value] };
    }
    case 'lonLat': {
      const point = await withScene(payload.sceneId, (scene) => [...scene.lonLat(payload.column, payload.row)]);
      return { value: point.length === 2 ? point : null };
    }
    case 'cutScene':
      return { value: await cutScene(payload) };
    case 'mapScene': {
      const value = await mapScene(payload);
      return { value, transfer: [value.ids.buffer, value.confidences.buffer] };
    }
    case 'readVectors':
      return { value: await withVectors(payload, (vectors) => vectors.describe()) };
    case 'vectorLabels': {
      const { grid, property, leastShare } = payload;
      return { value: await withVectors(payload, (vectors, scene) => scene.labelsOf(vectors, grid.cell, grid.step, grid.offset, property, leastShare)) };
    }
    case 'vectorArea':
      return { value: await withVectors(payload, (vectors) => vectors.area()) };
    case 'forgetVectors':
      forgetVectors();
      return { value: {} };
    case 'writeMap': {
      const files = Object.entries(await withMap(payload.sceneId, FORMS[payload.form]));
      return { value: files.map(([ending, content]) => ({ ending, file: new Blob([/** @type {BlobPart} */ (content)]) })) };
    }
    case 'drawSample':
      return { value: await withMap(payload.sceneId, (map) => map.drawSample(payload.count, payload.seed)) };
    case 'mapAccuracy':
      return { value: await withMap(payload.sceneId, (map) => map.accuracy(payload.cells, payload.truths)) };
    case 'closeScene': {
      const known = scenes.get(payload.sceneId);
      scenes.delete(payload.sceneId);
      known?.map?.free();
      known?.scene?.free();
      return { value: {} };
    }
  }
}

/** One after the other: views are asked for faster than they are made. @type {Promise<unknown>} */
let last = Promise.resolve();

globalThis.addEventListener('message', ({ data }) => {
  const { id } = /** @type {SceneRequest} */ (data);
  last = last.then(() => answer(data)).then(
    ({ value, transfer = [] }) => postMessage({ id, ok: true, value, elsewhere: 0 }, { transfer }),
    (thrown) => postMessage({ id, ok: false, error: toFailure(thrown), fatal: isFatal(thrown) }),
  );
});

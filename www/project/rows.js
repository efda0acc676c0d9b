/** What is read from the database is not believed: a damaged row is mended or left out, never passed on. */

import { isStretch } from '../engine/index.js';
import { cellSource } from '../scene/cells.js';
import { readPlan } from '../scene/plan.js';

/** Numbers of a view in rows of the first version, which do not say how many views they have. */
const FEATURES = 576;

/** @typedef {import('./database.js').FeaturesRow} FeaturesRow */
/** @typedef {import('./database.js').ModelRow} ModelRow */
/** @typedef {import('./database.js').SceneRow} SceneRow */
/** @typedef {import('./database.js').TileRow} TileRow */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./types.js').ProjectRecord} ProjectRecord */
/** @typedef {import('./types.js').FeatureRow} FeatureRow */
/** @typedef {import('./types.js').Scene} Scene */
/** @typedef {import('./types.js').StoredTile} StoredTile */
/** @typedef {import('./types.js').TileSource} TileSource */
/** @typedef {import('../labels/labelling.js').TileClass} TileClass */

/** What a row of that type may really be. @template Row @typedef {{ [Key in keyof Row]?: unknown }} Doubtful */

const LONG_AGO = new Date(0).toISOString();

/**
 * The row as a record; the id is the row's key, which the database vouches for.
 * @param {Doubtful<ProjectRecord>} row
 * @returns {ProjectRecord}
 */
export function toRecord({ id, name, createdAt, updatedAt, classes, settings, report }) {
  return {
    id: String(id),
    name: textOr(name, 'Damaged project'),
    createdAt: textOr(createdAt, LONG_AGO),
    updatedAt: textOr(updatedAt, LONG_AGO),
    classes: Array.isArray(classes) ? classes.filter(isClass) : [],
    settings: isObject(settings) ? settings : {},
    report: report ?? null,
  };
}

/**
 * The tiles whose facts and image are both there, in the project's order.
 * @param {Doubtful<TileRow>[]} facts
 * @param {{ id?: unknown, source?: unknown, file?: unknown, thumbnail?: unknown }[]} files
 * @param {TileClass[]} classes
 * @param {Scene[]} scenes whose cells may be among the tiles
 * @returns {StoredTile[]}
 */
export function toTiles(facts, files, classes, scenes) {
  const fileOf = new Map(files.map((row) => [row.id, row]));
  const sceneOf = new Map(scenes.map((scene) => [scene.id, scene]));
  const classIds = new Set(classes.map(({ id }) => id));
  /** @type {StoredTile[]} */
  const tiles = [];
  for (const { id, name, path, order, classId, widthPx, heightPx, format, noDataShare, notes } of facts) {
    const { thumbnail, ...row } = fileOf.get(id) ?? {};
    const source = toSource(row, sceneOf);
    if (typeof name !== 'string' || !source) continue;
    tiles.push({
      id: String(id),
      name,
      path: textOr(path, name),
      order: numberOr(order, Infinity),
      source,
      thumbnail: thumbnail instanceof Blob ? thumbnail : null,
      classId: typeof classId === 'string' && classIds.has(classId) ? classId : null,
      widthPx: numberOr(widthPx, 0),
      heightPx: numberOr(heightPx, 0),
      format: textOr(format, ''),
      noDataShare: numberOr(noDataShare, 0),
      notes: Array.isArray(notes) ? notes.filter((note) => typeof note === 'string') : [],
    });
  }
  return tiles.sort((a, b) => a.order - b.order);
}

/**
 * Where the pixels of a tile are; null where nobody knows any more.
 * @param {{ source?: unknown, file?: unknown }} row
 * @param {Map<string, Scene>} sceneOf
 * @returns {TileSource | null}
 */
function toSource({ source, file }, sceneOf) {
  if (isObject(source) && source.kind === 'window') return toCell(source, sceneOf);
  const { file: found, raster } = isObject(source) && source.kind === 'file' ? source : { file, raster: undefined };
  return found instanceof Blob ? { kind: 'file', file: found, ...toRaster(raster) } : null;
}

/**
 * @param {Record<string, unknown>} source
 * @param {Map<string, Scene>} sceneOf
 * @returns {TileSource | null}
 */
function toCell({ sceneId, window }, sceneOf) {
  const scene = sceneOf.get(String(sceneId));
  if (!scene || !isWindow(window)) return null;
  const { x, y, width, height } = window;
  return cellSource(scene, { x, y, width, height });
}

/**
 * @param {Doubtful<SceneRow>[]} rows
 * @param {{ id?: unknown, source?: unknown }[]} files
 * @returns {Scene[]}
 */
export function toScenes(rows, files) {
  const fileOf = new Map(files.map(({ id, source }) => [id, source]));
  return rows.flatMap(({ id, name, fileBytes, fingerprint, sidecars, raster, plan }) => {
    if (typeof id !== 'string' || typeof name !== 'string') return [];
    const source = fileOf.get(id);
    const file = isObject(source) && source.file instanceof Blob ? source.file : null;
    const { world, auxXml } = isObject(sidecars) ? sidecars : { world: null, auxXml: null };
    const texts = { world: typeof world === 'string' ? world : null, auxXml: typeof auxXml === 'string' ? auxXml : null };
    const known = typeof fingerprint === 'string' ? fingerprint : null;
    return [{ id, name, file, fileBytes: numberOr(fileBytes, 0), fingerprint: known, sidecars: texts, raster: toRaster(raster).raster ?? null, plan: readPlan(plan) }];
  });
}

/** How its numbers become colours; nothing where that makes no sense, and the file is looked at again. @param {unknown} raster @returns {{ raster?: import('../engine/index.js').Raster | null }} */
function toRaster(raster) {
  if (raster === null) return { raster };
  if (!isObject(raster) || typeof raster.alike !== 'string' || !isStretch(raster.stretch)) return {};
  return { raster: { alike: raster.alike, stretch: raster.stretch } };
}

/**
 * @param {Doubtful<FeaturesRow>[]} rows
 * @returns {FeatureRow[]}
 */
export function toFeatures(rows) {
  return rows.flatMap(({ tileId, backbone, look, views, values }) => {
    if (typeof tileId !== 'string' || typeof backbone !== 'string' || !(values instanceof Float32Array)) return [];
    const count = views === undefined ? values.length / FEATURES : views;
    const isWhole = typeof count === 'number' && Number.isInteger(count) && count > 0 && values.length > 0 && values.length % count === 0;
    return isWhole ? [{ tileId, backbone, look: textOr(look, ''), views: count, values }] : [];
  });
}

/**
 * @param {Doubtful<ModelRow>[]} rows
 * @returns {Project['models']}
 */
export function toModels(rows) {
  return Object.fromEntries(rows.flatMap(({ role, file }) => (file instanceof Blob ? [[role, file]] : [])));
}

/**
 * @param {unknown} value
 * @returns {value is import('../engine/index.js').PixelWindow}
 */
export function isWindow(value) {
  if (!isObject(value)) return false;
  const isWhole = (/** @type {unknown} */ number, /** @type {number} */ least) => Number.isSafeInteger(number) && Number(number) >= least;
  return isWhole(value.x, 0) && isWhole(value.y, 0) && isWhole(value.width, 1) && isWhole(value.height, 1);
}

/**
 * @param {unknown} value
 * @returns {value is TileClass}
 */
function isClass(value) {
  return isObject(value) && ['id', 'name', 'colour'].every((key) => typeof value[key] === 'string');
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {unknown} value
 * @param {string} fallback
 */
function textOr(value, fallback) {
  return typeof value === 'string' ? value : fallback;
}

/**
 * @param {unknown} value
 * @param {number} fallback
 */
function numberOr(value, fallback) {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

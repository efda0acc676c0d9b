/** Reads the manifest of an archive, and believes none of it. */

import { isStretch } from '../../engine/index.js';
import { readPlan } from '../../scene/plan.js';
import { isWindow } from '../rows.js';
import { FORMAT, LIMITS, MODEL_ROLES, VERSION } from './layout.js';
import { damaged, notAProject, shown, tooLarge, tooNew } from './refusals.js';

/** @typedef {import('./layout.js').Manifest} Manifest */

/**
 * The manifest, if every field is as {@link Manifest} says.
 * @param {ArrayBuffer} bytes
 * @returns {Manifest}
 */
export function readManifest(bytes) {
  const manifest = parse(bytes);
  if (!isObject(manifest) || manifest.format !== FORMAT) throw notAProject();
  const { version, name, classes, settings, report = null, scenes = [], tiles, models } = manifest;
  check(isIndex(version, Infinity) && version > 0, 'it has no version');
  if (version > VERSION) throw tooNew(version, VERSION);
  check(isName(name), 'the project has no name');
  check(Array.isArray(classes), 'it has no list of classes');
  check(Array.isArray(scenes) && scenes.length <= LIMITS.scenes, 'the scenes are no scenes');
  check(Array.isArray(tiles), 'it has no list of tiles');
  check(isObject(settings), 'the settings are no settings');
  check(isObject(models), 'it has no list of models');
  if (classes.length > LIMITS.classes) throw tooLarge(`it has ${classes.length.toLocaleString()} classes, and ${LIMITS.classes} are allowed`);
  if (tiles.length > LIMITS.tiles) throw tooLarge(`it has ${tiles.length.toLocaleString()} tiles, and ${LIMITS.tiles.toLocaleString()} are allowed`);
  const checkedTiles = tiles.map((tile, place) => readTile(tile, place, { version, classCount: classes.length, sceneCount: scenes.length }));
  const checkedScenes = scenes.map(readScene);
  const checkedModels = readModels(models);
  const places = [...checkedTiles.map(({ source }) => (source.kind === 'file' ? source.file : null)), ...checkedScenes.map(({ file }) => file)];
  checkPlaces([...places.filter((place) => place !== null), ...Object.values(checkedModels)]);
  return { format: FORMAT, version, name, classes: classes.map(readClass), settings, report, scenes: checkedScenes, tiles: checkedTiles, models: checkedModels };
}

/** @param {ArrayBuffer} bytes */
function parse(bytes) {
  try {
    return /** @type {unknown} */ (JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw damaged('its manifest is no JSON');
  }
}

/**
 * @param {unknown} value
 * @param {number} place
 */
function readClass(value, place) {
  const what = `class ${place + 1}`;
  check(isObject(value), `${what} is no class`);
  const { name, colour, folder } = value;
  check(isName(name), `${what} has no name`);
  check(typeof colour === 'string' && /^#[0-9a-f]{6}$/i.test(colour), `the colour of class “${shown(name)}” is none`);
  check(isName(folder), `class “${shown(name)}” has no folder`);
  return { name, colour, folder };
}

/**
 * @param {unknown} value
 * @param {number} place
 * @param {{ version: number, classCount: number, sceneCount: number }} manifest
 */
function readTile(value, place, { version, classCount, sceneCount }) {
  const what = `tile ${(place + 1).toLocaleString()}`;
  check(isObject(value), `${what} is no tile`);
  const { name, path, class: label, widthPx, heightPx, format, noDataShare = 0, notes } = value;
  const source = readSource(version === 1 ? { kind: 'file', file: value.file } : value.source, what, sceneCount);
  check(isName(name), `${what} has no name`);
  check(isName(path), `${what} has no path`);
  check(label === null || isIndex(label, classCount), `${what} has a class that is not there`);
  check(isIndex(widthPx, LIMITS.tileSidePx + 1) && isIndex(heightPx, LIMITS.tileSidePx + 1), `${what} has no size`);
  check(isName(format), `${what} has no format`);
  check(typeof noDataShare === 'number' && noDataShare >= 0 && noDataShare <= 1, `the share without data of ${what} is none`);
  check(Array.isArray(notes) && notes.length <= LIMITS.notes && notes.every(isName), `the notes on ${what} are none`);
  return { source, name, path, class: label, widthPx, heightPx, format, noDataShare, notes };
}

/**
 * @param {unknown} value
 * @param {string} what
 * @param {number} sceneCount
 * @returns {import('./layout.js').ManifestTile['source']}
 */
function readSource(value, what, sceneCount) {
  if (isObject(value) && value.kind === 'window') {
    const { scene, window } = value;
    check(isIndex(scene, sceneCount) && isWindow(window), `${what} is no window of a scene`);
    const { x, y, width, height } = window;
    return { kind: 'window', scene, window: { x, y, width, height } };
  }
  check(isObject(value) && value.kind === 'file' && isName(value.file), `${what} has no file`);
  const { file, raster } = value;
  if (raster === undefined || raster === null) return { kind: 'file', file, ...(raster === null && { raster }) };
  return { kind: 'file', file, raster: readRaster(raster, what) };
}

/**
 * @param {unknown} value
 * @param {string} what
 * @returns {import('../../engine/index.js').Raster}
 */
function readRaster(value, what) {
  check(isObject(value) && isName(value.alike) && isStretch(value.stretch), `the stretch of ${what} is none`);
  return { alike: value.alike, stretch: value.stretch };
}

/**
 * @param {unknown} value
 * @param {number} place
 * @returns {import('./layout.js').ManifestScene}
 */
function readScene(value, place) {
  const what = `scene ${place + 1}`;
  check(isObject(value) && isName(value.name), `${what} has no name`);
  // Archives of before had no fingerprint.
  const { name, file, fileBytes, fingerprint = null, sidecars, raster, plan } = value;
  check(file === null || isName(file), `${what} has no file`);
  check(isIndex(fileBytes, Infinity), `${what} has no size`);
  check(fingerprint === null || isName(fingerprint), `the fingerprint of ${what} is none`);
  const isText = (/** @type {unknown} */ text) => text === null || (typeof text === 'string' && text.length <= LIMITS.sidecarCharacters);
  check(isObject(sidecars) && isText(sidecars.world) && isText(sidecars.auxXml), `what stood beside ${what} is no text`);
  const { world, auxXml } = /** @type {import('../../engine/index.js').Sidecars} */ (sidecars);
  return { name, file, fileBytes, fingerprint, sidecars: { world, auxXml }, raster: raster === null ? null : readRaster(raster, what), plan: readPlan(plan) };
}

/** @param {Record<string, unknown>} models */
function readModels(models) {
  /** @type {Manifest['models']} */
  const places = {};
  for (const role of MODEL_ROLES) {
    const place = models[role];
    check(place === undefined || isName(place), `the place of the model “${role}” is none`);
    if (place !== undefined) places[role] = place;
  }
  return places;
}

/** @param {string[]} places */
function checkPlaces(places) {
  const seen = new Set();
  for (const place of places) {
    check(!seen.has(place), `“${shown(place)}” is named twice`);
    seen.add(place);
  }
}

/**
 * @param {boolean} holds
 * @param {string} otherwise
 * @returns {asserts holds}
 */
function check(holds, otherwise) {
  if (!holds) throw damaged(`in its manifest, ${otherwise}`);
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
 * @returns {value is string}
 */
function isName(value) {
  return typeof value === 'string' && value.length <= LIMITS.nameCharacters;
}

/**
 * @param {unknown} value
 * @param {number} end
 * @returns {value is number}
 */
function isIndex(value, end) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0 && /** @type {number} */ (value) < end;
}

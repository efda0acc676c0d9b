/**
 * What is where in an archive:
 *
 *     manifest.json              what Tilelens needs to open the project again
 *     README.txt                 the same for people
 *     images/<class>/<file>      the labelled tiles, as torchvision's ImageFolder and others read a data set
 *     unlabelled/<file>
 *     scenes/<file>              the scenes, whose cells are tiles without a file of their own
 *     model/<role>.safetensors
 */

import { MAX_CLASSES, MAX_MODEL_BYTES, MAX_TILE_BYTES, MAX_TILE_SIDE_PX } from '../../engine/index.js';

/** @typedef {import('../../engine/index.js').PixelWindow} PixelWindow */
/** @typedef {import('../../engine/index.js').Raster} Raster */
/** @typedef {import('../../scene/scenes.js').Scene} Scene */
/** @typedef {import('../types.js').ModelRole} ModelRole */
/** @typedef {{ name: string, colour: string, folder: string }} ManifestClass */

/**
 * @typedef {object} ManifestTile
 * @property {{ kind: 'file', file: string, raster?: Raster | null } | { kind: 'window', scene: number, window: PixelWindow }} source
 *   where it is in the archive, under a name that every system takes, and how its numbers become colours; or which window of
 *   which scene it is
 * @property {string} name its true name
 * @property {string} path its true name with folders
 * @property {number | null} class the label, as a place among the classes
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {number} noDataShare
 * @property {string[]} notes
 */

/** @typedef {Omit<Scene, 'id' | 'file'> & { file: string | null }} ManifestScene `file` is where it is in the archive; null where it was too large, or is not at hand. */

/**
 * @typedef {object} Manifest
 * @property {typeof FORMAT} format
 * @property {number} version
 * @property {string} name
 * @property {ManifestClass[]} classes
 * @property {Record<string, unknown>} settings
 * @property {unknown} report
 * @property {ManifestScene[]} scenes
 * @property {ManifestTile[]} tiles in the project's order
 * @property {Partial<Record<ModelRole, string>>} models where they are in the archive
 */

export const FORMAT = 'tilelens-project';
/**
 * Raised when an older Tilelens would read an archive wrongly: in the first version a tile was a file and nothing else,
 * the second knew no stretch of rasters, and the third no scenes.
 */
export const VERSION = 4;

export const MANIFEST = 'manifest.json';
export const README = 'README.txt';

/** @type {ModelRole[]} */
export const MODEL_ROLES = ['current', 'before'];

/** No more than this is written, and more is not read. */
export const LIMITS = {
  classes: MAX_CLASSES,
  tileBytes: MAX_TILE_BYTES,
  tileSidePx: MAX_TILE_SIDE_PX,
  modelBytes: MAX_MODEL_BYTES,
  scenes: 1000,
  sceneBytes: 4e9,
  sidecarCharacters: 1_000_000,
  tiles: 100_000,
  /** Each tile, two models, the manifest and the readme, with room for what other tools add to an archive. */
  entries: 110_000,
  nameCharacters: 10_000,
  notes: 100,
  manifestBytes: 64e6,
  totalBytes: 8e9,
};

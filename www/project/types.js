/** What a fine-tuning project is made of, as types only. */

/** @typedef {{ id: string, name: string, colour: string }} TileClass The colour as `#rrggbb`. */

/**
 * @typedef {object} StoredTile
 * @property {string} id unique in the project
 * @property {string} name the file's name
 * @property {string} path with its folders, where it came in a folder
 * @property {number} order where it stands among the project's tiles
 * @property {Blob} file
 * @property {Blob | null} thumbnail
 * @property {string | null} classId the label
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {string[]} notes
 */

/**
 * @typedef {object} StoredFeatures
 * @property {string} tileId
 * @property {string} backbone the SHA-256 of the backbone that computed them
 * @property {Float32Array} values 576 for the tile, or 576 for each of its eight views
 */

/**
 * @typedef {object} ProjectRecord
 * @property {string} id
 * @property {string} name
 * @property {string} createdAt an ISO date
 * @property {string} updatedAt an ISO date
 * @property {TileClass[]} classes
 * @property {Record<string, unknown>} settings
 * @property {unknown} report plain JSON of the last training, or null
 */

/** @typedef {'current' | 'before'} ModelRole The model in use, and the one that it replaced. */

/**
 * @typedef {object} Project
 * @property {ProjectRecord} record
 * @property {StoredTile[]} tiles
 * @property {StoredFeatures[]} features
 * @property {Partial<Record<ModelRole, Blob>>} models
 */

/** @typedef {{ id: string, name: string, updatedAt: string, tileCount: number }} ProjectSummary */

export {};

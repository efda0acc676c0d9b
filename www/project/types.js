/** What a fine-tuning project is made of, as types only. */

/** @typedef {import('../engine/index.js').FeatureRow} FeatureRow */
/** @typedef {import('../engine/index.js').TileSource} TileSource */
/** @typedef {import('../labels/labelling.js').TileClass} TileClass */
/** @typedef {import('../scene/scenes.js').Scene} Scene Its cells stand among the tiles. */

/**
 * @typedef {object} StoredTile
 * @property {string} id unique in the project
 * @property {string} name the file's name
 * @property {string} path with its folders, where it came in a folder
 * @property {number} order where it stands among the project's tiles
 * @property {TileSource} source where its pixels are
 * @property {Blob | null} thumbnail
 * @property {string | null} classId the label
 * @property {number} widthPx
 * @property {number} heightPx
 * @property {string} format
 * @property {number} noDataShare
 * @property {string[]} notes
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
 * @property {Scene[]} scenes
 * @property {Partial<Record<ModelRole, Blob>>} models
 */

/** @typedef {{ id: string, name: string, updatedAt: string, tileCount: number }} ProjectSummary */

export {};

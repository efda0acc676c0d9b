/** What of a project can no longer be read: tiles whose files were moved, or whatever the browser has deleted. */

import { MODEL_ROLES } from './layout.js';

/** @typedef {import('../types.js').ModelRole} ModelRole */
/** @typedef {import('../types.js').Project} Project */
/** @typedef {import('../types.js').StoredTile} StoredTile */
/** @typedef {{ tiles: StoredTile[], models: ModelRole[] }} Unreadable */

/** The browser reads them side by side, and does not hold too many open. */
const READ_AT_ONCE = 32;

/**
 * Reads a byte of each file.
 * @param {Project} project
 * @returns {Promise<Unreadable>}
 */
export async function unreadable({ tiles, models }) {
  /** @type {StoredTile[]} */
  const lost = [];
  for (let start = 0; start < tiles.length; start += READ_AT_ONCE) {
    const some = tiles.slice(start, start + READ_AT_ONCE);
    const readable = await Promise.all(some.map(({ file }) => isReadable(file)));
    lost.push(...some.filter((_, index) => !readable[index]));
  }
  /** @type {ModelRole[]} */
  const roles = [];
  for (const role of MODEL_ROLES) {
    const file = models[role];
    if (file && !(await isReadable(file))) roles.push(role);
  }
  return { tiles: lost, models: roles };
}

/** @param {Blob} file */
function isReadable(file) {
  return file.slice(0, 1).arrayBuffer().then(
    () => true,
    () => false,
  );
}

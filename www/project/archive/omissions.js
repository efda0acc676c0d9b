/** What of a project does not go into an archive: what can no longer be read, and tiles that no archive may have. */

import { LIMITS, MODEL_ROLES } from './layout.js';

/** @typedef {import('../types.js').ModelRole} ModelRole */
/** @typedef {import('../types.js').Project} Project */
/** @typedef {import('../types.js').Scene} Scene */
/** @typedef {import('../types.js').StoredTile} StoredTile */

/**
 * @typedef {object} Omissions
 * @property {StoredTile[]} unreadable their files were moved, or the browser has deleted them
 * @property {StoredTile[]} tooLarge what the page refuses to read it would also refuse to import
 * @property {Scene[]} scenes whose file is not at hand, or too large; their cells stay
 * @property {ModelRole[]} models that can no longer be read
 */

/** The browser reads them side by side, and does not hold too many open. */
const READ_AT_ONCE = 32;

/**
 * Reads a byte of each file.
 * @param {Project} project
 * @returns {Promise<Omissions>}
 */
export async function omissions({ tiles: all, scenes, models }) {
  // Cells have the file of their scene.
  const tiles = all.filter(({ source }) => source.kind === 'file');
  /** @type {Scene[]} */
  const lacking = [];
  for (const scene of scenes) {
    const { file } = scene;
    if (!file || file.size > LIMITS.sceneBytes || !(await isReadable(file))) lacking.push(scene);
  }
  const tooLarge = tiles.filter(({ source }) => source.file.size > LIMITS.tileBytes);
  const others = tiles.filter((tile) => !tooLarge.includes(tile));
  /** @type {StoredTile[]} */
  const unreadable = [];
  for (let start = 0; start < others.length; start += READ_AT_ONCE) {
    const some = others.slice(start, start + READ_AT_ONCE);
    const readable = await Promise.all(some.map(({ source }) => isReadable(source.file)));
    unreadable.push(...some.filter((_, index) => !readable[index]));
  }
  /** @type {ModelRole[]} */
  const roles = [];
  for (const role of MODEL_ROLES) {
    const file = models[role];
    if (file && !(await isReadable(file))) roles.push(role);
  }
  return { unreadable, tooLarge, scenes: lacking, models: roles };
}

/**
 * The project without them. A head that is lost gives way to the one before it.
 * @param {Project} project
 * @param {Omissions} omitted
 * @returns {Project}
 */
export function without(project, { unreadable, tooLarge, scenes, models }) {
  const gone = new Set([...unreadable, ...tooLarge].map(({ id }) => id));
  const lacking = new Set(scenes.map(({ id }) => id));
  const left = project.scenes.map((scene) => (lacking.has(scene.id) ? { ...scene, file: null } : scene));
  return { ...withoutModels(project, models), scenes: left, tiles: project.tiles.filter(({ id }) => !gone.has(id)) };
}

/**
 * @param {Project} project
 * @param {ModelRole[]} lost
 * @returns {Project}
 */
export function withoutModels(project, lost) {
  if (lost.length === 0) return project;
  const { current, before } = project.models;
  const reports = /** @type {Record<string, unknown>} */ (project.record.report ?? {});
  const isCurrentLost = lost.includes('current');
  const isBeforeLost = lost.includes('before');
  const model = isCurrentLost ? (isBeforeLost ? undefined : before) : current;
  const report = isCurrentLost ? (isBeforeLost ? null : reports.before) : reports.current;
  return {
    ...project,
    models: model ? { current: model } : {},
    record: { ...project.record, report: { current: report ?? null, before: null, hasBefore: false } },
  };
}

/** @param {Blob} file */
function isReadable(file) {
  return file.slice(0, 1).arrayBuffer().then(
    () => true,
    () => false,
  );
}

/** Reads a project from an archive. A tile or model in it that is not as it was written is left out by its name. */

import { cellSource } from '../../scene/cells.js';
import { newId } from '../../tiles/identity.js';
import { LIMITS, MANIFEST, MODEL_ROLES } from './layout.js';
import { readManifest } from './manifest.js';
import { withoutModels } from './omissions.js';
import { notAProject } from './refusals.js';
import { byIds } from './report-places.js';
import { Archive, isOfOneEntry } from './unzip.js';

/** @typedef {import('../types.js').ModelRole} ModelRole */
/** @typedef {import('../types.js').Project} Project */
/** @typedef {import('../types.js').StoredTile} StoredTile */
/** @typedef {import('./layout.js').Manifest} Manifest */
/** @typedef {{ name: string, why: string }} LeftOut */
/** @typedef {{ project: Project, leftOut: LeftOut[] }} Imported */

/**
 * The project under new ids; its features and thumbnails are to be computed again. The images are parts of the
 * archive's file: they can be read while that stays where it is, and for good once they are in the store. Rejects with
 * a `ProjectError` where there is no project to open.
 * @param {Blob} file
 * @param {(share: number) => void} [onProgress] of the tiles
 * @returns {Promise<Imported>}
 */
export async function importArchive(file, onProgress = () => undefined) {
  const archive = await Archive.open(file);
  const root = rootOf(archive);
  const manifestFile = await archive.content(archive.entry(root + MANIFEST, LIMITS.manifestBytes));
  const manifest = readManifest(await manifestFile.arrayBuffer());
  const now = new Date().toISOString();
  const classes = manifest.classes.map(({ name, colour }) => ({ id: newId(), name, colour }));
  /** @type {LeftOut[]} */
  const leftOut = [];

  /** @type {import('../types.js').Scene[]} */
  const scenes = [];
  for (const { file: name, ...scene } of manifest.scenes) {
    const content = name === null ? null : await contentOrNull(archive, root + name, LIMITS.sceneBytes, (why) => leftOut.push({ name: scene.name, why }));
    scenes.push({ ...scene, id: newId(), file: content });
  }

  /** @type {(StoredTile | null)[]} */
  const tiles = [];
  for (const [order, { source, class: label, ...facts }] of manifest.tiles.entries()) {
    onProgress(order / manifest.tiles.length);
    const classId = label === null ? null : classes[label].id;
    const tile = { ...facts, id: newId(), order, thumbnail: null, classId };
    if (source.kind === 'window') {
      tiles.push({ ...tile, source: cellSource(scenes[source.scene], source.window) });
      continue;
    }
    const content = await contentOrNull(archive, root + source.file, LIMITS.tileBytes, (why) => leftOut.push({ name: facts.path, why }));
    tiles.push(content && { ...tile, source: { ...source, file: content } });
  }

  /** @type {Project['models']} */
  const models = {};
  /** @type {ModelRole[]} */
  const lost = [];
  for (const role of MODEL_ROLES) {
    const name = manifest.models[role];
    if (name === undefined) continue;
    const content = await contentOrNull(archive, root + name, LIMITS.modelBytes, (why) => leftOut.push({ name, why }));
    if (content) models[role] = content;
    else lost.push(role);
  }

  const tileIds = tiles.map((tile) => tile?.id ?? null);
  const classIds = classes.map(({ id }) => id);
  const { name, settings } = manifest;
  const record = { id: newId(), name, createdAt: now, updatedAt: now, classes, settings, report: byIds(manifest.report, tileIds, classIds) };
  return { project: withoutModels({ record, tiles: tiles.filter((tile) => tile !== null), scenes, models }, lost), leftOut };
}

/**
 * Where the project lies in the archive: some programs pack the folder around it, too.
 * @param {Archive} archive
 */
function rootOf(archive) {
  const manifests = archive.names.filter((name) => `/${name}`.endsWith(`/${MANIFEST}`));
  const [outermost] = manifests.sort((one, other) => one.length - other.length);
  if (outermost === undefined) throw notAProject();
  return outermost.slice(0, -MANIFEST.length);
}

/**
 * What is in an entry; null, and told why, where that cannot be had.
 * @param {Archive} archive
 * @param {string} name
 * @param {number} mostBytes
 * @param {(why: string) => void} tell
 */
async function contentOrNull(archive, name, mostBytes, tell) {
  try {
    return await archive.content(archive.entry(name, mostBytes));
  } catch (thrown) {
    if (!isOfOneEntry(thrown)) throw thrown;
    tell(thrown.message);
    return null;
  }
}

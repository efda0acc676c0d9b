/** Reads a project from an archive: whole, or not at all. */

import { newId } from '../../tiles/identity.js';
import { LIMITS, MANIFEST, MODEL_ROLES } from './layout.js';
import { readManifest } from './manifest.js';
import { notAProject } from './refusals.js';
import { Archive } from './unzip.js';

/** @typedef {import('../types.js').ModelRole} ModelRole */
/** @typedef {import('../types.js').Project} Project */
/** @typedef {import('../types.js').StoredTile} StoredTile */
/** @typedef {import('./layout.js').Manifest} Manifest */

/**
 * The project under new ids; its features and thumbnails are to be computed again. The images are parts of
 * the archive's file: they can be read while that stays where it is, and for good once they are in the store.
 * Rejects with a `ProjectError`.
 * @param {Blob} file
 * @returns {Promise<Project>}
 */
export async function importArchive(file) {
  const archive = await Archive.open(file);
  if (!archive.has(MANIFEST)) throw notAProject();
  const manifestFile = await archive.content(archive.entry(MANIFEST, LIMITS.manifestBytes));
  const manifest = readManifest(await manifestFile.arrayBuffer());
  const record = newRecord(manifest);
  return {
    record,
    tiles: await readTiles(archive, manifest, record),
    features: [],
    models: await readModels(archive, manifest),
  };
}

/** @param {Manifest} manifest */
function newRecord({ name, classes, settings, report }) {
  const now = new Date().toISOString();
  return {
    id: newId(),
    name,
    createdAt: now,
    updatedAt: now,
    classes: classes.map((each) => ({ id: newId(), name: each.name, colour: each.colour })),
    settings,
    report,
  };
}

/**
 * @param {Archive} archive
 * @param {Manifest} manifest
 * @param {Project['record']} record
 */
async function readTiles(archive, manifest, { classes }) {
  // All are looked up before the first is read, which may take minutes.
  const found = manifest.tiles.map((tile) => ({ ...tile, entry: archive.entry(tile.file, LIMITS.tileBytes) }));
  /** @type {StoredTile[]} */
  const tiles = [];
  for (const { entry, name, path, class: label, widthPx, heightPx, format, notes } of found) {
    tiles.push({
      id: newId(),
      name,
      path,
      order: tiles.length,
      file: await archive.content(entry),
      thumbnail: null,
      classId: label === null ? null : classes[label].id,
      widthPx,
      heightPx,
      format,
      notes,
    });
  }
  return tiles;
}

/**
 * @param {Archive} archive
 * @param {Manifest} manifest
 */
async function readModels(archive, { models }) {
  /** @type {Project['models']} */
  const read = {};
  for (const role of MODEL_ROLES) {
    const name = models[role];
    if (name !== undefined) read[role] = await archive.content(archive.entry(name, LIMITS.modelBytes));
  }
  return read;
}

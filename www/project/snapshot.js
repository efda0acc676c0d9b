/** From what is on the page to what is kept, and back. */

import { cellSource } from '../scene/cells.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/tile-list.js').KeptTile} KeptTile */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('../scene/scenes.js').Scenes} Scenes */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./types.js').StoredTile} StoredTile */
/** @typedef {import('./workspace.js').Workspace} Workspace */

const UNKNOWN = { widthPx: 0, heightPx: 0, format: '', noDataShare: 0, notes: [] };

/**
 * @param {Tile} tile
 * @returns {StoredTile}
 */
export function storedTile({ id, name, path, order, source, thumbnail, classId, facts }) {
  const { widthPx, heightPx, format, noDataShare, notes } = facts ?? UNKNOWN;
  return { id, name, path, order, source, thumbnail, classId, widthPx, heightPx, format, noDataShare, notes };
}

/**
 * @param {StoredTile} stored
 * @returns {KeptTile}
 */
export function keptTile({ id, name, path, source, classId, thumbnail, widthPx, heightPx, format, noDataShare, notes }) {
  return { id, name, path, source, classId, thumbnail, facts: widthPx > 0 ? { widthPx, heightPx, format, noDataShare, notes } : null };
}

/**
 * The open project with all that is kept of it.
 * @param {{ tiles: TileList, scenes: Scenes, labelling: Labelling, workspace: Workspace }} page
 * @returns {Project}
 */
export function snapshot({ tiles, scenes, labelling, workspace }) {
  const { id, name, createdAt, settings, reports, current, before } = workspace;
  return {
    record: { id, name, createdAt, updatedAt: new Date().toISOString(), classes: labelling.classes, settings, report: reports },
    tiles: tiles.all.map(storedTile),
    scenes: scenes.all,
    models: { ...(current.model && { current: current.model }), ...(before?.model && { before: before.model }) },
  };
}

/**
 * A project from the store, with the files of scenes that had no room there and are still at hand.
 * @param {Project} project
 * @param {Scene[]} atHand
 * @returns {Project}
 */
export function withSceneFiles(project, atHand) {
  const files = new Map(atHand.map(({ id, file }) => [id, file]));
  const scenes = project.scenes.map((scene) => ({ ...scene, file: scene.file ?? files.get(scene.id) ?? null }));
  const sceneOf = new Map(scenes.map((scene) => [scene.id, scene]));
  const tiles = project.tiles.map((tile) => {
    const { source } = tile;
    const scene = source.kind === 'window' ? sceneOf.get(source.sceneId) : undefined;
    return source.kind === 'window' && scene ? { ...tile, source: cellSource(scene, source.window) } : tile;
  });
  return { ...project, scenes, tiles };
}

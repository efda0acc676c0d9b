/** What an area of interest would do to a scene, before it does. */

import { cellsByWindow, windowCount } from '../scene/cells.js';
import { MOST_AREA_POINTS, pointsOf } from '../scene/plan.js';
import { counted } from './dom.js';

/** @typedef {import('../engine/index.js').AreaOfInterest} AreaOfInterest */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {{ words: string, act: (() => unknown) | null }} Plan What would be done, and how; null where there is nothing to do. */

/**
 * @param {object} page
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../tiles/tile-list.js').TileList} page.tiles
 * @param {Scene} scene
 * @param {AreaOfInterest} area
 * @param {string} remedy what to do where it has too many points
 * @returns {Promise<Plan>}
 */
export async function areaPlan({ room, desk, tiles }, scene, area, remedy) {
  const points = pointsOf(area);
  if (points > MOST_AREA_POINTS) {
    return { words: `Its outlines have ${points.toLocaleString()} points, and an area takes ${MOST_AREA_POINTS.toLocaleString()}. ${remedy}`, act: null };
  }
  const grid = { ...scene.plan.grid, area };
  const cut = await room.ask('cutScene', { sceneId: scene.id, grid, model: null });
  if (!cut.wanted || cut.wanted.length === 0) return { words: 'No cell has half of its pixels inside: cut the scene into smaller cells first.', act: null };
  const isWanted = new Set(cut.wanted);
  const lost = cellsByWindow(tiles, scene.id, cut).filter((cell, window) => cell && cell.classId !== null && !isWanted.has(window)).length;
  const words = [
    `${counted(cut.wanted.length, 'cell')} of ${windowCount(cut).toLocaleString()} lie inside. The others are taken away${lost > 0 ? `, and ${counted(lost, 'label')} with them` : ''}.`,
    'Undo brings them back.',
  ];
  return { words: words.join(' '), act: () => desk.recut(scene, grid) };
}

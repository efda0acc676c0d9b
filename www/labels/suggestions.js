/** Labels that need no looking: folder names, and what the model says. */

/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./labelling.js').Labelling} Labelling */

/** The name of the folder that a tile came in; null where it came in none. @param {Tile} tile */
export function folderOf({ path }) {
  return path.split('/').at(-2)?.trim() || null;
}

/**
 * @param {Labelling} labelling
 * @param {Tile[]} tiles
 * @returns {number} how many tiles got another label
 */
export function labelByFolder(labelling, tiles) {
  return labelling.assignByName(
    'labels by folder',
    tiles.flatMap((tile) => {
      const folder = folderOf(tile);
      return folder ? [/** @type {[Tile, string]} */ ([tile, folder])] : [];
    }),
  );
}

/**
 * Takes the model's class as the label, where it is sure enough.
 * @param {Labelling} labelling
 * @param {Tile[]} tiles
 * @param {number} [leastConfidence]
 * @returns {number} how many tiles got another label
 */
export function acceptSuggestions(labelling, tiles, leastConfidence = 0) {
  return labelling.assignByName(
    'accepted suggestions',
    tiles.flatMap((tile) =>
      tile.verdict && tile.verdict.confidence >= leastConfidence ? [/** @type {[Tile, string]} */ ([tile, tile.verdict.className])] : [],
    ),
  );
}

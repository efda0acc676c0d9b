/** Labels that need no looking: folder names, and what the model says. */

/** @typedef {import('../engine/index.js').TreeReading} TreeReading */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./labelling.js').Labelling} Labelling */

/** Whether a tile came in a folder, which may be its class. @param {Tile} tile */
export function hasFolder({ path }) {
  return path.includes('/');
}

/**
 * @param {Labelling} labelling
 * @param {Tile[]} tiles
 * @param {TreeReading} reading of their paths
 * @returns {number} how many tiles got another label
 */
export function labelByFolder(labelling, tiles, { classes, classOf }) {
  return labelling.assignByName(
    'labels by folder',
    tiles.flatMap((tile, index) => {
      const place = classOf[index];
      return place === null ? [] : [/** @type {[Tile, string]} */ ([tile, classes[place]])];
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

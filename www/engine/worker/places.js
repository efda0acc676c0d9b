/** Where in a scene tiles are, and which of them one helper does together. */

/** @typedef {import('../protocol.js').TileSource} TileSource */

/** Blocks of a scene have 256 to 1,024 pixels a side, as GDAL and the agencies write them. */
const SQUARE_PX = 1024;

/** Few enough that eight helpers all have some of what the page asks for at once. */
const MOST_IN_ROW = 4;

/** Cells of one square share blocks; a file is by itself. @param {TileSource} source */
export function placeOf(source) {
  if (source.kind !== 'window') return null;
  const { x, y } = source.window;
  return [source.sceneId, Math.floor(x / SQUARE_PX), Math.floor(y / SQUARE_PX)].join();
}

/**
 * What one helper does at a time: cells that lie side by side in one square, for what is stored of them is read together, or a
 * file.
 * @template {{ source: TileSource }} Tile
 * @param {Tile[]} tiles
 */
export function rowsOf(tiles) {
  /** @type {Tile[][]} */
  const rows = [];
  let before = null;
  for (const tile of tiles) {
    const { source } = tile;
    const row = source.kind === 'window' ? `${placeOf(source)},${source.window.y}` : null;
    const last = rows.at(-1);
    if (last && row !== null && row === before && last.length < MOST_IN_ROW) last.push(tile);
    else rows.push([tile]);
    before = row;
  }
  return rows;
}

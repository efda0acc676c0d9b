/** A grid's windows as tiles, and back. */

/** @typedef {import('../engine/index.js').CutScene} CutScene */
/** @typedef {import('../engine/index.js').GridInfo} GridInfo */
/** @typedef {import('../engine/index.js').PixelWindow} PixelWindow */
/** @typedef {import('../engine/index.js').WindowSource} WindowSource */
/** @typedef {import('../tiles/tile-list.js').NewTile} NewTile */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./scenes.js').Scene} Scene */

/** A tile that is a cell of a scene. @typedef {Tile & { source: WindowSource }} Cell */

/** @param {Tile} tile @returns {tile is Cell} */
export function isCell(tile) {
  return tile.source.kind === 'window';
}

/** The cells of a scene, in the order of the tiles. @param {{ all: Tile[] }} tiles @param {string} sceneId */
export function cellsOfScene({ all }, sceneId) {
  return all.filter(isCell).filter(({ source }) => source.sceneId === sceneId);
}

/**
 * A window of a scene as the source of a tile. Where the project has lost the file, features that were saved still answer.
 * @param {Pick<Scene, 'id' | 'file' | 'raster' | 'sidecars'>} scene
 * @param {PixelWindow} window
 * @returns {WindowSource}
 */
export function cellSource({ id, file, raster, sidecars }, window) {
  return { kind: 'window', sceneId: id, file: file ?? new Blob(), window, raster, sidecars };
}

/**
 * The cells of a scene by their windows; nothing where a window is no tile.
 * @param {{ all: Tile[] }} tiles
 * @param {string} sceneId
 * @param {GridInfo} grid
 */
export function cellsByWindow(tiles, sceneId, grid) {
  /** @type {(Cell | undefined)[]} */
  const cells = Array.from({ length: windowCount(grid) });
  for (const cell of cellsOfScene(tiles, sceneId)) {
    const index = indexOfWindow(grid, cell.source.window);
    if (index >= 0) cells[index] = cell;
  }
  return cells;
}

/** How many windows a grid has. @param {GridInfo} grid */
export function windowCount({ windows: [across, down] }) {
  return across * down;
}

/**
 * The pixels of a window, counted row by row.
 * @param {GridInfo} grid
 * @param {number} index
 * @returns {PixelWindow}
 */
export function windowAt({ windows: [across], cellPx: [width, height], stepPx, offsetPx }, index) {
  return { x: offsetPx[0] + (index % across) * stepPx[0], y: offsetPx[1] + Math.floor(index / across) * stepPx[1], width, height };
}

/**
 * Which window of a grid that is; -1 where it is none of them, as after another cut.
 * @param {GridInfo} grid
 * @param {PixelWindow} window
 */
export function indexOfWindow({ windows: [across, down], cellPx: [width, height], stepPx, offsetPx }, window) {
  const column = (window.x - offsetPx[0]) / stepPx[0];
  const row = (window.y - offsetPx[1]) / stepPx[1];
  const isOne = window.width === width && window.height === height && Number.isInteger(column) && Number.isInteger(row);
  return isOne && column >= 0 && row >= 0 && column < across && row < down ? row * across + column : -1;
}

/**
 * The window that stands for a point: where windows overlap, the one that begins with the cell of the map around it. -1 outside.
 * @param {GridInfo} grid
 * @param {[number, number]} point in pixels of the scene
 */
export function windowAround({ windows: [across, down], cellPx, stepPx, offsetPx }, [x, y]) {
  const [right, lower] = [across - 1, down - 1].map((last, axis) => offsetPx[axis] + last * stepPx[axis] + cellPx[axis]);
  if (x < offsetPx[0] || y < offsetPx[1] || x >= right || y >= lower) return -1;
  const column = Math.min(across - 1, Math.floor((x - offsetPx[0]) / stepPx[0]));
  const row = Math.min(down - 1, Math.floor((y - offsetPx[1]) / stepPx[1]));
  return row * across + column;
}

/**
 * The windows as tiles: all, or those in the area of interest.
 * @param {Scene} scene
 * @param {CutScene} grid
 * @param {(window: PixelWindow) => string | null} [labelOf]
 * @returns {NewTile[]}
 */
export function cellsOf(scene, grid, labelOf = () => null) {
  const [across] = grid.windows;
  const windows = grid.wanted ?? Array.from({ length: windowCount(grid) }, (_, index) => index);
  return Array.from(windows, (index) => {
    const window = windowAt(grid, index);
    const title = `Row ${Math.floor(index / across) + 1}, column ${(index % across) + 1} · ${scene.name}`;
    return { name: title, path: title, source: cellSource(scene, window), classId: labelOf(window) };
  });
}

/**
 * Gives windows of another cut the labels that were given before: where one class covers half of a window or more.
 * @param {Cell[]} labelled
 * @returns {(window: PixelWindow) => string | null}
 */
export function carriedLabels(labelled) {
  if (labelled.length === 0) return () => null;
  const side = Math.max(...labelled.map(({ source: { window } }) => Math.max(window.width, window.height)));
  /** Labelled windows by the square of the scene that they begin in. @type {Map<string, Cell[]>} */
  const squares = new Map();
  const square = (/** @type {number} */ x, /** @type {number} */ y) => `${Math.floor(x / side)},${Math.floor(y / side)}`;
  for (const cell of labelled) {
    const key = square(cell.source.window.x, cell.source.window.y);
    squares.set(key, [...(squares.get(key) ?? []), cell]);
  }
  return (window) => {
    /** Parts of the window, by class. @type {Map<string, PixelWindow[]>} */
    const parts = new Map();
    for (let y = window.y - side; y < window.y + window.height + side; y += side) {
      for (let x = window.x - side; x < window.x + window.width + side; x += side) {
        for (const { classId, source } of squares.get(square(x, y)) ?? []) {
          const part = shared(window, source.window);
          if (classId && part) parts.set(classId, [...(parts.get(classId) ?? []), part]);
        }
      }
    }
    const covered = [...parts].map(([classId, ofClass]) => /** @type {const} */ ([classId, coveredPixels(ofClass)]));
    const [most] = covered.sort(([, a], [, b]) => b - a);
    return most && most[1] >= (window.width * window.height) / 2 ? most[0] : null;
  };
}

/** What two windows share. @param {PixelWindow} a @param {PixelWindow} b @returns {PixelWindow | null} */
function shared(a, b) {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** Pixels that two windows share. @param {PixelWindow} a @param {PixelWindow} b */
export function overlap(a, b) {
  const both = shared(a, b);
  return both ? both.width * both.height : 0;
}

/** Pixels that windows cover, which may overlap: each counts once. @param {PixelWindow[]} windows */
function coveredPixels(windows) {
  const edges = [...new Set(windows.flatMap(({ x, width }) => [x, x + width]))].sort((a, b) => a - b);
  let pixels = 0;
  // Between two edges all windows are as wide as the strip.
  for (const [index, left] of edges.slice(0, -1).entries()) {
    const inStrip = windows.filter(({ x, width }) => x <= left && left < x + width).sort((a, b) => a.y - b.y);
    let rows = 0;
    let end = Number.NEGATIVE_INFINITY;
    for (const { y, height } of inStrip) {
      rows += Math.max(0, y + height - Math.max(y, end));
      end = Math.max(end, y + height);
    }
    pixels += rows * (edges[index + 1] - left);
  }
  return pixels;
}

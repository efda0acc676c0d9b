/**
 * Cells of a scene that lie near each other are alike. So that none judges what learnt from its neighbours, a scene is cut
 * into square blocks, each of which is on one side: Roberts et al. 2017, "Cross-validation strategies for data with
 * temporal, spatial, hierarchical, or phylogenetic structure" (Ecography 40, 913–929), whose blocks are to be as large as
 * the data allow, so that likeness ends within them.
 *
 * The blocks of a project have one size, counted in cells. It is the largest with which every class that can be is in as
 * many blocks as the cross-validation has parts, and at least that at which a block has a cell within that adjoins no
 * other block. Cells of two blocks that overlap or adjoin are named as well: none of a pair learns where the other judges.
 */

/** @typedef {import('../engine/index.js').TileSource} TileSource */
/** @typedef {import('../engine/index.js').WindowSource} WindowSource */
/** @typedef {{ source: TileSource, classId: string | null }} PlacedTile */
/**
 * @typedef {object} Blocks
 * @property {number[]} groups for each tile the number of its block; a tile that is a file is by itself
 * @property {[number, number][]} touching tiles of two blocks that overlap or adjoin
 * @property {number} cellsAcross cells along the side of a block
 */
/** @typedef {{ index: number, scene: number, cell: number, source: WindowSource }} Cell A tile of a scene whose cells are that many pixels wide. */

/** The parts of the cross-validation (`src/training/validation.rs`). */
const PARTS = 5;
const SMALLEST_SIDE = 3;

/**
 * @param {PlacedTile[]} tiles the labelled ones
 * @returns {Blocks | null} null where no tile lies in a scene
 */
export function blocksOf(tiles) {
  const cells = cellsOf(tiles);
  if (cells.length === 0) return null;
  const cellsAcross = sideOf(cells, tiles);
  const groups = groupsOf(blockNames(cells, tiles, cellsAcross));
  return { groups, touching: touchingPairs(cells, groups), cellsAcross };
}

/** @param {PlacedTile[]} tiles */
function cellsOf(tiles) {
  /** @type {Map<string, { scene: number, cell: number }>} */
  const scenes = new Map();
  /** @type {Cell[]} */
  const cells = [];
  for (const [index, { source }] of tiles.entries()) {
    if (source.kind !== 'window') continue;
    const { sceneId, window } = source;
    const scene = scenes.get(sceneId) ?? { scene: scenes.size, cell: 1 };
    scenes.set(sceneId, scene);
    // Cells of an earlier grid may have another size.
    scene.cell = Math.max(scene.cell, window.width, window.height);
    cells.push({ index, source, ...scene });
  }
  return cells.map((one) => ({ ...one, cell: scenes.get(one.source.sceneId)?.cell ?? one.cell }));
}

/** @param {Cell[]} cells @param {PlacedTile[]} tiles */
function sideOf(cells, tiles) {
  const sides = sidesFor(cells);
  const counts = (/** @type {number} */ side) => blocksByClass(tiles, blockNames(cells, tiles, side));
  const [smallest] = sides;
  const inEnough = [...counts(smallest)].filter(([, blocks]) => blocks >= PARTS).map(([classId]) => classId);
  if (inEnough.length === 0) return smallest;
  const isEnough = (/** @type {number} */ side) => {
    const found = counts(side);
    return inEnough.every((classId) => (found.get(classId) ?? 0) >= PARTS);
  };
  return sides.findLast(isEnough) ?? smallest;
}

/** Each half as large again as the one before, or a third, up to the first that holds every scene. @param {Cell[]} cells */
function sidesFor(cells) {
  const extent = cells.reduce((most, { cell, source: { window } }) => Math.max(most, (window.x + window.width) / cell, (window.y + window.height) / cell), 0);
  const sides = [SMALLEST_SIDE];
  for (let side = SMALLEST_SIDE; side < extent; sides.push(side)) side = Number.isInteger(Math.log2(side)) ? side * 1.5 : (side * 4) / 3;
  return sides;
}

/**
 * The block of each tile, by where the middle of its window is.
 * @param {Cell[]} cells
 * @param {PlacedTile[]} tiles
 * @param {number} side
 */
function blockNames(cells, tiles, side) {
  const names = tiles.map((_, index) => `file ${index}`);
  for (const { index, scene, cell, source } of cells) {
    const { x, y, width, height } = source.window;
    const [column, row] = [x + width / 2, y + height / 2].map((middle) => Math.floor(middle / (side * cell)));
    names[index] = `${scene} ${column} ${row}`;
  }
  return names;
}

/** @param {PlacedTile[]} tiles @param {string[]} names */
function blocksByClass(tiles, names) {
  /** @type {Map<string | null, Set<string>>} */
  const blocks = new Map();
  for (const [index, { classId }] of tiles.entries()) {
    const found = blocks.get(classId) ?? new Set();
    blocks.set(classId, found.add(names[index]));
  }
  return new Map([...blocks].map(([classId, found]) => [classId, found.size]));
}

/** @param {string[]} names */
function groupsOf(names) {
  const numbers = new Map([...new Set(names)].map((name, number) => [name, number]));
  return names.map((name) => numbers.get(name) ?? 0);
}

/**
 * @param {Cell[]} cells
 * @param {number[]} groups
 */
function touchingPairs(cells, groups) {
  /** By squares as large as a cell, so that whatever touches a window is in its square or in one around it. @type {Map<string, Cell[]>} */
  const squares = new Map();
  /** @type {[number, number][]} */
  const pairs = [];
  for (const one of cells) {
    const { x, y } = one.source.window;
    const [column, row] = [Math.floor(x / one.cell), Math.floor(y / one.cell)];
    for (let across = -1; across <= 1; across += 1) {
      for (let down = -1; down <= 1; down += 1) {
        for (const other of squares.get(`${one.scene} ${column + across} ${row + down}`) ?? []) {
          if (groups[one.index] !== groups[other.index] && touch(one, other)) pairs.push([other.index, one.index]);
        }
      }
    }
    const square = `${one.scene} ${column} ${row}`;
    const there = squares.get(square);
    if (there) there.push(one);
    else squares.set(square, [one]);
  }
  return pairs;
}

/** Whether they share a pixel, an edge or a corner. @param {Cell} one @param {Cell} other */
function touch({ source: { window: a } }, { source: { window: b } }) {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

/** What is read from the database is not believed: a damaged row is mended or left out, never passed on. */

/** @typedef {import('./database.js').FeaturesRow} FeaturesRow */
/** @typedef {import('./database.js').FileRow} FileRow */
/** @typedef {import('./database.js').ModelRow} ModelRow */
/** @typedef {import('./database.js').TileRow} TileRow */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./types.js').ProjectRecord} ProjectRecord */
/** @typedef {import('./types.js').StoredFeatures} StoredFeatures */
/** @typedef {import('./types.js').StoredTile} StoredTile */
/** @typedef {import('./types.js').TileClass} TileClass */

/** What a row of that type may really be. @template Row @typedef {{ [Key in keyof Row]?: unknown }} Doubtful */

const LONG_AGO = new Date(0).toISOString();

/**
 * The row as a record; the id is the row's key, which the database vouches for.
 * @param {Doubtful<ProjectRecord>} row
 * @returns {ProjectRecord}
 */
export function toRecord({ id, name, createdAt, updatedAt, classes, settings, report }) {
  return {
    id: String(id),
    name: textOr(name, 'Damaged project'),
    createdAt: textOr(createdAt, LONG_AGO),
    updatedAt: textOr(updatedAt, LONG_AGO),
    classes: Array.isArray(classes) ? classes.filter(isClass) : [],
    settings: isObject(settings) ? settings : {},
    report: report ?? null,
  };
}

/**
 * The tiles whose facts and image are both there, in the project's order.
 * @param {Doubtful<TileRow>[]} facts
 * @param {Doubtful<FileRow>[]} files
 * @param {TileClass[]} classes
 * @returns {StoredTile[]}
 */
export function toTiles(facts, files, classes) {
  const fileOf = new Map(files.map((row) => [row.id, row]));
  const classIds = new Set(classes.map(({ id }) => id));
  /** @type {StoredTile[]} */
  const tiles = [];
  for (const { id, name, path, order, classId, widthPx, heightPx, format, notes } of facts) {
    const { file, thumbnail } = fileOf.get(id) ?? {};
    if (typeof name !== 'string' || !(file instanceof Blob)) continue;
    tiles.push({
      id: String(id),
      name,
      path: textOr(path, name),
      order: numberOr(order, Infinity),
      file,
      thumbnail: thumbnail instanceof Blob ? thumbnail : null,
      classId: typeof classId === 'string' && classIds.has(classId) ? classId : null,
      widthPx: numberOr(widthPx, 0),
      heightPx: numberOr(heightPx, 0),
      format: textOr(format, ''),
      notes: Array.isArray(notes) ? notes.filter((note) => typeof note === 'string') : [],
    });
  }
  return tiles.sort((a, b) => a.order - b.order);
}

/**
 * @param {Doubtful<FeaturesRow>[]} rows
 * @param {StoredTile[]} tiles
 * @returns {StoredFeatures[]}
 */
export function toFeatures(rows, tiles) {
  const tileIds = new Set(tiles.map(({ id }) => id));
  return rows.flatMap(({ tileId, backbone, values }) =>
    typeof tileId === 'string' && tileIds.has(tileId) && typeof backbone === 'string' && values instanceof Float32Array
      ? [{ tileId, backbone, values }]
      : [],
  );
}

/**
 * @param {Doubtful<ModelRow>[]} rows
 * @returns {Project['models']}
 */
export function toModels(rows) {
  return Object.fromEntries(rows.flatMap(({ role, file }) => (file instanceof Blob ? [[role, file]] : [])));
}

/**
 * @param {unknown} value
 * @returns {value is TileClass}
 */
function isClass(value) {
  return isObject(value) && ['id', 'name', 'colour'].every((key) => typeof value[key] === 'string');
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {unknown} value
 * @param {string} fallback
 */
function textOr(value, fallback) {
  return typeof value === 'string' ? value : fallback;
}

/**
 * @param {unknown} value
 * @param {number} fallback
 */
function numberOr(value, fallback) {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

/** The browser's database of projects: its tables, and how it is opened. */

import { openDB } from 'idb';
import { ProjectError, openingError } from './failures.js';

/** @typedef {import('./types.js').ModelRole} ModelRole */
/** @typedef {import('./types.js').ProjectRecord} ProjectRecord */
/** @typedef {import('./types.js').FeatureRow} FeatureRow */
/** @typedef {import('./types.js').Scene} Scene */
/** @typedef {import('./types.js').StoredTile} StoredTile */

/** What changes often, apart from the bytes: a new label rewrites no image. @typedef {Omit<StoredTile, 'source' | 'thumbnail'> & { projectId: string }} TileRow */
/** `file` is how the first version kept a tile that is a file. @typedef {Pick<StoredTile, 'id' | 'thumbnail'> & { projectId: string } & ({ source: StoredTile['source'] } | { file: Blob })} FileRow */
/** The cells of a scene have no file of their own. @typedef {Pick<StoredTile, 'id'> & { projectId: string, source: { kind: 'window', sceneId: string, window: import('../engine/index.js').PixelWindow }, thumbnail: null }} CellRow */
/** What may change often, apart from the scene's file, which stands among the files. @typedef {Omit<Scene, 'file'> & { projectId: string }} SceneRow */
/** @typedef {{ projectId: string, id: string, source: { kind: 'scene', file: Blob }, thumbnail: null }} SceneFileRow */
/** @typedef {FeatureRow & { projectId: string }} FeaturesRow */
/** @typedef {{ projectId: string, role: ModelRole, file: Blob }} ModelRow */

/**
 * @typedef {object} Tables
 * @property {{ key: string, value: ProjectRecord }} projects
 * @property {{ key: [string, string], value: TileRow }} tiles
 * @property {{ key: [string, string], value: FileRow | CellRow | SceneFileRow }} files
 * @property {{ key: [string, string], value: SceneRow }} scenes
 * @property {{ key: [string, string], value: FeaturesRow }} features
 * @property {{ key: [string, string], value: ModelRow }} models
 */
/** @typedef {import('idb').IDBPDatabase<Tables>} Database */

const NAME = 'tilelens-projects';
/** Raised when an older Tilelens would read the rows wrongly: 2 has tiles with a source of their own, 3 has scenes. */
const VERSION = 3;

/**
 * Rows of the first version are read as they are.
 * @param {Database} database
 * @param {number} oldVersion
 */
function createTables(database, oldVersion) {
  if (oldVersion < 3) database.createObjectStore('scenes', { keyPath: ['projectId', 'id'] });
  if (oldVersion > 0) return;
  database.createObjectStore('projects', { keyPath: 'id' });
  database.createObjectStore('tiles', { keyPath: ['projectId', 'id'] });
  database.createObjectStore('files', { keyPath: ['projectId', 'id'] });
  database.createObjectStore('features', { keyPath: ['projectId', 'tileId'] });
  database.createObjectStore('models', { keyPath: ['projectId', 'role'] });
}

/**
 * The keys of everything in one project: an array sorts after every string.
 * @param {string} projectId
 */
export function keysOf(projectId) {
  return IDBKeyRange.bound([projectId], [projectId, []]);
}

/**
 * @param {(message: string) => void} onClosed told why, if the database is closed under the page's hands
 * @returns {Promise<Database>}
 */
export async function openDatabase(onClosed) {
  try {
    return await openWhenFree(onClosed);
  } catch (thrown) {
    // Some browsers refuse by throwing at once.
    throw openingError(thrown);
  }
}

/**
 * @param {(message: string) => void} onClosed
 * @returns {Promise<Database>}
 */
function openWhenFree(onClosed) {
  return new Promise((resolve, reject) => {
    let refused = false;
    const opening = openDB(NAME, VERSION, {
      upgrade: createTables,
      blocked() {
        refused = true;
        const message = 'Another tab has an older Tilelens open: close that tab, then reload the page.';
        reject(new ProjectError('storage.refused', message));
      },
      blocking(_version, wantedVersion, event) {
        // Else the other tab would wait for this one for ever.
        /** @type {IDBDatabase} */ (event.target).close();
        const cause = wantedVersion === null ? 'The saved projects were deleted' : 'A newer Tilelens was opened';
        onClosed(`${cause} in another tab, so this one no longer saves. Export the project as a file if it has unsaved work, then reload the page.`);
      },
      terminated() {
        onClosed(
          'The browser closed its storage, as when site data is deleted, so this page no longer saves. ' +
            'Export the project as a file to keep your work, then reload the page.',
        );
      },
    });
    opening.then((database) => (refused ? database.close() : resolve(database)), reject);
  });
}

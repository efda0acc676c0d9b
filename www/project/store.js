/** Keeps projects in the browser from one visit to the next. */

import { keysOf, openDatabase } from './database.js';
import { ProjectError, storageError } from './failures.js';
import { toFeatures, toModels, toRecord, toScenes, toTiles } from './rows.js';

/** @typedef {import('./database.js').Database} Database */
/** @typedef {import('./database.js').Tables} Tables */
/** @typedef {import('./types.js').ModelRole} ModelRole */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('./types.js').ProjectRecord} ProjectRecord */
/** @typedef {import('./types.js').ProjectSummary} ProjectSummary */
/** @typedef {import('./types.js').FeatureRow} FeatureRow */
/** @typedef {import('./types.js').Scene} Scene */
/** @typedef {import('./types.js').StoredTile} StoredTile */
/** @typedef {keyof Tables} Table */

/**
 * @typedef {object} StoreOptions
 * @property {(message: string) => void} [onClosed] told why, once, when the browser or another tab closes the store
 */

/** Features that are read at once: 1 MB, or 9 MB with all views. */
const FEATURE_ROWS = 500;

/** So many are removed by runs of neighbours: a request for each takes minutes where there are a hundred thousand. */
const MANY_TILES = 1000;

/** Belongs to a project beside its record. @type {Exclude<Table, 'projects'>[]} */
const PARTS = ['tiles', 'files', 'scenes', 'features', 'models'];

/**
 * Rejects with `storage.refused` where the browser lets the page keep nothing.
 * @param {StoreOptions} [options]
 * @returns {Promise<Store>}
 */
export async function openStore({ onClosed = () => undefined } = {}) {
  /** @type {Store | null} */
  let store = null;
  const database = await openDatabase((message) => {
    store?.markClosed(message);
    onClosed(message);
  });
  store = new Store(database);
  return store;
}

/**
 * Each change is one transaction: it is kept whole or not at all. Every failure is a {@link ProjectError}.
 */
export class Store {
  #database;
  /** Why the store is closed, if it is. @type {ProjectError | null} */
  #closed = null;

  /** @param {Database} database */
  constructor(database) {
    this.#database = database;
  }

  /** The project that was changed last comes first. @returns {Promise<ProjectSummary[]>} */
  async list() {
    return this.#attempt(async (database) => {
      const records = (await readableRows(database, 'projects')).map(toRecord);
      const summaries = records.map(async ({ id, name, updatedAt }) => {
        return { id, name, updatedAt, tileCount: await reading(database, 'tiles').count(keysOf(id)) };
      });
      return (await Promise.all(summaries)).sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<Project | null>} null where there is no such project
   */
  async load(id) {
    return this.#attempt(async (database) => {
      const row = await reading(database, 'projects').get(id);
      if (!row) return null;
      const range = keysOf(id);
      const [facts, files, sceneRows, models] = await Promise.all([
        readableRows(database, 'tiles', range),
        readableRows(database, 'files', range),
        readableRows(database, 'scenes', range),
        readableRows(database, 'models', range),
      ]);
      const record = toRecord(row);
      const scenes = toScenes(sceneRows, files);
      const tiles = toTiles(facts, files, record.classes, scenes);
      return { record, tiles, scenes: inOrderOfTiles(scenes, tiles), models: toModels(models) };
    });
  }

  /**
   * The features of a project's tiles, some rows at a time: all of them may be more than the page should hold.
   * @param {string} id
   * @returns {AsyncGenerator<FeatureRow[]>}
   */
  async *features(id) {
    let range = keysOf(id);
    for (;;) {
      const keys = await this.#attempt((database) => reading(database, 'features').getAllKeys(range, FEATURE_ROWS));
      if (keys.length === 0) return;
      const [last] = keys.slice(-1);
      yield toFeatures(await this.#attempt((database) => readableRows(database, 'features', IDBKeyRange.bound(keys[0], last))));
      range = IDBKeyRange.bound(last, range.upper, true);
    }
  }

  /**
   * Creates or replaces the record, and dates it.
   * @param {ProjectRecord} record
   */
  async saveRecord(record) {
    const dated = { ...record, updatedAt: new Date().toISOString() };
    await this.#write(['projects'], async (transaction) => transaction.objectStore('projects').put(dated));
  }

  /**
   * Inserts or replaces.
   * @param {string} projectId
   * @param {StoredTile[]} tiles
   */
  async putTiles(projectId, tiles) {
    await this.#write(['tiles', 'files'], (transaction) =>
      forEach(tiles, async ({ source, thumbnail, ...facts }) => {
        await transaction.objectStore('tiles').put({ ...facts, projectId });
        const row = source.kind === 'file' ? { source, thumbnail } : { source: { kind: source.kind, sceneId: source.sceneId, window: source.window }, thumbnail: null };
        await transaction.objectStore('files').put({ projectId, id: facts.id, ...row });
      }),
    );
  }

  /**
   * Inserts or replaces what is known of a scene. Its file, which may be large, is written only if it is given.
   * @param {string} projectId
   * @param {Scene} scene
   * @param {Blob | null} file
   */
  async putScene(projectId, { file: _, ...facts }, file) {
    await this.#write(['scenes', 'files'], async (transaction) => {
      await transaction.objectStore('scenes').put({ ...facts, projectId });
      if (file) await transaction.objectStore('files').put({ projectId, id: facts.id, source: { kind: 'scene', file }, thumbnail: null });
    });
  }

  /**
   * @param {string} projectId
   * @param {string} id
   */
  async removeScene(projectId, id) {
    await this.#write(['scenes', 'files'], (transaction) =>
      forEach(/** @type {('scenes' | 'files')[]} */ (['scenes', 'files']), (table) => transaction.objectStore(table).delete([projectId, id])),
    );
  }

  /**
   * Tiles that are not there are passed over.
   * @param {string} projectId
   * @param {Map<string, string | null>} classIds by the tile's id
   */
  async setLabels(projectId, classIds) {
    await this.#write(['tiles'], (transaction) =>
      forEach([...classIds], async ([id, classId]) => {
        const tiles = transaction.objectStore('tiles');
        const facts = await tiles.get([projectId, id]);
        if (facts) await tiles.put({ ...facts, classId });
      }),
    );
  }

  /**
   * @param {string} projectId
   * @param {string[]} ids
   */
  async removeTiles(projectId, ids) {
    /** @type {('tiles' | 'files' | 'features')[]} */
    const tables = ['tiles', 'files', 'features'];
    const gone = new Set(ids);
    await this.#write(tables, (transaction) =>
      forEach(tables, async (table) => {
        const rows = transaction.objectStore(table);
        const isMany = gone.size >= MANY_TILES;
        const ranges = isMany ? runsOf(await rows.getAllKeys(keysOf(projectId)), gone) : ids.map((id) => IDBKeyRange.only([projectId, id]));
        await forEach(ranges, (range) => rows.delete(range));
      }),
    );
  }

  /**
   * A tile has one entry: features of another backbone are replaced.
   * @param {string} projectId
   * @param {FeatureRow[]} features
   */
  async putFeatures(projectId, features) {
    await this.#write(['features'], (transaction) =>
      forEach(features, (entry) => transaction.objectStore('features').put({ ...entry, projectId })),
    );
  }

  /**
   * @param {string} projectId
   * @param {ModelRole} role
   * @param {Blob | null} file null takes the model away
   */
  async putModel(projectId, role, file) {
    await this.#write(['models'], async (transaction) => {
      const models = transaction.objectStore('models');
      return file ? models.put({ projectId, role, file }) : models.delete([projectId, role]);
    });
  }

  /**
   * Removes the project with everything in it.
   * @param {string} id
   */
  async remove(id) {
    await this.#write(['projects', ...PARTS], async (transaction) => {
      await transaction.objectStore('projects').delete(id);
      await forEach(PARTS, (part) => transaction.objectStore(part).delete(keysOf(id)));
    });
  }

  close() {
    this.markClosed('The storage is closed: reload the page.');
    this.#database.close();
  }

  /**
   * From now on every call fails with this message.
   * @param {string} message
   */
  markClosed(message) {
    this.#closed ??= new ProjectError('storage.failed', message);
  }

  /**
   * @template Value
   * @param {(database: Database) => Promise<Value>} work
   */
  async #attempt(work) {
    if (this.#closed) throw this.#closed;
    try {
      return await work(this.#database);
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  /**
   * All that `change` asks for in one transaction, which is undone if any of it fails.
   * @template {Table} Name
   * @param {Name[]} tables
   * @param {(transaction: import('idb').IDBPTransaction<Tables, Name[], 'readwrite'>) => Promise<unknown>} change
   */
  async #write(tables, change) {
    await this.#attempt(async (database) => {
      const transaction = database.transaction(tables, 'readwrite');
      const changed = change(transaction).catch((thrown) => {
        abort(transaction);
        throw thrown;
      });
      const outcomes = await Promise.allSettled([changed, transaction.done]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      // Of a transaction that the browser ends, as for want of room, every request says no more than that it was aborted.
      if (reasons.length > 0) throw reasons.find(({ name }) => name !== 'AbortError') ?? reasons[0];
    });
  }
}

/**
 * Ranges that hold the keys of all tiles that are gone, and no others.
 * @param {[projectId: string, tileId: string][]} keys of all rows of a project, in their order
 * @param {Set<string>} gone ids
 */
function runsOf(keys, gone) {
  /** @type {IDBKeyRange[]} */
  const ranges = [];
  for (let first = 0; first < keys.length; first += 1) {
    let end = first;
    while (end < keys.length && gone.has(keys[end][1])) end += 1;
    if (end > first) ranges.push(IDBKeyRange.bound(keys[first], keys[end - 1]));
    first = end;
  }
  return ranges;
}

/**
 * As they were opened: the database gives them by their ids, which are random.
 * @param {Scene[]} scenes
 * @param {StoredTile[]} tiles in the project's order
 */
function inOrderOfTiles(scenes, tiles) {
  const ids = [...new Set(tiles.map(({ source }) => (source.kind === 'window' ? source.sceneId : '')))];
  return scenes.toSorted((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
}

/**
 * Also what is thrown at once, as for a value that cannot be kept, becomes a rejection.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => Promise<unknown>} act
 */
function forEach(items, act) {
  return Promise.all(items.map(async (item) => act(item)));
}

/** @param {{ abort: () => void }} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // The browser was first.
  }
}

/**
 * A table to read from. The promise of a failed read says so; that of its transaction, which idb rejects too,
 * is not listened to.
 * @template {Table} Name
 * @param {Database} database
 * @param {Name} table
 */
function reading(database, table) {
  const transaction = database.transaction(table);
  transaction.done.catch(() => undefined);
  return transaction.store;
}

/**
 * The rows of a table; where some cannot be read any more, all the others.
 * @template {Table} Name
 * @param {Database} database
 * @param {Name} table
 * @param {IDBKeyRange} [range]
 * @returns {Promise<Tables[Name]['value'][]>}
 */
async function readableRows(database, table, range) {
  try {
    return await reading(database, table).getAll(range);
  } catch {
    const keys = await reading(database, table).getAllKeys(range);
    const outcomes = await Promise.allSettled(keys.map((key) => reading(database, table).get(key)));
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' && outcome.value ? [outcome.value] : []));
  }
}

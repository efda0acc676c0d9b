/** The browser's store of projects, in a real Chromium. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';
import { benchOf, open, serveBench } from './bench.mjs';

/** @typedef {import('./bench.mjs').BenchHandle} BenchHandle */

const OPTIONS = { timeout: SLOW_MS };

/**
 * Saves an example, and returns what was saved.
 * @param {BenchHandle} bench
 * @param {string} id
 */
function fill(bench, id) {
  return bench.evaluate(async (page, projectId) => {
    const project = page.example(projectId);
    await page.fill(project);
    return page.plain({ ...project, features: page.exampleFeatures(project) });
  }, id);
}

/**
 * What the store has of a project; the dates, which it sets itself, are left out.
 * @param {BenchHandle} bench
 * @param {string} id
 */
async function loaded(bench, id) {
  const project = await bench.evaluate(async ({ load, plain }, projectId) => plain(await load(projectId)), id);
  return project && undated(project);
}

/** @param {any} project */
function undated({ record: { updatedAt, ...record }, ...rest }) {
  return { record, ...rest };
}

/**
 * How many rows each table has, over all projects.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Record<string, number>>}
 */
function rowCounts(page) {
  return page.evaluate(async () => {
    const settled = (/** @type {IDBRequest} */ request) =>
      new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
    const database = await settled(indexedDB.open('tilelens-projects'));
    const names = [...database.objectStoreNames];
    const counts = names.map((name) => settled(database.transaction(name).objectStore(name).count()));
    const entries = (await Promise.all(counts)).map((count, index) => [names[index], count]);
    database.close();
    return Object.fromEntries(entries);
  });
}

/**
 * Writes rows past the store; bytes in `file` become a blob.
 * @param {import('playwright-core').Page} page
 * @param {Record<string, Record<string, unknown>[]>} rows by table
 */
function putRows(page, rows) {
  return page.evaluate(async (tables) => {
    const settled = (/** @type {IDBRequest} */ request) =>
      new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
    const database = await settled(indexedDB.open('tilelens-projects'));
    for (const [table, values] of Object.entries(tables)) {
      for (const value of values) {
        const row = value.file instanceof Uint8Array ? { ...value, file: new Blob([new Uint8Array(value.file)]) } : value;
        await settled(database.transaction(table, 'readwrite').objectStore(table).put(row));
      }
    }
    database.close();
  }, rows);
}

/**
 * The files in which the browser keeps blobs and other large values.
 * @param {string} profile
 */
async function blobFiles(profile) {
  const folder = path.join(profile, 'Default/IndexedDB');
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  return files.filter((file) => file.includes('.indexeddb.blob')).sort();
}

test('a project comes back as it was saved, also in the next visit', OPTIONS, async (t) => {
  const url = await serveBench(t);
  const profile = await temporaryFolder(t);
  const first = await open(t, { url, profile });
  const saved = await fill(first.bench, 'a');
  assert.deepEqual(await loaded(first.bench, 'a'), undated(saved));
  assert.equal(await loaded(first.bench, 'another'), null);

  await first.page.reload();
  assert.deepEqual(await loaded(await benchOf(first.page), 'a'), undated(saved), 'after a reload');
  await first.close();

  const second = await open(t, { url, profile });
  assert.deepEqual(await loaded(second.bench, 'a'), undated(saved), 'in the next visit');
  await second.close();
});

test('a label is changed without writing an image again', OPTIONS, async (t) => {
  const profile = await temporaryFolder(t);
  const { bench, page, close } = await open(t, { profile });
  const saved = await fill(bench, 'a');
  const before = await blobFiles(profile);
  assert.ok(before.length > 0, 'images are files in the profile');

  const labels = [null, 'water', 'wood', null];
  await bench.evaluate(async ({ store }) => {
    await store.setLabels('a', new Map([['tile-0', null], ['tile-1', 'water'], ['no such tile', 'wood']]));
  });
  assert.deepEqual(await blobFiles(profile), before);
  const relabelled = saved.tiles.map((/** @type {any} */ tile, /** @type {number} */ index) => ({ ...tile, classId: labels[index] }));
  assert.deepEqual(await loaded(bench, 'a'), undated({ ...saved, tiles: relabelled }));
  assert.equal((await rowCounts(page)).tiles, 4, 'a tile that is not there is not made');
  await close();
});

test('tiles, features and models are replaced and removed', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await fill(bench, 'a');
  const project = await bench.evaluate(async ({ store, example, exampleFeatures, load }) => {
    const { tiles } = example('a');
    const features = exampleFeatures(example('a'));
    const moved = tiles.map((tile) => ({ ...tile, order: -tile.order, name: 'moved.png' }));
    await store.putTiles('a', moved);
    await store.putFeatures('a', [{ ...features[0], backbone: 'another' }]);
    await store.removeTiles('a', ['tile-1', 'no such tile']);
    await store.putModel('a', 'current', new Blob(['the newest model']));
    await store.putModel('a', 'before', null);
    const after = await load('a');
    return {
      tiles: after?.tiles.map(({ id, name }) => `${id} ${name}`),
      features: after?.features.map(({ tileId, backbone }) => `${tileId} ${backbone}`),
      current: await after?.models.current?.text(),
      before: after?.models.before,
    };
  });
  assert.deepEqual(project, {
    tiles: ['tile-3 moved.png', 'tile-2 moved.png', 'tile-0 moved.png'],
    features: ['tile-0 another', 'tile-2 abc', 'tile-3 abc'],
    current: 'the newest model',
    before: undefined,
  });
  assert.deepEqual(await rowCounts(page), { features: 3, files: 3, models: 1, projects: 1, scenes: 0, tiles: 3 });
  await close();
});

test('of many tiles those that are removed go, and no others', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await fill(bench, 'b');
  const left = await bench.evaluate(async ({ store, example, fill, load }) => {
    const project = example('a', { tiles: 1500, tileBytes: 4 });
    await fill(project);
    const ids = project.tiles.map(({ id }) => id).sort();
    const isKept = (/** @type {number} */ place) => place === 0 || place % 7 === 3;
    await store.removeTiles('a', ids.filter((_, place) => !isKept(place)));
    const after = await load('a');
    const kept = ids.filter((_, place) => isKept(place));
    return { isSame: JSON.stringify(after?.tiles.map(({ id }) => id).sort()) === JSON.stringify(kept), count: kept.length };
  });
  assert.deepEqual(left, { isSame: true, count: 215 });
  const { tiles, files, features } = await rowCounts(page);
  assert.deepEqual({ tiles, files, features }, { tiles: 219, files: 219, features: 219 }, 'with those of another project');
  await close();
});

test('the list begins with the project that was saved last', OPTIONS, async (t) => {
  const { bench, close } = await open(t);
  for (const id of ['a', 'b', 'c']) await fill(bench, id);
  const startedAt = Date.now();
  const list = await bench.evaluate(async ({ store, example }) => {
    await store.saveRecord({ ...example('b').record, name: 'Saved again' });
    await store.removeTiles('b', ['tile-0']);
    return store.list();
  });
  assert.deepEqual(
    list.map(({ id, name, tileCount }) => ({ id, name, tileCount })),
    [
      { id: 'b', name: 'Saved again', tileCount: 3 },
      { id: 'c', name: 'Project c', tileCount: 4 },
      { id: 'a', name: 'Project a', tileCount: 4 },
    ],
  );
  assert.ok(Date.parse(list[0].updatedAt) >= startedAt, 'saving dates the record');
  await close();
});

test('removing a project removes all of it and nothing of another', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await fill(bench, 'a');
  const other = await fill(bench, 'ab');
  await bench.evaluate(({ store }) => store.remove('a'));
  assert.equal(await loaded(bench, 'a'), null);
  assert.deepEqual(await loaded(bench, 'ab'), undated(other));
  assert.deepEqual(await rowCounts(page), { features: 4, files: 4, models: 2, projects: 1, scenes: 0, tiles: 4 });
  await bench.evaluate(({ store }) => store.remove('ab'));
  assert.deepEqual(await rowCounts(page), { features: 0, files: 0, models: 0, projects: 0, scenes: 0, tiles: 0 });
  await close();
});

test('a full disk loses nothing that was saved', OPTIONS, async (t) => {
  const url = await serveBench(t);
  const { origin } = new URL(url);
  /** @type {import('playwright-core').CDPSession | undefined} */
  let session;
  // Before the page opens its storage: afterwards the browser goes by the room that it has seen.
  const prepare = async (/** @type {import('playwright-core').Page} */ page) => {
    session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5e6 });
  };
  const { bench, page, close } = await open(t, { url, prepare });
  const saved = await fill(bench, 'a');
  const failure = await bench.evaluate(({ store, example, failure }) =>
    failure(() => store.putTiles('a', example('a', { tiles: 40, tileBytes: 500_000 }).tiles.map((tile) => ({ ...tile, id: `new ${tile.id}` })))),
  );
  assert.equal(failure?.code, 'storage.full');
  assert.match(failure?.message ?? '', /no room left.*saved before is still there.*Export/);
  assert.deepEqual(await loaded(bench, 'a'), undated(saved));
  assert.deepEqual(await rowCounts(page), { features: 4, files: 4, models: 2, projects: 1, scenes: 0, tiles: 4 }, 'none of the new tiles is there');

  await session?.send('Storage.overrideQuotaForOrigin', { origin });
  await bench.evaluate(({ store, example }) => store.putTiles('a', example('a', { tiles: 40, tileBytes: 500_000 }).tiles));
  assert.equal((await loaded(bench, 'a')).tiles.length, 40, 'with room again it goes on');
  await close();
});

test('what cannot be kept leaves nothing half saved', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  const failure = await bench.evaluate(({ store, example, failure }) => {
    const { tiles } = example('a');
    tiles[2] = { ...tiles[2], format: /** @type {any} */ (() => 'a function cannot be kept') };
    return failure(() => store.putTiles('a', tiles));
  });
  assert.equal(failure?.code, 'storage.failed');
  assert.match(failure?.message ?? '', /storage failed \(.+\)\. Export/);
  assert.equal((await rowCounts(page)).tiles, 0);
  await close();
});

test('rows of the first version are read, and written anew in the words of today', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await putRows(page, {
    projects: [{ id: 'old', name: 'Old', createdAt: '2024-01-02T03:04:05.000Z', updatedAt: '2024-01-02T03:04:05.000Z', classes: [{ id: 'wood', name: 'Wood', colour: '#00ff00' }], settings: {}, report: null }],
    tiles: [{ projectId: 'old', id: 'tile', name: 'tile.png', path: 'tile.png', order: 0, classId: 'wood', widthPx: 8, heightPx: 8, format: 'PNG', notes: [] }],
    files: [{ projectId: 'old', id: 'tile', file: new Uint8Array([1, 2, 3]), thumbnail: null }],
    features: [{ projectId: 'old', tileId: 'tile', backbone: 'abc', values: new Float32Array(8 * 576) }],
  });
  const { tiles, features } = await loaded(bench, 'old');
  assert.match(tiles[0].source.file, /^3 /, 'its three bytes');
  assert.deepEqual([tiles[0].source.kind, tiles[0].classId, features[0].views], ['file', 'wood', 8]);
  await bench.evaluate(async ({ store }) => store.putTiles('old', (await store.load('old'))?.tiles ?? []));
  assert.deepEqual((await loaded(bench, 'old')).tiles, tiles);
  await close();
});

test('features are read some at a time, none twice and none left out', OPTIONS, async (t) => {
  const { bench, close } = await open(t);
  const counts = await bench.evaluate(async ({ store }) => {
    const rows = Array.from({ length: 1234 }, (_, index) => ({ tileId: `tile ${index}`, backbone: 'abc', look: '', views: 1, values: new Float32Array(576) }));
    await store.putFeatures('a', rows);
    await store.putFeatures('ab', rows.slice(0, 3));
    const chunks = [];
    for await (const chunk of store.features('a')) chunks.push(chunk.map(({ tileId }) => tileId));
    return { chunks: chunks.map(({ length }) => length), distinct: new Set(chunks.flat()).size };
  });
  assert.deepEqual(counts, { chunks: [500, 500, 234], distinct: 1234 });
  await close();
});

test('damaged rows are mended or left out', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  const saved = await fill(bench, 'a');
  await putRows(page, {
    projects: [{ id: 'b', name: 5, classes: [{ id: 'x' }, null], updatedAt: 'garbage' }],
    tiles: [
      { projectId: 'a', id: 'tile-without-file', name: 'x' },
      { projectId: 'a', id: 'tile-without-name' },
      { projectId: 'b', id: 'tile', name: 'a tile', classId: 'gone', order: 'first', notes: 'none' },
    ],
    files: [
      { projectId: 'a', id: 'tile-without-name', file: new Uint8Array(3) },
      { projectId: 'b', id: 'tile', file: new Uint8Array(3), thumbnail: 'none' },
    ],
    features: [
      { projectId: 'a', tileId: 'no such tile', backbone: 'abc', values: new Float32Array(3) },
      { projectId: 'b', tileId: 'tile', backbone: 'abc', values: [1, 2] },
    ],
    models: [{ projectId: 'b', role: 'current', file: 'none' }],
  });
  assert.deepEqual(await loaded(bench, 'a'), undated(saved), 'the sound rows are as they were');
  const list = await bench.evaluate(({ store }) => store.list());
  assert.deepEqual(list.map(({ id, name }) => `${id} ${name}`).sort(), ['a Project a', 'b Damaged project']);
  const mended = await loaded(bench, 'b');
  assert.deepEqual(mended.record.classes, []);
  assert.deepEqual(mended.features, []);
  assert.deepEqual(mended.models, {});
  const [{ classId, notes, thumbnail, path: tilePath }] = mended.tiles;
  assert.deepEqual({ classId, notes, thumbnail, tilePath }, { classId: null, notes: [], thumbnail: null, tilePath: 'a tile' });
  await close();
});

test('a row that the browser has lost hides no other', OPTIONS, async (t) => {
  const url = await serveBench(t);
  const profile = await temporaryFolder(t);
  const first = await open(t, { url, profile });
  const saved = await fill(first.bench, 'a');
  const before = await blobFiles(profile);
  await first.bench.evaluate(async ({ store, example }) => {
    // The browser keeps what is this large in a file beside its database.
    await store.saveRecord({ ...example('b').record, report: 'long'.repeat(500_000) });
  });
  const lost = (await blobFiles(profile)).filter((file) => !before.includes(file));
  assert.equal(lost.length, 1);
  await first.close();
  for (const file of lost) await rm(file);

  const second = await open(t, { url, profile });
  const list = await second.bench.evaluate(({ store }) => store.list());
  assert.deepEqual(list.map(({ id }) => id), ['a']);
  assert.deepEqual(await loaded(second.bench, 'a'), undated(saved));
  const failure = await second.bench.evaluate(({ store, failure }) => failure(() => store.load('b')));
  assert.equal(failure?.code, 'storage.failed');
  await second.close();
});

test('another tab with a newer Tilelens takes the storage over', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await fill(bench, 'a');
  const other = await page.context().newPage();
  await other.goto(page.url());
  await benchOf(other);
  await other.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open('tilelens-projects', 4);
        Object.assign(request, { onsuccess: () => resolve(request.result.close()), onerror: reject, onblocked: reject });
      }),
  );
  const after = await bench.evaluate(async ({ store, closings, openStore, failure }) => ({
    closings,
    list: await failure(() => store.list()),
    label: await failure(() => store.setLabels('a', new Map())),
    reopened: await failure(() => openStore()),
  }));
  assert.equal(after.closings.length, 1);
  assert.match(after.closings[0], /newer Tilelens was opened in another tab.*reload the page/);
  assert.deepEqual(after.list, { code: 'storage.failed', message: after.closings[0] });
  assert.deepEqual(after.label, after.list);
  assert.equal(after.reopened?.code, 'storage.refused');
  assert.match(after.reopened?.message ?? '', /newer Tilelens than this page: reload the page/);
  await close();
});

test('deleted site data are noticed', OPTIONS, async (t) => {
  const { bench, page, close } = await open(t);
  await fill(bench, 'a');
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(page.url()).origin, storageTypes: 'indexeddb' });
  await page.waitForFunction(() => /** @type {any} */ (window).bench.closings.length > 0);
  const { closings, failure } = await bench.evaluate(async ({ store, closings, failure }) => ({
    closings,
    failure: await failure(() => store.list()),
  }));
  assert.match(closings[0], /closed its storage.*Export the project/);
  assert.deepEqual(failure, { code: 'storage.failed', message: closings[0] });
  await close();
});

test('a closed store says so', OPTIONS, async (t) => {
  const { bench, close } = await open(t);
  const { failure, closings } = await bench.evaluate(async ({ store, closings, failure }) => {
    store.close();
    return { failure: await failure(() => store.list()), closings };
  });
  assert.equal(failure?.code, 'storage.failed');
  assert.match(failure?.message ?? '', /closed/);
  assert.deepEqual(closings, []);
  await close();
});

test('a browser that forbids storage is named as the reason', OPTIONS, async (t) => {
  const profile = await temporaryFolder(t);
  await mkdir(path.join(profile, 'Default'));
  const forbidSiteData = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(path.join(profile, 'Default/Preferences'), JSON.stringify(forbidSiteData));
  const { bench, close } = await open(t, { profile });
  const failure = await bench.evaluate(({ openStore, failure }) => failure(() => openStore()));
  assert.equal(failure?.code, 'storage.refused');
  assert.match(failure?.message ?? '', /does not let this page save.*Allow site data/);
  await close();
});

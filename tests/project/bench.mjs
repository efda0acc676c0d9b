/** A page that has nothing but the store and the archive on it, served under the strict policy of the real one. */
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { ROOT, serve, temporaryFolder, visit } from '../e2e/harness.mjs';

/** @typedef {import('../e2e/harness.mjs').TestContext} TestContext */
/** @typedef {import('../../www/project/types.js').Project} Project */
/** @typedef {import('playwright-core').JSHandle<Bench>} BenchHandle */
/**
 * @typedef {object} Bench What the page offers to the tests.
 * @property {typeof import('../../www/project/archive.js').exportArchive} exportArchive
 * @property {typeof import('../../www/project/archive.js').importArchive} importArchive
 * @property {typeof import('../../www/project/store.js').openStore} openStore
 * @property {import('../../www/project/store.js').Store} store an open one, where the browser allows it
 * @property {string[]} closings what its `onClosed` was told
 * @property {(id: string, options?: { tiles?: number, tileBytes?: number }) => Project} example
 * @property {(project: Project) => import('../../www/project/types.js').FeatureRow[]} exampleFeatures of its tiles
 * @property {(project: Project) => Promise<void>} fill saves all of a project, with such features
 * @property {(id: string) => Promise<Project & { features: import('../../www/project/types.js').FeatureRow[] } | null>} load a project with its features
 * @property {(value: unknown) => Promise<any>} plain the same in values that can be compared, blobs by digest
 * @property {(action: () => Promise<unknown>) => Promise<{ code: string, message: string } | null>} failure
 */

const BENCH = `
  import { exportArchive, importArchive } from './www/project/archive.js';
  import { openStore } from './www/project/store.js';

  /** The same bytes for the same seed. */
  function noise(bytes, seed) {
    const numbers = new Uint32Array(Math.ceil(bytes / 4));
    let state = seed + 1;
    for (let place = 0; place < numbers.length; place += 1) numbers[place] = state = Math.imul(state, 1664525) + 1013904223;
    return new Uint8Array(numbers.buffer, 0, bytes);
  }

  function example(id, { tiles = 4, tileBytes = 100_000 } = {}) {
    const numbers = Array.from({ length: tiles }, (_, index) => index);
    return {
      record: {
        id,
        name: 'Project ' + id,
        createdAt: '2024-01-02T03:04:05.000Z',
        updatedAt: '2024-01-02T03:04:05.000Z',
        classes: [{ id: 'wood', name: 'Wood', colour: '#00ff00' }, { id: 'water', name: 'Water', colour: '#0000ff' }],
        settings: { epochs: 20, nested: { seed: 7 } },
        report: { accuracy: 0.5 },
      },
      tiles: numbers.map((index) => ({
        id: 'tile-' + index,
        name: 'tile.png',
        path: 'folder/tile.png',
        order: index,
        source: { kind: 'file', file: new File([noise(tileBytes, index)], 'tile.png', { type: 'image/png' }) },
        thumbnail: index % 2 === 0 ? new Blob(['thumbnail ' + index], { type: 'image/webp' }) : null,
        classId: index % 2 === 0 ? 'wood' : null,
        widthPx: 256,
        heightPx: 128,
        format: 'PNG',
        noDataShare: 0,
        notes: ['a note'],
      })),
      scenes: [],
      models: { current: new Blob(['a model']), before: new Blob(['the model before']) },
    };
  }

  function exampleFeatures({ tiles }) {
    return tiles.map(({ id }, index) => {
      const views = index === 0 ? 1 : 8;
      return {
        tileId: id,
        backbone: 'abc',
        look: '',
        views,
        values: Float32Array.from({ length: views * 576 }, (_, place) => index + place / 7),
      };
    });
  }

  async function fill(project) {
    const { record, tiles, models } = project;
    await store.saveRecord(record);
    await store.putTiles(record.id, tiles);
    await store.putFeatures(record.id, exampleFeatures(project));
    for (const [role, file] of Object.entries(models)) await store.putModel(record.id, role, file);
  }

  async function plain(value) {
    if (value instanceof Blob) {
      const digest = await crypto.subtle.digest('SHA-256', await value.arrayBuffer());
      return [value.size, value.type, ...new Uint8Array(digest)].join(' ');
    }
    if (value instanceof Float32Array) return ['Float32Array', ...value];
    if (Array.isArray(value)) return Promise.all(value.map(plain));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(async ([key, inner]) => [key, await plain(inner)]);
    return Object.fromEntries(await Promise.all(entries));
  }

  async function failure(action) {
    try {
      await action();
      return null;
    } catch (thrown) {
      return { code: thrown.code, message: thrown.message };
    }
  }

  async function load(id) {
    const project = await store.load(id);
    const features = [];
    for await (const rows of store.features(id)) features.push(...rows);
    return project && { ...project, features };
  }

  const closings = [];
  const store = await openStore({ onClosed: (message) => closings.push(message) }).catch(() => null);
  window.bench = { exportArchive, importArchive, openStore, store, closings, example, exampleFeatures, fill, load, plain, failure };
  document.documentElement.dataset.engine = 'ready';
`;

const PAGE = `<!doctype html>
<title>Bench</title>
<link rel="icon" href="icon.svg">
<input type="file">
<script type="module" src="bench.js"></script>
`;

/**
 * The address of a page with the store and the archive on it.
 * @param {TestContext} t
 */
export async function serveBench(t) {
  const root = await temporaryFolder(t);
  await build({
    stdin: { contents: BENCH, resolveDir: ROOT },
    outfile: path.join(root, 'bench.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  await copyFile(path.join(ROOT, 'www/icon.svg'), path.join(root, 'icon.svg'));
  await writeFile(path.join(root, 'index.html'), PAGE);
  return serve(t, root);
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<BenchHandle>}
 */
export async function benchOf(page) {
  await page.waitForSelector('html[data-engine="ready"]', { state: 'attached' });
  return page.evaluateHandle('bench');
}

/**
 * A browser on the page.
 * @param {TestContext} t
 * @param {{ url?: string, profile?: string, prepare?: (page: import('playwright-core').Page) => Promise<unknown> }} [options]
 */
export async function open(t, { url, ...options } = {}) {
  const { page, close } = await visit(t, url ?? (await serveBench(t)), options);
  return { page, close, bench: await benchOf(page) };
}

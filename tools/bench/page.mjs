/**
 * What a visitor downloads, how long until the first class, the time a tile takes on each device, and whether the
 * page answers meanwhile.
 *
 * It drives the page as the end-to-end tests do. A headless browser's GPU is a software one: its time shows
 * that WebGPU works, not how fast it is.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import Papa from 'papaparse';
import { pageListener } from '../serve.mjs';
import { ROOT, WEBGPU, longestMainThreadTask, serve, temporaryFolder, tiles, visit } from '../../tests/e2e/harness.mjs';
import { median } from './measuring.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */

const GPU_TILES = 4;

/** @param {string} file */
async function bytesOf(file) {
  return (await stat(file)).size;
}

/**
 * Raw bytes of what the page loads, and those that are sent: the page is built with a compressed twin of each file that is
 * worth one.
 * @returns {Promise<Measurement[]>}
 */
async function sizes() {
  const folder = path.join(ROOT, 'dist');
  const names = (await readdir(folder, { recursive: true })).sort();
  const built = new Set(names);
  const groups = {
    'page (HTML, CSS, scripts)': names.filter((name) => /\.(html|css|js)$/.test(name)),
    'engine for the CPU': names.filter((name) => /^engine-cpu.*\.wasm$/.test(name)),
    'training of heads': names.filter((name) => /^engine-training.*\.wasm$/.test(name)),
    'reader of rasters': names.filter((name) => /^engine-raster.*\.wasm$/.test(name)),
    'engine with WebGPU': names.filter((name) => /^engine-webgpu.*\.wasm$/.test(name)),
    ...Object.fromEntries(names.filter((name) => name.endsWith('.safetensors')).map((name) => [name, [name]])),
  };
  const measured = [];
  for (const [group, files] of Object.entries(groups)) {
    let raw = 0;
    let packed = 0;
    for (const name of files) {
      raw += await bytesOf(path.join(folder, name));
      packed += await bytesOf(path.join(folder, built.has(`${name}.br`) ? `${name}.br` : name));
    }
    measured.push({ what: `${group}, raw`, value: raw, unit: 'bytes' });
    measured.push({ what: `${group}, brotli`, value: packed, unit: 'bytes' });
  }
  return measured;
}

/**
 * Serves the page, and keeps how many bytes of each file went out when it was asked for last, with the headers.
 * @param {Context} context
 */
async function serveCounting(context) {
  /** @type {Map<string, number>} */
  const sentBytes = new Map();
  const root = path.join(ROOT, 'dist');
  const answer = pageListener(root);
  const url = await serve(context, root, (request, response) => {
    const { socket, url: file = '' } = request;
    const before = socket.bytesWritten;
    response.on('finish', () => sentBytes.set(file, socket.bytesWritten - before));
    answer(request, response);
  });
  return { url, sentBytes };
}

/**
 * From opening the page to its first paint, to an engine that is ready, and to the first class of a sample tile that is
 * asked for at once; and the bytes that the page and its workers had been sent by then. The service worker, which fetches
 * the rest in the background, is not counted.
 * @param {Context} context
 * @param {Awaited<ReturnType<typeof serveCounting>>} site
 * @param {string} profile
 */
async function timeToFirstClass(context, { url, sentBytes }, profile) {
  sentBytes.clear();
  const opened = await visit(context, 'about:blank', { profile });
  const startMs = performance.now();
  await opened.page.goto(`${url}?device=cpu`);
  await opened.page.locator('#drop-zone').waitFor();
  const isReady = () => document.documentElement.dataset.engine === 'ready';
  const ready = opened.page.waitForFunction(isReady, null, { polling: 'raf' }).then(() => performance.now() - startMs);
  await opened.page.click('#try-samples');
  // By each frame: a wait for a selector looks seldom, and after half a second twice a second.
  await opened.page.waitForFunction(() => document.querySelector('article.tile[data-state="done"]'), null, { polling: 'raf' });
  const classMs = performance.now() - startMs;
  const asked = new Set(opened.visit.pageRequests.map((address) => new URL(address).pathname));
  const bytes = [...asked].reduce((sum, file) => sum + (sentBytes.get(file) ?? 0), 0);
  const readyMs = await ready;
  const paintMs = await opened.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN);
  await opened.page.context().close();
  return { paintMs, readyMs, classMs, bytes };
}

/**
 * Drops tiles once to warm up and once to measure: wall time a tile, the columns of the CSV that are times,
 * and the longest task of the main thread.
 * @param {Context} context
 * @param {string} url
 * @param {string} device
 * @param {string[]} files
 * @returns {Promise<Measurement[]>}
 */
async function batch(context, url, device, files) {
  const { visit: seen, page } = await visit(context, url, { query: `?device=${device}`, flags: WEBGPU });
  await seen.ready();
  await seen.classify(files.slice(0, GPU_TILES));
  await page.locator('#clear').click();

  let elapsedMs = 0;
  const longest = await longestMainThreadTask(page, `trace-bench-${device}`, async () => {
    const startMs = performance.now();
    await seen.drop(files);
    await seen.settled(files.length);
    elapsedMs = performance.now() - startMs;
  });
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download-csv').click()]);
  const csv = (await readFile(await download.path(), 'utf8')).replace(/^\uFEFF/, '');
  const { data, meta } = Papa.parse(csv, { header: true, skipEmptyLines: true });
  const rows = /** @type {Record<string, string>[]} */ (data);
  const times = (meta.fields ?? []).filter((field) => /\bms\b|_ms$|Ms$/.test(field));
  await page.context().close();
  return [
    { what: `${device}: a tile of ${files.length}, drop to class`, value: elapsedMs / files.length, unit: 'ms' },
    ...times.map((field) => ({
      what: `${device}: a tile, ${field} (median)`,
      value: median(rows.map((row) => Number.parseFloat(row[field])).filter(Number.isFinite)),
      unit: 'ms',
    })),
    { what: `${device}: longest main-thread task, its own clock`, value: longest.cpuMs, unit: 'ms' },
    { what: `${device}: longest main-thread task, wall clock`, value: longest.wallMs, unit: 'ms' },
  ];
}

/**
 * The files of a folder, repeated up to `count`; without a folder, the tests' tiles.
 * @param {Context} context
 * @param {string | undefined} folder
 * @param {number} count
 */
async function tilePaths(context, folder, count) {
  if (!folder) return (await tiles(context, count)).map((file) => file.path);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => path.resolve(entry.parentPath, entry.name));
  if (paths.length === 0) throw new Error(`${folder} holds no files: give a folder of tiles`);
  return Array.from({ length: count }, (_, index) => paths[index % paths.length]);
}

/**
 * @param {Context} context
 * @param {import('./measuring.mjs').Effort} effort
 * @param {string | undefined} folder of tiles
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measurePage(context, effort, folder) {
  const files = await tilePaths(context, folder, effort.tiles);
  const site = await serveCounting(context);
  const { url } = site;
  const profile = await temporaryFolder(context);
  yield* await sizes();
  for (const visited of ['first', 'second']) {
    const { paintMs, readyMs, classMs, bytes } = await timeToFirstClass(context, site, profile);
    yield { what: `${visited} visit to the first paint`, value: paintMs, unit: 'ms' };
    yield { what: `${visited} visit to the engine's being ready`, value: readyMs, unit: 'ms' };
    yield { what: `${visited} visit to the first class of a sample tile`, value: classMs, unit: 'ms' };
    yield { what: `${visited} visit, sent by then`, value: bytes, unit: 'bytes' };
  }
  yield* await batch(context, url, 'cpu', files);
  yield* await batch(context, url, 'webgpu', files.slice(0, GPU_TILES));
}

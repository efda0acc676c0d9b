/**
 * Measures the built page: what a visitor downloads, how long until the first class, the time a tile takes on
 * each device, and whether the page answers meanwhile. Prints a table and writes target/bench.json.
 *
 *     node tools/bench.mjs [FOLDER_OF_TILES]
 *
 * It drives the page as the end-to-end tests do. A headless browser's GPU is a software one: its time shows
 * that WebGPU works, not how fast it is.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import Papa from 'papaparse';
import { ROOT, WEBGPU, longestMainThreadTask, serve, temporaryFolder, tiles, visit } from '../tests/e2e/harness.mjs';

const BATCH_TILES = 100;
const GPU_TILES = 4;
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY } };
const brotli = promisify(zlib.brotliCompress);

/** @typedef {{ what: string, value: number, unit: string }} Measurement */

/** Undone in reverse at the end. @type {(() => unknown)[]} */
const undo = [];
const context = { after: (/** @type {() => unknown} */ step) => void undo.push(step) };

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Raw and compressed bytes of what the page loads.
 * @returns {Promise<Measurement[]>}
 */
async function sizes() {
  const folder = path.join(ROOT, 'dist');
  const names = (await readdir(folder, { recursive: true })).sort();
  const groups = {
    'page (HTML, CSS, scripts)': names.filter((name) => /\.(html|css|js)$/.test(name)),
    engine: names.filter((name) => name.endsWith('.wasm')),
    ...Object.fromEntries(names.filter((name) => name.endsWith('.safetensors')).map((name) => [name, [name]])),
  };
  const measured = [];
  for (const [group, files] of Object.entries(groups)) {
    let raw = 0;
    let packed = 0;
    for (const name of files) {
      const bytes = await readFile(path.join(folder, name));
      raw += bytes.length;
      packed += (await brotli(bytes, BROTLI)).length;
    }
    measured.push({ what: `${group}, raw`, value: raw, unit: 'bytes' });
    measured.push({ what: `${group}, brotli`, value: packed, unit: 'bytes' });
  }
  return measured;
}

/**
 * From opening the page to the first class of a tile dropped at once.
 * @param {string} url
 * @param {string} profile
 * @param {string} tile
 */
async function timeToFirstClass(url, profile, tile) {
  const opened = await visit(context, 'about:blank', { profile });
  const startMs = performance.now();
  await opened.page.goto(`${url}?device=cpu`);
  await opened.page.locator('#drop-zone').waitFor();
  await opened.visit.drop([tile]);
  await opened.page.waitForSelector('article.tile[data-state="done"]', { timeout: 120_000 });
  const elapsedMs = performance.now() - startMs;
  await opened.page.context().close();
  return elapsedMs;
}

/**
 * Drops tiles once to warm up and once to measure: wall time a tile, the columns of the CSV that are times,
 * and the longest task of the main thread.
 * @param {string} url
 * @param {string} device
 * @param {string[]} files
 * @returns {Promise<Measurement[]>}
 */
async function batch(url, device, files) {
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
 * @param {string | undefined} folder
 * @param {number} count
 */
async function tilePaths(folder, count) {
  if (!folder) return (await tiles(context, count)).map((file) => file.path);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => path.resolve(entry.parentPath, entry.name));
  if (paths.length === 0) throw new Error(`${folder} holds no files: give a folder of tiles`);
  return Array.from({ length: count }, (_, index) => paths[index % paths.length]);
}

try {
  const files = await tilePaths(process.argv[2], BATCH_TILES);
  const url = await serve(context);
  const profile = await temporaryFolder(context);
  /** @type {Measurement[]} */
  const measurements = [
    ...(await sizes()),
    { what: 'first visit to the first class', value: await timeToFirstClass(url, profile, files[0]), unit: 'ms' },
    { what: 'second visit to the first class', value: await timeToFirstClass(url, profile, files[0]), unit: 'ms' },
    ...(await batch(url, 'cpu', files)),
    ...(await batch(url, 'webgpu', files.slice(0, GPU_TILES))),
  ];
  for (const { what, value, unit } of measurements) {
    const shown = unit === 'bytes' ? value.toLocaleString('en') : value.toFixed(1);
    console.log(`${what.padEnd(60)} ${shown.padStart(14)} ${unit}`);
  }
  const machine = { cpu: os.cpus()[0]?.model, cores: os.availableParallelism(), node: process.version };
  await mkdir(path.join(ROOT, 'target'), { recursive: true });
  const report = { date: new Date().toISOString(), machine, measurements };
  await writeFile(path.join(ROOT, 'target/bench.json'), `${JSON.stringify(report, null, 2)}\n`);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const step of undo.reverse()) await step();
}

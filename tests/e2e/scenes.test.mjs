/** The analyst's day: a scene is opened, labelled on the map, mapped, and taken into a GIS; what stands in the way is said. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS, temporaryFolder } from './harness.mjs';

const options = { timeout: SLOW_MS };
const PYTHON = process.env.PYTHON ?? 'python3';
const TILELENS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const EUROSAT = path.join(process.env.TILELENS_DATA ?? path.join(ROOT, '../shared/data'), 'eurosat');
const WITHOUT_EUROSAT = !existsSync(EUROSAT) && 'real tiles may not be redistributed: TILELENS_DATA names a folder with them';
/** The cells of the scene of real tiles: a border without data, then a row for each class. */
const CELL_PX = 64;
const KINDS = ['Forest', 'Residential', 'Sea/lake'];

const run = promisify(execFile);

/** @param {string} file @returns {Promise<Record<string, string>[]>} */
async function table(file) {
  return /** @type {Record<string, string>[]} */ (Papa.parse((await readFile(file, 'utf8')).trim(), { header: true }).data);
}

/** What GDAL reads of a map: its numbers row by row, their names, and where its corners are. @param {string} file */
async function readByGdal(file) {
  const program = `
import json, sys, rasterio
with rasterio.open(sys.argv[1]) as map:
    print(json.dumps({'ids': map.read(1).tolist(), 'transform': list(map.transform)[:6], 'epsg': map.crs.to_epsg() if map.crs else None}))`;
  const { stdout, stderr } = await run(PYTHON, ['-W', 'error', '-c', program, file]);
  assert.equal(stderr, '');
  return /** @type {{ ids: number[][], transform: number[], epsg: number | null }} */ (JSON.parse(stdout));
}

/** Uses the map as its user does. */
class MapBench {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** Adds a raster and opens it as a scene. @param {string} file */
  async open(file) {
    await this.page.setInputFiles('#scene-input', file);
    await this.page.waitForSelector('#map-target canvas', { timeout: SLOW_MS });
  }

  /** Waits until all cells have been asked. */
  async mapped() {
    const isDone = () => {
      const bar = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
      const legend = document.querySelector('#map-legend');
      return bar.value === bar.max && legend?.querySelector('table') && !/not classified yet/.test(legend.textContent ?? '');
    };
    await this.page.waitForFunction(isDone, null, { timeout: SLOW_MS, polling: 200 });
  }

  /** Where a point of the scene is on the screen, when all of it is shown. @param {[number, number]} point @param {[number, number]} sizePx */
  async place([x, y], [width, height]) {
    const box = await this.page.locator('#map-target').boundingBox();
    assert.ok(box);
    // As views/map/scene-map.js fits it.
    const margin = { side: 16, top: 16, bottom: 48 };
    const [roomX, roomY] = [box.width - 2 * margin.side, box.height - margin.top - margin.bottom];
    const shrunk = Math.min(roomX / width, roomY / height);
    return [box.x + margin.side + (roomX - width * shrunk) / 2 + x * shrunk, box.y + margin.top + (roomY - height * shrunk) / 2 + y * shrunk];
  }

  /** Drags the mouse from point to point of the screen. @param {number[][]} points */
  async drag([start, ...others]) {
    await this.page.mouse.move(start[0], start[1]);
    await this.page.mouse.down();
    for (const [x, y] of others) await this.page.mouse.move(x, y, { steps: 12 });
    await this.page.mouse.up();
  }

  /** The legend as text, class by class. @returns {Promise<Record<string, number>>} cells of each class */
  async legend() {
    return this.page.$$eval('#map-legend tbody tr', (rows) => Object.fromEntries(rows.map((row) => [row.querySelector('th')?.textContent ?? '', Number(row.children[1].textContent?.replaceAll(/\D/g, ''))])));
  }

  /** Downloads a form of the map. @param {string} label @param {string} folder @returns {Promise<string>} where it is, or what was in the zip */
  async take(label, folder) {
    await this.unfold();
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.page.click(`#map-exports button:text-is("${label}")`)]);
    const file = path.join(folder, download.suggestedFilename());
    await download.saveAs(file);
    if (!file.endsWith('.zip')) return file;
    await run(PYTHON, ['-m', 'zipfile', '-e', file, folder]);
    return file.replace(/zip$/, 'tif');
  }

  /** Opens all parts of the panel. */
  async unfold() {
    await this.page.$$eval('#map-panel details', (parts) => parts.forEach((part) => ((/** @type {HTMLDetailsElement} */ (part)).open = true)));
  }
}

describe('a scene of real tiles', { skip: WITHOUT_EUROSAT }, () => {
  /** @type {string} */
  let folder;
  /** @type {Record<string, string>[]} */
  let truth;
  const sceneFile = () => path.join(folder, 'tiles.tif');
  /** As make_scenes.py lays it out: 14 × 11 cells with the border, and edges that cut cells. @type {[number, number]} */
  const sizePx = [12 * CELL_PX + CELL_PX + 40, 10 * CELL_PX + CELL_PX + 24];
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tilelens-'));
    await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder, EUROSAT]);
    truth = await table(path.join(folder, 'truth.csv'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('three classes are painted, learnt and mapped; GDAL finds them where they are, and a reload keeps everything', options, async (t) => {
    const { page, bench, visit: seen } = await openBench(t);
    const map = new MapBench(page);
    await map.open(sceneFile());
    await map.mapped();
    for (const name of KINDS) {
      await page.fill('#class-name', name);
      await page.click('#class-form button');
    }
    await page.click('#tool-paint');
    for (const [index, name] of KINDS.entries()) {
      await page.selectOption('#paint-class', { index });
      const row = Number(truth.find((one) => one.class === name)?.row);
      const y = (row + 0.5) * CELL_PX;
      await map.drag([await map.place([1.5 * CELL_PX, y], sizePx), await map.place([10.5 * CELL_PX, y], sizePx)]);
    }
    assert.deepEqual(await bench.counts(), [10, 10, 10]);
    await page.click('#undo');
    assert.deepEqual(await bench.counts(), [10, 10, 0], 'a stroke is one thing to undo');
    await page.click('#redo');

    await bench.train();
    await page.waitForFunction((names) => [...document.querySelectorAll('#map-legend tbody th')].every((cell) => names.includes(cell.textContent ?? '')), KINDS, { timeout: SLOW_MS });
    await map.mapped();

    await page.click('#label-next');
    await page.locator('#spotlight').getByText(/What to label next: \d+ tiles/).waitFor({ timeout: SLOW_MS });
    assert.equal(await page.locator('#view-map').getAttribute('aria-pressed'), 'true', 'they are framed where they lie');
    await bench.showReport();
    assert.match(await bench.report(), /Checked on blocks of the scene/);
    await page.click('#view-map');

    const classes = await map.take('Class GeoTIFF', folder);
    const { ids, transform, epsg } = await readByGdal(classes);
    assert.equal(epsg, 32633);
    assert.deepEqual(transform, [640, 0, 500000, 0, -640, 5400000]);
    const known = truth.filter((one) => KINDS.includes(one.class));
    const right = known.filter((one) => KINDS[ids[Number(one.row)][Number(one.column)] - 1] === one.class);
    assert.ok(right.length >= 0.9 * known.length, `${right.length} of ${known.length} cells have their class`);
    assert.ok(ids[0].every((id) => id === 0), 'the border without data has no class');
    assert.ok(ids.every((row) => row.at(-1) === 0), 'a cell that the edge cuts has no class');

    const geojson = await map.take('GeoJSON, cells', folder);
    const { features } = JSON.parse(await readFile(geojson, 'utf8'));
    const classified = ids.flat().filter((id) => id > 0).length;
    assert.equal(features.length, classified);
    const legend = await map.legend();
    assert.equal(Object.values(legend).reduce((sum, cells) => sum + cells, 0), classified);

    await bench.saved();
    await page.reload();
    await seen.ready();
    await page.click('#view-map');
    await map.mapped();
    assert.deepEqual(await map.legend(), legend);
    assert.deepEqual(await bench.counts(), [10, 10, 10]);
  });

  test('every cell has the class that the command line gives it, with overlap, a majority and what is undecided', options, async (t) => {
    const { page } = await openBench(t);
    const map = new MapBench(page);
    await page.selectOption('#model-picker', { label: (await page.$$eval('#model-picker option', (all) => all.map(({ textContent }) => textContent ?? ''))).find((name) => name.startsWith('Sentinel-2')) ?? '' });
    await page.waitForSelector('html[data-engine="ready"]', { state: 'attached', timeout: SLOW_MS });
    await map.open(sceneFile());
    await map.mapped();
    /** @param {string[]} more */
    const natively = async (...more) => {
      const output = path.join(folder, `native${more.join('')}.tif`.replaceAll(' ', ''));
      await run(TILELENS, ['map', sceneFile(), '--head', path.join(ROOT, 'models/sentinel-2.safetensors'), '--cell', '64px', '--output', output, ...more], { cwd: ROOT });
      return (await readByGdal(output)).ids;
    };
    assert.deepEqual((await readByGdal(await map.take('Class GeoTIFF', folder))).ids, await natively());

    await page.fill('#grid-step', '32px');
    await page.click('#grid-form button');
    await page.waitForFunction(() => /^546 cells/.test(document.querySelector('#grid-cut')?.textContent ?? ''), null, { timeout: SLOW_MS });
    await page.fill('#map-undecided', '60');
    await page.check('#map-majority');
    await map.mapped();
    assert.deepEqual((await readByGdal(await map.take('Class GeoTIFF', folder))).ids, await natively('--step', '32px', '--undecided', '60', '--majority'));
  });

  test('a check sample is judged without what the map says, gives areas with intervals, and is kept', options, async (t) => {
    const { page, bench, visit: seen } = await openBench(t);
    const map = new MapBench(page);
    await page.fill('#project-name', 'Checked');
    await page.press('#project-name', 'Enter');
    await map.open(sceneFile());
    await map.mapped();
    await map.unfold();
    await page.fill('#check-count', '60');
    await page.click('#map-check >> text=Draw a sample');
    await page.click('#map-check >> text=Begin');
    await page.waitForSelector('#check-progress', { timeout: SLOW_MS });
    assert.equal(await page.locator('#map-legend table').isVisible(), false, 'the legend would sway');
    assert.equal(await page.locator('#map-layer').isVisible(), false, 'and so would the classes');
    for (let judged = 0; judged < 60; judged += 1) {
      await page.waitForFunction((number) => document.querySelector('#check-progress')?.textContent?.startsWith(`${number} of 60`), judged + 1, { timeout: SLOW_MS });
      await page.keyboard.press(judged % 3 === 0 ? 'w' : 'e');
    }
    await page.click('#map-check >> text=Estimate');
    await page.waitForSelector('#check-overall', { timeout: SLOW_MS });
    assert.match((await page.textContent('#check-overall')) ?? '', /Overall accuracy \d+ % ± \d+ %, by 60 checked cells/);
    assert.equal((await page.textContent('#label-count'))?.startsWith('0 of'), true, 'answers are no labels');
    await bench.saved();
    await page.reload();
    await seen.ready();
    await page.click('#view-map');
    await map.unfold();
    await page.waitForFunction(() => /60 of 60 cells are checked/.test(document.querySelector('#map-check')?.textContent ?? ''), null, { timeout: SLOW_MS });
  });
});

test('however a scene lies it can be opened, and what is not known of its place is said', options, async (t) => {
  const folder = await temporaryFolder(t);
  await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder]);
  const { page } = await openBench(t);
  const map = new MapBench(page);
  for (const [name, words] of /** @type {[string, RegExp][]} */ ([
    ['no-place', /does not say where it lies/],
    ['control-points', /4 control points/],
    ['no-crs', /does not say its CRS, and it is not guessed/],
    ['unknown-crs', /EPSG:2154 is not known here/],
    ['turned', /turned or sheared/],
    ['south-up', /south at its top/],
  ])) {
    await map.open(path.join(folder, 'places', `${name}.tif`));
    await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('#map-facts')?.textContent ?? ''), words.source, { timeout: SLOW_MS });
    assert.equal(await page.locator('#map-north').isVisible(), name === 'turned', name);
    await map.unfold();
    await page.click('#remove-scene');
    await page.waitForSelector('#drop-zone:not([hidden])', { timeout: SLOW_MS });
  }
});

test('what cannot be a scene is said in a sentence, and costs nothing else', options, async (t) => {
  const folder = await temporaryFolder(t);
  await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder]);
  const file = path.join(folder, 'places/north-up.tif');
  const { page } = await openBench(t);
  const map = new MapBench(page);
  await map.open(file);
  await map.unfold();
  const cells = await page.textContent('#grid-cut');
  for (const [cell, words] of [['4px', /too small/], ['500px', /make the cells smaller/], ['640', /in pixels, 256px, or in metres/]]) {
    await page.fill('#grid-cell', /** @type {string} */ (cell));
    await page.fill('#grid-step', '');
    await page.click('#grid-form button');
    await page.waitForFunction((source) => new RegExp(source).test(/** @type {HTMLInputElement} */ (document.querySelector('#grid-cell')).validationMessage), /** @type {RegExp} */ (words).source, { timeout: SLOW_MS });
    assert.equal(await page.textContent('#grid-cut'), cells, 'the cells are as before');
  }

  // Of one that was cut off the cells that are there are mapped, and the others counted; what is no raster is refused by name.
  const broken = path.join(folder, 'broken.tif');
  await writeFile(broken, (await readFile(file)).subarray(0, 9000));
  await page.setInputFiles('#scene-input', broken);
  await page.selectOption('#scene-picker', { label: 'broken.tif' });
  await page.waitForFunction(() => /[1-4] cells? cannot be read/.test(document.querySelector('#map-legend')?.textContent ?? ''), null, { timeout: SLOW_MS });
  await writeFile(broken, 'no raster at all');
  await page.setInputFiles('#scene-input', broken);
  await page.waitForFunction(() => /broken\.tif could not be opened as a scene/.test(document.querySelector('#notices')?.textContent ?? ''), null, { timeout: SLOW_MS });
  await page.selectOption('#scene-picker', { label: 'north-up.tif' });
  assert.equal(await page.textContent('#grid-cut'), cells);
});

test('a large raster that is dropped is a tile or a scene as the user says, once for all', { ...options, skip: WITHOUT_EUROSAT }, async (t) => {
  const folder = await temporaryFolder(t);
  await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder, EUROSAT]);
  const file = path.join(folder, 'tiles.tif');
  const { page, visit: seen } = await openBench(t);
  await seen.drop([file]);
  await seen.settled(1);
  assert.equal(await page.locator('#view-map').isVisible(), false, 'of less than 1,000 pixels a side it is a tile');
  await page.click('#clear');
  await page.evaluate(() => localStorage.setItem('tilelens-scenes', JSON.stringify({ sidePx: 800, rule: 'ask' })));
  await seen.drop([file]);
  await page.waitForSelector('#scene-dialog[open]', { timeout: SLOW_MS });
  await page.check('#scene-always');
  await page.click('#scene-dialog button[value="scene"]');
  await page.waitForSelector('#map-target canvas', { timeout: SLOW_MS });
  assert.equal(await page.textContent('#grid-cut'), '143 cells of 64 × 64 pixels (640 × 640 m).');
  await seen.drop([file]);
  await page.waitForFunction(() => document.querySelectorAll('#scene-picker option').length === 2, null, { timeout: SLOW_MS });
});

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
import { PLACES } from '../scene/places.mjs';

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

/**
 * `labels.geojson`: a polygon around four cells of each kind, a little too small for them, in the CRS of the scene.
 * `area.geojson`: the left half of all classes, in longitude and latitude by PROJ.
 * @param {string} folder @param {Record<string, string>[]} truth
 */
async function writeShapes(folder, truth) {
  const metres = (/** @type {number} */ column, /** @type {number} */ row) => [500_000 + 640 * column, 5_400_000 - 640 * row];
  const around = (/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ right, /** @type {number} */ bottom) => [[metres(left, top), metres(right, top), metres(right, bottom), metres(left, bottom), metres(left, top)]];
  const features = KINDS.map((name, fid) => {
    const row = Number(truth.find((one) => one.class === name)?.row);
    return { type: 'Feature', properties: { Class: name, fid }, geometry: { type: 'Polygon', coordinates: around(1.05, row + 0.05, 4.95, row + 0.95) } };
  });
  const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32633' } };
  const [labels, area] = ['labels', 'area'].map((name) => path.join(folder, `${name}.geojson`));
  await writeFile(labels, JSON.stringify({ type: 'FeatureCollection', crs, features }));
  const program = `
import json, sys
from pyproj import Transformer
there = Transformer.from_crs(32633, 4326, always_xy=True)
ring = [there.transform(*point) for point in json.loads(sys.argv[1])]
print(json.dumps({'type': 'Polygon', 'coordinates': [ring]}))`;
  const { stdout } = await run(PYTHON, ['-c', program, JSON.stringify(around(1, 1, 7, 11)[0])]);
  await writeFile(area, stdout);
  return { labels, area };
}

/** Uses the map as its user does. */
class MapBench {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** Adds a raster or a picture, with what stands beside it, and opens it as a scene. @param {string[]} files */
  async open(...files) {
    await this.page.setInputFiles('#scene-input', files);
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

  /** Loads the page again, and waits for the map of the project that was saved. @param {import('./harness.mjs').Visit} visit */
  async comeBack(visit) {
    await this.page.reload();
    await visit.ready();
    await this.page.click('#view-map');
    await this.mapped();
    await this.unfold();
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
    await map.comeBack(seen);
    assert.deepEqual(await map.legend(), legend);
    assert.deepEqual(await bench.counts(), [10, 10, 10]);
  });

  test('nothing beside the map moves while cells are classified', options, async (t) => {
    const { page } = await openBench(t);
    const map = new MapBench(page);
    await page.evaluate(() => {
      const places = new Set();
      Object.assign(window, { places });
      const look = () => {
        const section = document.querySelectorAll('#map-panel details')[1].getBoundingClientRect();
        const isClassifying = /not classified yet/.test(document.querySelector('#map-legend')?.textContent ?? '');
        if (section.height > 0 && (isClassifying || places.size > 0)) places.add(section.top);
        requestAnimationFrame(look);
      };
      look();
    });
    await map.open(sceneFile());
    await map.mapped();
    const places = await page.evaluate(() => [.../** @type {any} */ (window).places]);
    assert.equal(places.length, 1, `one place in ${places}`);
    assert.ok(Object.keys(await map.legend()).length > 8, 'though classes came one after the other');
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

  test('what is no data by the file beside the scene alone is so on the page and on the command line', options, async (t) => {
    const program = `
import sys, rasterio
with rasterio.open(sys.argv[1]) as scene:
    numbers, inside, profile = scene.read(), scene.dataset_mask() > 0, {**scene.profile, 'nodata': None}
numbers[:, ~inside] = 65535
with rasterio.open(sys.argv[2], 'w', **profile) as plain:
    plain.write(numbers)
bands = ''.join(f'<PAMRasterBand band="{band}"><NoDataValue>65535</NoDataValue></PAMRasterBand>' for band in range(1, len(numbers) + 1))
open(sys.argv[2] + '.aux.xml', 'w').write(f'<PAMDataset>{bands}</PAMDataset>')`;
    const plain = path.join(folder, 'plain.tif');
    await run(PYTHON, ['-c', program, sceneFile(), plain]);
    const { page } = await openBench(t);
    const map = new MapBench(page);
    await map.open(plain, `${plain}.aux.xml`);
    await map.mapped();
    const output = path.join(folder, 'plain-map.tif');
    await run(TILELENS, ['map', plain, '--cell', '64px', '--output', output], { cwd: ROOT });
    const { ids } = await readByGdal(await map.take('Class GeoTIFF', folder));
    assert.deepEqual(ids, (await readByGdal(output)).ids);
    assert.ok(ids[0].every((id) => id === 0), 'the border holds no data');
    assert.ok(ids.flat().some((id) => id > 0));
  });

  test('polygons label cells, and limit what is mapped as the command line does', options, async (t) => {
    const { page, bench, visit: seen } = await openBench(t);
    const map = new MapBench(page);
    await map.open(sceneFile());
    await map.mapped();
    const { labels, area } = await writeShapes(folder, truth);
    await seen.drop([labels]);
    await page.waitForSelector('#vector-dialog[open]', { timeout: SLOW_MS });
    await page.waitForSelector('#vector-apply:enabled', { timeout: SLOW_MS });
    assert.equal(await page.inputValue('#vector-property'), 'Class', 'what is usually called so comes first');
    assert.match((await page.textContent('#vector-preview')) ?? '', /^12 cells will have a label: .*Forest.* \(4\).*Residential.* \(4\).*Sea\/lake.* \(4\)\.$/);
    const readings = await page.evaluate(async () => {
      let readings = 0;
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (/** @type {any[]} */ ...sent) {
        if (sent[0]?.kind === 'vectorLabels') readings += 1;
        postMessage.apply(this, /** @type {any} */ (sent));
      };
      const share = /** @type {HTMLInputElement} */ (document.querySelector('#vector-share'));
      for (const value of ['51', '52', '53', '54', '55']) {
        share.value = value;
        share.dispatchEvent(new Event('input'));
        await Promise.resolve();
      }
      while (/** @type {HTMLButtonElement} */ (document.querySelector('#vector-apply')).disabled) await new Promise((resolve) => setTimeout(resolve, 20));
      Worker.prototype.postMessage = postMessage;
      return readings;
    });
    assert.ok(readings <= 2, `who types a share has the file read ${readings} times`);
    await page.fill('#vector-share', '95');
    await page.waitForFunction(() => /^No cell is covered that far/.test(document.querySelector('#vector-preview')?.textContent ?? ''), null, { timeout: SLOW_MS });
    assert.equal(await page.isDisabled('#vector-apply'), true);
    await page.fill('#vector-share', '50');
    await page.click('#vector-apply:enabled');
    await page.waitForSelector('#vector-dialog', { state: 'hidden', timeout: SLOW_MS });
    assert.deepEqual(await bench.counts(), [4, 4, 4]);
    await page.click('#undo');
    assert.deepEqual(await bench.counts(), [], 'labels and classes of a file are one thing to undo');
    await page.click('#redo');

    await seen.drop([area]);
    await page.waitForSelector('#vector-dialog[open]', { timeout: SLOW_MS });
    await page.check('#vector-dialog input[value="area"]');
    await page.waitForFunction(() => /^60 cells of 143 lie inside/.test(document.querySelector('#vector-preview')?.textContent ?? ''), null, { timeout: SLOW_MS });
    await page.click('#vector-apply:enabled');
    await map.unfold();
    await page.waitForFunction(() => /^60 cells in the area of interest, of 143/.test(document.querySelector('#grid-cut')?.textContent ?? ''), null, { timeout: SLOW_MS });
    await map.mapped();
    assert.deepEqual(await bench.counts(), [4, 4, 4], 'the labels inside stay');
    const inside = await readByGdal(await map.take('Class GeoTIFF', folder));
    assert.equal(inside.ids.flat().filter((id) => id > 0).length, 60);
    const native = path.join(folder, 'area-map.tif');
    const { stderr } = await run(TILELENS, ['map', sceneFile(), '--cell', '64px', '--area', area, '--output', native], { cwd: ROOT });
    assert.match(stderr, /60 of 143 cells are in the area/);
    assert.deepEqual((await readByGdal(native)).ids, inside.ids);

    await bench.saved();
    await map.comeBack(seen);
    assert.match((await page.textContent('#grid-area')) ?? '', /area\.geojson/);
    await page.click('#grid-area >> text=Map the whole scene');
    await page.waitForFunction(() => /^143 cells of/.test(document.querySelector('#grid-cut')?.textContent ?? ''), null, { timeout: SLOW_MS });
    assert.deepEqual(await bench.counts(), [4, 4, 4]);
  });

  test('an area is drawn by hand: corner by corner, given up, undone, and kept', options, async (t) => {
    const { page, bench, visit: seen } = await openBench(t);
    const map = new MapBench(page);
    await map.open(sceneFile());
    await map.mapped();
    await map.unfold();
    await page.fill('#class-name', 'Forest');
    await page.click('#class-form button');
    const says = () => page.textContent('#area-pen-says');
    const isCut = (/** @type {string} */ start) => page.waitForFunction((wanted) => document.querySelector('#grid-cut')?.textContent?.startsWith(wanted), start, { timeout: SLOW_MS });
    const draw = async () => {
      await page.click('#grid-area >> text=Draw an area');
      await page.waitForSelector('[data-drawing]', { state: 'attached', timeout: SLOW_MS });
    };
    /** @param {number} column @param {number} row in cells */
    const click = async (column, row) => {
      const [x, y] = await map.place([column * CELL_PX, row * CELL_PX], sizePx);
      await page.mouse.click(x, y);
    };

    await draw();
    await click(2, 2);
    await click(5, 2);
    assert.match((await says()) ?? '', /^2 corners\. Click the next one/);
    await page.keyboard.press('Enter');
    assert.match((await says()) ?? '', /^2 corners/, 'two corners surround nothing');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-drawing]', { state: 'detached' });
    assert.equal(await says(), '');
    await isCut('143 cells of');
    assert.match((await page.getAttribute('#undo', 'title')) ?? '', /class/, 'what was given up is nothing to undo');

    await draw();
    for (const [column, row] of [[1, 1], [7, 1], [9, 9], [7, 11], [1, 11]]) {
      await click(column, row);
      if (column !== 9) continue;
      await page.keyboard.press('Backspace');
      assert.match((await says()) ?? '', /^2 corners/, 'the last corner is taken back');
    }
    await click(1, 11);
    await isCut('60 cells in the area of interest, of 143');
    assert.match((await page.textContent('#undo-offer')) ?? '', /60 cells of 143 lie inside/);
    assert.equal(await page.locator('#tile-grid article.tile[aria-selected="true"]').count(), 0, 'corners select no cells');
    await page.click('#undo-offer button:text-is("Undo")');
    await isCut('143 cells of');
    await page.click('#redo');
    await isCut('60 cells in the area of interest');

    await bench.saved();
    await map.comeBack(seen);
    assert.match((await page.textContent('#grid-area')) ?? '', /Area of interest: drawn by hand/);
    await page.click('#grid-area >> text=Map the whole scene');
    await isCut('143 cells of');

    // With the keyboard alone: a triangle around the middle.
    await draw();
    for (const key of [' ', 'ArrowLeft', 'ArrowLeft', ' ', 'ArrowUp', 'ArrowUp', ' ']) {
      await page.keyboard.press(key);
      // The map glides there.
      await page.waitForTimeout(300);
    }
    assert.match((await says()) ?? '', /^3 corners/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-drawing]', { state: 'detached' });
    await page.waitForFunction(() => /cells of 143 lie inside/.test(document.querySelector('#undo-offer')?.textContent ?? ''), null, { timeout: SLOW_MS });
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
    await map.comeBack(seen);
    await page.waitForFunction(() => /60 of 60 cells are checked/.test(document.querySelector('#map-check')?.textContent ?? ''), null, { timeout: SLOW_MS });
  });
});

test('however a scene lies it can be opened, and what is not known of its place is said', options, async (t) => {
  const folder = await temporaryFolder(t);
  await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder]);
  const { page } = await openBench(t);
  const map = new MapBench(page);
  for (const [name, words] of PLACES) {
    await map.open(path.join(folder, 'places', `${name}.tif`));
    await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('#map-facts')?.textContent ?? ''), words.source, { timeout: SLOW_MS });
    assert.equal(await page.locator('#map-north').isVisible(), name === 'turned', name);
    await map.unfold();
    await page.click('#remove-scene');
    await page.waitForSelector('#drop-zone:not([hidden])', { timeout: SLOW_MS });
  }

  await map.open(...['picture.jpg', 'picture.jgw'].map((name) => path.join(folder, 'places', name)));
  await page.waitForFunction(() => /does not say its CRS/.test(document.querySelector('#map-facts')?.textContent ?? ''), null, { timeout: SLOW_MS });
  await map.mapped();
  const { transform } = await readByGdal(await map.take('Class GeoTIFF', folder));
  assert.deepEqual([transform[2], transform[5]], [500_000, 5_400_000], 'a picture lies where its world file says');
  await page.click('#view-grid');
  await page.locator('article.tile').nth(1).click();
  await page.click('.show-on-map');
  assert.equal(await page.locator('#view-map').getAttribute('aria-pressed'), 'true', 'a cell of the grid leads to its place');
});

test('what cannot be a scene is said in a sentence, and costs nothing else', options, async (t) => {
  const folder = await temporaryFolder(t);
  await run(PYTHON, [path.join(ROOT, 'tests/scene/make_scenes.py'), folder]);
  const file = path.join(folder, 'places/north-up.tif');
  const { page, visit: seen } = await openBench(t);
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

  const shapes = path.join(folder, 'shapes.geojson');
  const elsewhere = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] };
  for (const [text, words] of /** @type {[string, RegExp][]} */ ([
    ['no shapes', /it is no GeoJSON/],
    [JSON.stringify({ type: 'Point', coordinates: [15, 48] }), /no polygon/],
    [JSON.stringify(elsewhere), /none of its polygons touches the scene/],
  ])) {
    await writeFile(shapes, text);
    await seen.drop([shapes]);
    await page.waitForFunction((source) => new RegExp(source, 'i').test(document.querySelector('#notices')?.textContent ?? ''), words.source, { timeout: SLOW_MS });
  }
  const shapefile = path.join(folder, 'parcels.shp');
  await writeFile(shapefile, 'shapes');
  await seen.drop([shapefile]);
  await page.waitForFunction(() => /ogr2ogr -t_srs EPSG:4326 parcels\.geojson parcels\.shp/.test(document.querySelector('#notices')?.textContent ?? ''), null, { timeout: SLOW_MS });
  assert.equal(await page.locator('#vector-dialog').isVisible(), false);
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

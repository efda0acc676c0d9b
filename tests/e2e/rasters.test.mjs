/** Rasters on the page: read by a module of their own, seen alike, changed by the user, kept, and as on the command line. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { tiff } from '../../tools/tiff.mjs';
import { openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS, fromMenu, temporaryFolder, tiles } from './harness.mjs';
import { keptForOffline, openSite } from './site.mjs';

const options = { timeout: SLOW_MS };
const FIXTURES = path.join(ROOT, 'tests/fixtures/raster');
const COMMAND_LINE = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const SIDE_PX = 64;

/**
 * A TIFF of four bands of 16 bits: red, green, blue and near infrared, hills with the lowest number `from`.
 * @param {number} from
 * @param {number} emptyColumns of zeros, which the file calls no data
 */
function scene(from, emptyColumns = 0) {
  const bits = [16, 16, 16, 16];
  const pixels = Buffer.alloc(SIDE_PX * SIDE_PX * bits.length * 2);
  for (let index = 0; index < SIDE_PX * SIDE_PX; index += 1) {
    const [x, y] = [index % SIDE_PX, Math.floor(index / SIDE_PX)];
    for (const band of bits.keys()) {
      const hill = Math.round(from + 300 * (1 + Math.sin(x / (5 + band)) * Math.cos(y / 9)) + 400 * band);
      pixels.writeUInt16LE(x < emptyColumns ? 0 : hill, (index * bits.length + band) * 2);
    }
  }
  return tiff({ width: SIDE_PX, height: SIDE_PX, bits, pixels, more: [[338, 'short', [0]], [42113, 'ascii', [...Buffer.from('0\0')]]] });
}

/** @param {import('./harness.mjs').TestContext} t */
async function scenes(t) {
  const folder = await temporaryFolder(t);
  const files = { 'dark.tif': scene(100), 'bright.tif': scene(2500), 'edge.tif': scene(1200, 20) };
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes);
  return Object.keys(files).map((name) => path.join(folder, name));
}

test('the reader comes when a raster does, and like files are seen alike until the user says otherwise', options, async (t) => {
  const site = await openSite(t);
  const { visit: seen, page, bench, close } = await openBench(t, { url: site.url });
  const [picture] = await tiles(t, 1);
  await bench.drop([picture]);
  const readers = () => seen.pageRequests.filter((url) => url.includes('/engine-raster')).length;
  assert.equal(readers(), 0, 'pictures need no reader of rasters');
  assert.equal(await page.locator('#stretches').isHidden(), true);

  const files = await scenes(t);
  await bench.drop(files.map((file) => ({ path: file })));
  assert.ok(readers() > 0);
  const rows = async () => new Map((await seen.results()).map((row) => [row.file, row]));
  const first = await rows();
  const [dark, bright, edge] = ['dark.tif', 'bright.tif', 'edge.tif'].map((name) => first.get(name));
  assert.ok(dark?.stretch && dark.stretch === bright?.stretch && dark.stretch === edge?.stretch, 'one stretch for all three');
  assert.equal(JSON.parse(dark.stretch).rule, 'cumulative-cut');
  assert.equal(first.get(picture.name)?.stretch, '');
  assert.ok(Math.abs(Number(edge?.no_data_share) - 20 / SIDE_PX) < 0.01 && dark.no_data_share === '0', edge?.no_data_share);
  const card = async (/** @type {string} */ name) => (await seen.cards()).find((found) => found.name === name);
  assert.match((await card('edge.tif'))?.notes ?? '', /31 % of the tile is without data/);
  assert.match((await card('dark.tif'))?.notes ?? '', /the middle 96 % of them/);

  const panel = page.locator('#stretches details');
  assert.match(await panel.locator('summary').innerText(), /3 rasters of 4 bands \(16 bits, unsigned integers\): bands 1, 2 and 3 as red, green and blue, .* from black to white/);
  await panel.locator('summary').click();
  await panel.locator('svg.histogram').waitFor();
  assert.match(await panel.locator('.notes').innerText(), /Band 4 is left out/);
  await seen.screenshot('rasters');

  // Infrared as red, as foresters like it; the range follows.
  await panel.locator('select').first().selectOption('4');
  // The choice is taken once the files were looked at, which begins after the choice.
  await page.locator('article.tile[data-name="bright.tif"] .notes', { hasText: 'as you chose' }).waitFor({ state: 'attached' });
  await bench.settled();
  let stretch = JSON.parse((await rows()).get('bright.tif')?.stretch ?? '');
  assert.deepEqual([stretch.bands, stretch.rule], [[4, 2, 3], 'cumulative-cut']);
  assert.match((await card('bright.tif'))?.notes ?? '', /Bands 4, 2 and 3 serve as red, green and blue, as you chose/);
  await panel.getByLabel('Range').selectOption('min-max');
  await bench.settled();
  assert.equal(JSON.parse((await rows()).get('dark.tif')?.stretch ?? '').rule, 'min-max');
  await panel.getByLabel('Black is').fill('0');
  await panel.getByLabel('White is').fill('50');
  await panel.getByLabel('White is').press('Enter');
  await bench.settled();
  stretch = JSON.parse((await rows()).get('dark.tif')?.stretch ?? '');
  assert.deepEqual([stretch.rule, stretch.ranges[1]], ['fixed', { black: 0, white: 50 }]);
  await page.locator('article.tile[data-name="dark.tif"] .notes', { hasText: 'beyond the range' }).waitFor({ state: 'attached' });
  assert.match((await card('dark.tif'))?.notes ?? '', /100 % of its pixels lie beyond the range that is shown/);

  // The reader is kept with the rest of the page.
  await keptForOffline(page);
  await site.stop();
  seen.expectsProblems = true;
  await page.reload();
  await seen.ready();
  await bench.drop([{ path: files[0] }]);
  assert.match((await card('dark.tif'))?.notes ?? '', /the middle 96 % of them/);
  await close();
});

test('the choice is kept in the project, in its file and in the head that was trained on such tiles', options, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const files = (await scenes(t)).map((file) => ({ path: file }));
  await bench.drop(files);
  await bench.makeClasses(['A', 'B']);
  const panel = page.locator('#stretches details');
  await panel.locator('summary').click();
  await panel.getByLabel('Black is').fill('0');
  await panel.getByLabel('White is').fill('4000');
  await panel.getByLabel('White is').press('Enter');
  await bench.settled();
  await bench.focusTile(0);
  for (const key of ['1', '2', '1']) await page.keyboard.press(key);
  await bench.set({ augmentation: false, epochs: 3 });
  await bench.train();
  await bench.saved();
  const stretches = async () => (await seen.results()).map((row) => JSON.parse(row.stretch || '{}').ranges?.[0].white);
  const notes = async () => (await seen.cards()).map((card) => card.notes);
  assert.deepEqual(await stretches(), [4000, 4000, 4000]);
  assert.ok((await notes()).every((note) => !note.includes('colours were made otherwise')), 'the head learnt from tiles of this look');

  await page.reload();
  await seen.ready();
  await bench.settled();
  assert.deepEqual(await stretches(), [4000, 4000, 4000]);
  const archive = await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', archive);
  await seen.settled(files.length);
  assert.deepEqual(await stretches(), [4000, 4000, 4000]);

  // Another look than that of the tiles which the head learnt from is said on each tile.
  await page.locator('#stretches details summary').click();
  await page.locator('#stretches details').getByLabel('Range').selectOption('min-max');
  await bench.settled();
  assert.ok((await notes()).every((note) => note.includes('colours were made otherwise')), (await notes()).join('\n'));
  await page.getByRole('button', { name: 'that the model has learnt' }).click();
  await bench.settled();
  assert.deepEqual(await stretches(), [4000, 4000, 4000]);
  await close();
});

test('page and command line give the same class', { ...options, skip: !existsSync(COMMAND_LINE) && 'the command line is not built: cargo build --release' }, async (t) => {
  const names = ['uint16.tif', 'planet.tif', 'sentinel-2.tif', 'nodata-int16.tif', 'palette.tif', 'jpeg-ycbcr.tif', 'float32.tif', 'infrared-as-alpha.tif'];
  const files = [...names.map((name) => path.join(FIXTURES, name)), ...(await scenes(t)), path.join(ROOT, 'tests/fixtures/images/deep.png')];
  const head = ['--model', 'models/overhead.safetensors', '--head', 'models/overhead-scenes.safetensors'];
  const { stdout } = await promisify(execFile)(COMMAND_LINE, ['classify', ...head, ...files], { cwd: ROOT });
  const expected = new Map(Papa.parse(stdout, { header: true, skipEmptyLines: true }).data.map((row) => [path.basename(/** @type {any} */ (row).file), /** @type {any} */ (row)]));
  const { visit: seen, bench, close } = await openBench(t);
  await bench.drop(files.map((file) => ({ path: file })));
  for (const row of await seen.results()) {
    const wanted = expected.get(row.file);
    assert.equal(row.class, wanted.class, row.file);
    assert.ok(Math.abs(Number(row.confidence) - Number(wanted.confidence)) < 1e-3, `${row.file}: ${row.confidence} for ${wanted.confidence}`);
  }
  await close();
});

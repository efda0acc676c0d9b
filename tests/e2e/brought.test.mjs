/** What people bring: folders with clutter, years below classes, archives of images, what Teachable Machine saved. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { zip } from '../project/zip-bench.mjs';
import { drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, temporaryFolder } from './harness.mjs';

/** @typedef {import('./harness.mjs').TestContext} TestContext */
/** @typedef {import('./fine-tuning-harness.mjs').Bench} Bench */

/**
 * Files in a folder of their own: tiles by their names, or text.
 * @param {TestContext} t
 * @param {Record<string, string | null>} files the path of each, and its text; null for a tile
 */
async function folderOf(t, files) {
  const root = path.join(await temporaryFolder(t), 'data');
  const tiles = await drawnTiles(t, 12, ['any']);
  for (const [index, [name, text]] of Object.entries(files).entries()) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (text === null) await copyFile(tiles[index % tiles.length].path, file);
    else await writeFile(file, text);
  }
  return root;
}

/** The names of the classes and how many tiles each has. @param {Bench} bench */
async function classes(bench) {
  const counts = await bench.counts();
  const names = await bench.page.locator('.class-name').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value));
  return Object.fromEntries(names.map((name, index) => [name, counts[index]]));
}

/** @param {Bench} bench @param {string} name */
async function choose({ page }, name) {
  await page.locator('.notice').getByRole('button', { name }).click();
}

/** @param {Bench} bench @param {string} name of the last class */
async function hasClass({ page }, name) {
  await page.locator(`.class-name[aria-label="Name of the class ${name}"]`).waitFor();
}

test('clutter in a folder is skipped in one line, and splits and both spellings of an accent are seen through', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const root = await folderOf(t, {
    'train/E\u0301tang/1.bmp': null,
    'train/sea/2.bmp': null,
    'test/\u00c9tang/3.bmp': null,
    'test/sea/4.bmp': null,
    'labels.csv': 'x',
    'train/sea/2.jgw': 'x',
    '@eaDir/2.bmp': null,
  });
  await page.setInputFiles('#folder-input', root);
  await seen.settled(4);
  await page.locator('.notice').getByText(/^Skipped 3 that are no tiles: 1 of the system \(such as .*\), 1 beside rasters \(such as .*\), 1 texts and tables/).waitFor();
  assert.equal((await seen.cards()).length, 4);
  await page.click('#label-by-folder');
  await hasClass(bench, '\u00c9tang');
  assert.deepEqual(await classes(bench), { sea: 2, '\u00c9tang': 2 });
  await page.locator('.notice').getByText(/The folders are read as splits: `train` for training \(2 tiles\), `test` for test/).waitFor();
  await close();
});

test('years below classes are shown, and the user chooses before anything is labelled', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const root = await folderOf(t, { 'forest/2019/1.bmp': null, 'forest/2020/2.bmp': null, 'river/2019/3.bmp': null, 'sea/2020/4.bmp': null });
  await page.setInputFiles('#folder-input', root);
  await seen.settled(4);
  await page.click('#label-by-folder');
  await page.locator('.notice').getByText('3 classes by the first folder: forest, river, sea; by the last: 2: 2019, 2020. Which folder names the class?').waitFor();
  assert.deepEqual(await classes(bench), {}, 'nothing is labelled yet');
  await seen.screenshot('two-readings');
  await choose(bench, 'Label by the first folder');
  await hasClass(bench, 'sea');
  assert.deepEqual(await classes(bench), { forest: 2, river: 1, sea: 1 });
  await close();
});

test('a zip of images is offered as tiles with their folders as labels, and a damaged picture is named', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const [one, other, third] = await Promise.all((await drawnTiles(t, 3, ['any'])).map(async ({ path: file }) => new Blob([await readFile(file)])));
  const archive = await zip([
    { name: 'land/forest/1.bmp', content: one, level: 9 },
    { name: 'land/sea/2.bmp', content: other, level: 0 },
    { name: 'land/sea/3.bmp', content: third, level: 0 },
    { name: '__MACOSX/land/forest/._1.bmp', content: 'x' },
    { name: 'land/README.txt', content: 'x' },
    { name: 'land/paper.pdf', content: 'x' },
  ]);
  const bytes = Buffer.from(await archive.arrayBuffer());
  const damaged = Buffer.from(await third.arrayBuffer());
  bytes[bytes.indexOf(damaged) + 100] ^= 0xff;
  const file = path.join(await temporaryFolder(t), 'download.zip');
  await writeFile(file, bytes);
  await seen.drop([file]);
  const offer = page.locator('.notice').filter({ hasText: '“download.zip” is no project: it holds 3 images, 2 classes by folder: forest, sea.' });
  await offer.waitFor();
  assert.match(await offer.innerText(), /Skipped 2 that are no tiles: .* 1 other file in it is left out\./);
  await seen.screenshot('archive-offer');
  assert.equal(await page.locator('article.tile').count(), 0);
  await choose(bench, 'Add with labels');
  await seen.settled(2);
  await hasClass(bench, 'sea');
  assert.deepEqual(await classes(bench), { forest: 1, sea: 1 });
  await page.locator('.notice').getByText(/“download\/land\/sea\/3\.bmp” is left out\. The archive is damaged/).waitFor();
  await close();
});

test("what Teachable Machine's users have comes over with its labels", { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, bench, close } = await openBench(t);
  const contents = await Promise.all((await drawnTiles(t, 4, ['any'])).map(async ({ path: file }) => new Blob([await readFile(file)])));
  const folder = await temporaryFolder(t);
  const manifest = { type: 'image', version: '2.4.5', appdata: { publishResult: {}, trainEpochs: 50, trainBatchSize: 16, trainLearningRate: 0.001 } };
  const project = await zip([
    { name: 'manifest.json', content: JSON.stringify(manifest) },
    ...['Sea coast-!-0.bmp', 'Sea coast-!-1.bmp', 'Forest-!-0.bmp'].map((name, index) => ({ name, content: contents[index] })),
  ]);
  // "Download samples" gives a zip for each class, with its pictures and no folder.
  const samples = await zip([{ name: '0.bmp', content: contents[3] }]);
  await writeFile(path.join(folder, 'project.tm'), Buffer.from(await project.arrayBuffer()));
  await writeFile(path.join(folder, 'Vineyard.zip'), Buffer.from(await samples.arrayBuffer()));
  await seen.drop([path.join(folder, 'project.tm')]);
  await choose(bench, 'Add with labels');
  await seen.settled(3);
  await hasClass(bench, 'Sea coast');
  assert.deepEqual(await classes(bench), { Forest: 1, 'Sea coast': 2 });
  await seen.drop([path.join(folder, 'Vineyard.zip')]);
  await choose(bench, 'Add with labels');
  await seen.settled(4);
  await hasClass(bench, 'Vineyard');
  assert.deepEqual(await classes(bench), { Forest: 1, 'Sea coast': 2, Vineyard: 1 });
  await close();
});

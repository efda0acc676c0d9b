/** One backbone and several heads on it, none, and a project whose head belongs to another. */
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { test } from 'node:test';
import { exportArchive, importArchive } from '../../www/project/archive.js';
import { withManifest } from '../project/zip-bench.mjs';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, fromMenu, openMenuOf, temporaryFile } from './harness.mjs';
import { listedModels, onOtherBackbone, parts } from './site-models.mjs';

const options = { timeout: SLOW_MS };
const OWN_CLASSES = 'own-classes';

/** @param {import('./fine-tuning-harness.mjs').Bench} bench @param {string} id */
async function choose(bench, id) {
  await bench.page.selectOption('#model-picker', id);
  await bench.settled();
}

test('the backbone is fetched once, and another head answers from the features that are there', options, async (t) => {
  // A service worker would fetch it for its copy, besides.
  const { visit: seen, page, bench, close } = await openBench(t, { serviceWorkers: 'block' });
  const tiles = await drawnTiles(t, 6);
  await bench.drop(tiles);
  const { backbone, heads } = await listedModels();
  const before = await bench.answers();
  await choose(bench, OWN_CLASSES);
  const without = await seen.cards();
  assert.deepEqual([...new Set(without.map(({ state, className }) => `${state} ${className}`))], ['done ']);
  assert.match(without[0].text, /No classes yet: label some/);
  await openMenuOf(page, '#model-description');
  assert.match(await bench.text('#model-description'), /label some tiles of each class/);
  await seen.screenshot('own-classes');
  await choose(bench, heads[0].id);
  const rows = await seen.results();
  assert.deepEqual([...new Set(rows.map(({ decode_ms: decodeMs }) => decodeMs))], ['0'], 'no tile was decoded again');
  const again = await bench.answers();
  for (const [name, { className, confidence }] of before) {
    assert.equal(again.get(name)?.className, className);
    assert.ok(Math.abs((again.get(name)?.confidence ?? 0) - confidence) < 1e-5);
  }
  const fetched = seen.files.filter((file) => file === backbone.url);
  assert.equal(fetched.length, 1, `${backbone.url} was fetched ${fetched.length} times`);
  assert.ok((await page.locator('#model-picker option').count()) >= heads.length + 1);
  await close();
});

test('with no classes but the own ones: tiles are compared, labelled, learnt from, and the head comes back', options, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  await choose(bench, OWN_CLASSES);
  const tiles = await drawnTiles(t, 8);
  await bench.drop(tiles);
  await page.locator('article.tile .similar').first().click();
  await page.locator('#spotlight').getByText(/Most like/).waitFor();
  await page.getByRole('button', { name: 'Show all tiles' }).click();
  await page.click('#label-next');
  await page.locator('#spotlight').getByText(/What to label next: 32 tiles/).waitFor();
  await page.getByRole('button', { name: 'Show all tiles' }).click();
  await bench.makeClasses(CLASSES);
  await bench.labelByKeys(tiles);
  await bench.train();
  assert.match(await bench.report(), /% correct/);
  const trained = await bench.answers();
  const right = tiles.filter(({ name, className }) => trained.get(name)?.className === className);
  assert.ok(right.length > tiles.length * 0.9, `${right.length} of ${tiles.length}`);
  await bench.saved();
  await page.reload();
  await seen.ready();
  await bench.settled();
  const back = await bench.answers();
  for (const [name, { className }] of trained) assert.equal(back.get(name)?.className, className);
  await close();
});

test('the mean over eight views is asked for by a click', options, async (t) => {
  const { visit: seen, bench, close } = await openBench(t);
  await bench.drop(await drawnTiles(t, 3));
  const one = await bench.answers();
  await openMenuOf(seen.page, '#average-views');
  await seen.page.check('#average-views');
  await bench.settled();
  const mean = await bench.answers();
  assert.ok([...one].some(([name, { confidence }]) => Math.abs((mean.get(name)?.confidence ?? 0) - confidence) > 1e-4), 'the answers are others');
  await openMenuOf(seen.page, '#average-views');
  await seen.page.uncheck('#average-views');
  await bench.settled();
  for (const [name, { confidence }] of await bench.answers()) assert.ok(Math.abs((one.get(name)?.confidence ?? 0) - confidence) < 1e-5);
  await close();
});

test('a backbone, a head and a whole model of the user work', options, async (t) => {
  const { backbone, head, whole } = await parts();
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  await bench.drop(tiles);
  const before = await bench.answers();
  const open = async (/** @type {Uint8Array} */ bytes) => {
    await page.locator('#model-file').setInputFiles(await temporaryFile(t, 'mine.safetensors', bytes));
    await openMenuOf(page, '#model-description');
    await page.locator('#model-description').getByText(/Your own model/).waitFor();
    await page.keyboard.press('Escape');
    await bench.settled();
  };
  await open(backbone);
  assert.ok([...(await bench.answers()).values()].every(({ className }) => className === ''), 'a backbone has no classes');
  await open(head);
  for (const [name, { className }] of await bench.answers()) assert.equal(className, before.get(name)?.className);
  await open(onOtherBackbone(whole));
  for (const [name, { className }] of await bench.answers()) assert.equal(className, before.get(name)?.className);
  // A head that is trained on it is kept with it.
  await bench.makeClasses(CLASSES);
  await bench.labelByKeys(tiles);
  await bench.set({ epochs: 3, augmentation: false });
  await bench.train();
  await bench.saved();
  await page.reload();
  await seen.ready();
  await page.getByRole('button', { name: 'Use the old model' }).click();
  await openMenuOf(page, '#model-description');
  await page.locator('#model-description').getByText(/Your own model, read in this page: 4 classes/).waitFor();
  await close();
});

test('an old project, whose head belongs to a different backbone, opens with its labels and is trained anew', options, async (t) => {
  const { whole } = await parts();
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 6);
  await bench.dropAndLabel(tiles);
  await bench.set({ epochs: 5, augmentation: false });
  await bench.saved();
  const exported = await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  const old = await oldProject(exported, onOtherBackbone(whole));
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', await temporaryFile(t, 'old.zip', old));
  const notice = page.locator('.notice', { hasText: 'belongs to a different backbone' });
  await notice.waitFor();
  // The notice may come before the first tile is at work.
  await page.waitForFunction(() => {
    const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#tile-grid article.tile')]);
    return cards.length > 0 && cards.every(({ dataset }) => dataset.state === 'done');
  });
  await bench.settled();
  assert.deepEqual(await bench.counts(), CLASSES.map(() => 6), 'every label is there');
  assert.ok((await seen.cards()).every(({ className }) => className !== ''), 'the model of the site answers');
  await seen.screenshot('another-backbone');
  await notice.getByRole('button', { name: 'Train a new head' }).click();
  await page.waitForFunction(() => /^Trained/.test(document.querySelector('#training-status')?.textContent ?? ''), null, { timeout: SLOW_MS });
  await bench.settled();
  const trained = [...(await bench.answers()).values()];
  assert.ok(trained.every(({ className }) => CLASSES.includes(className)), 'the new head answers');
  await close();
});

/**
 * The exported project as a page of the first version wrote it, with a head on another backbone.
 * @param {string} exported
 * @param {Uint8Array} model
 */
async function oldProject(exported, model) {
  const { project } = await importArchive(await openAsBlob(exported));
  project.models = { current: new Blob([new Uint8Array(model)]) };
  const archive = await withManifest(await exportArchive(project), (manifest) => ({
    ...manifest,
    version: 1,
    tiles: manifest.tiles.map((/** @type {any} */ { source, ...tile }) => ({ file: source.file, ...tile })),
  }));
  return new Uint8Array(await archive.arrayBuffer());
}

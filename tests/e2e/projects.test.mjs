/** Several projects in one browser, each with its tiles, labels and head. */
import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { test } from 'node:test';
import { CLASSES, assertSameAnswers, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, fromMenu, selectInMenu, temporaryFile } from './harness.mjs';

/** @param {import('./fine-tuning-harness.mjs').Bench} bench @param {string} name @param {import('./fine-tuning-harness.mjs').LabelledTile[]} tiles @param {string[]} classNames */
async function makeProject(bench, name, tiles, classNames) {
  await bench.page.fill('#project-name', name);
  await bench.page.keyboard.press('Enter');
  await bench.dropAndLabel(tiles, classNames);
  await bench.set({ augmentation: false });
}

test('two projects keep their own tiles, labels, heads and names', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const first = await drawnTiles(t, 6, CLASSES.slice(0, 2));
  await makeProject(bench, 'First', first, CLASSES.slice(0, 2));
  await bench.train();
  await bench.saved();
  const ofFirst = await bench.answers();

  await fromMenu(page, '#new-project');
  await seen.holds(0);
  assert.equal(await page.inputValue('#project-name'), '');
  assert.deepEqual(await bench.counts(), []);
  const second = (await drawnTiles(t, 6)).filter(({ className }) => !CLASSES.slice(0, 2).includes(className));
  await makeProject(bench, 'Second', second, CLASSES.slice(2));
  await bench.train();
  await bench.saved();
  const ofSecond = await bench.answers();
  assert.deepEqual(await page.locator('#project-picker option').allTextContents(), ['Second (12 tiles)', 'First (12 tiles)']);

  /** @param {string} name @param {Map<string, any>} answers */
  const shows = async (name, answers) => {
    await page.waitForFunction((wanted) => /** @type {HTMLInputElement} */ (document.querySelector('#project-name')).value === wanted, name);
    await page.waitForFunction((names) => names.every((one) => document.querySelector(`article.tile[data-name="${one}"]`)), [...answers.keys()]);
    await bench.settled();
    assertSameAnswers(await bench.answers(), answers, 1e-6);
  };
  await selectInMenu(page, '#project-picker', { label: 'First (12 tiles)' });
  await shows('First', ofFirst);
  await page.reload();
  await seen.ready();
  await shows('First', ofFirst);
  await selectInMenu(page, '#project-picker', { label: 'Second (12 tiles)' });
  await shows('Second', ofSecond);

  page.on('dialog', (dialog) => dialog.accept());
  await fromMenu(page, '#delete-project');
  await seen.holds(0);
  await page.locator('#undo-offer').getByRole('button', { name: 'Undo' }).click();
  await shows('Second', ofSecond);
  await fromMenu(page, '#delete-project');
  await seen.holds(0);
  await page.locator('#undo-offer').getByRole('button', { name: 'Dismiss' }).click();
  await selectInMenu(page, '#project-picker', { label: 'First (12 tiles)' });
  await shows('First', ofFirst);
  await close();
});

test('tiles that were removed are gone after a reload, and those that came back are not', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  await bench.drop(tiles);
  await bench.makeClasses(CLASSES);
  await bench.saved();
  const remove = (/** @type {number} */ index) => page.locator(`article.tile[data-name="${tiles[index].name}"] .remove`).click();
  await remove(0);
  await remove(1);
  await bench.saved();
  await page.keyboard.press('Control+z');
  await bench.settled();
  await bench.saved();
  await page.reload();
  await seen.ready();
  await bench.settled();
  const names = [...(await bench.answers()).keys()].sort();
  assert.deepEqual(names, tiles.slice(1).map(({ name }) => name).sort());
  await close();
});

test('a project that is opened in mid-training does not get the head of the other one', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  await makeProject(bench, 'First', await drawnTiles(t, 6, CLASSES.slice(0, 2)), CLASSES.slice(0, 2));
  await bench.set({ epochs: 10000, patience: 1000, learningRate: 1e-5 });
  await bench.saved();
  await page.click('#train');
  await page.locator('#training-status').getByText(/epoch \d+ of at most 10000/).waitFor();
  await fromMenu(page, '#new-project');
  await page.locator('.notice').getByText('Another project was opened meanwhile').waitFor();
  await bench.reaches('idle');
  assert.equal(await page.locator('#report-panel').evaluate((panel) => /** @type {HTMLElement} */ (panel).hidden), true);
  assert.equal(await page.locator('#take-away-panel').evaluate((panel) => /** @type {HTMLElement} */ (panel).hidden), true);
  await close();
});

test('an imported project keeps its pictures, and a label that is undone at once stays undone', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  await makeProject(bench, 'Pictures', tiles, CLASSES);
  await bench.saved();
  const archive = await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', archive);
  await seen.holds(tiles.length);
  await bench.settled();
  await bench.saved();
  await page.locator('article.tile input.select').first().focus();
  await page.keyboard.press('4');
  await page.keyboard.press('Control+z');
  await bench.drawn();
  await bench.saved();
  await page.reload();
  await seen.ready();
  await bench.settled();
  assert.equal((await seen.cards()).filter(({ hasPicture }) => hasPicture).length, tiles.length);
  assert.deepEqual(await bench.counts(), [2, 2, 2, 2]);

  // After a filter the keyboard still reaches what is shown, and what is hidden is not selected.
  await page.locator('article.tile .picture').first().click();
  await page.selectOption('#filter-label', { label: 'parking' });
  await bench.drawn();
  assert.equal(await page.locator('#selection').isVisible(), false);
  assert.equal(await page.locator('article.tile input.select[tabindex="0"]').count(), 1);
  await close();
});

test('a file that is too large for a tile does not spoil the project file', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  await bench.drop(tiles);
  const large = await temporaryFile(t, 'scene.tif', '');
  await truncate(large, 201e6);
  await bench.drop([{ path: large }]);
  const card = (await seen.cards()).find(({ name }) => name === 'scene.tif');
  assert.match(card?.error ?? '', /has 201 MB; a tile may have at most 200 MB\. Cut it into tiles first/);
  await bench.makeClasses(CLASSES);
  await bench.saved();
  const exported = await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  await page.locator('.notice').getByText(/the tile “scene\.tif” is not in it, being larger than a tile may be/).waitFor();
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', exported);
  await seen.settled(tiles.length);
  assert.equal((await seen.cards()).length, tiles.length);
  await close();
});

/** What goes wrong while a user labels and trains is said, and no label and no head is lost. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Bench, CLASSES, assertSameAnswers, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, WEBGPU, WITHOUT_WEBGPU, fromMenu, openMenuOf, selectInMenu, serve, temporaryFolder, visit } from './harness.mjs';
import { REACHABLE_GPU, loseGpu, shimWorkers } from './worker-shim.mjs';

test('an absurd learning rate is told, and the head before stays', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  await bench.dropAndLabel(await drawnTiles(t, 30));
  await bench.set({ augmentation: false });
  await bench.train();
  const before = await bench.answers();
  // Adam's steps are as long as the rate: the logits are beyond every number at once.
  await bench.set({ learningRate: 1e25 });
  await bench.train();
  await page.locator('.notice').filter({ hasText: /Training stopped: training diverged in epoch 1: choose a lower learning_rate/ }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Use the best head so far' }).count(), 0, 'there was none');
  assertSameAnswers(await bench.answers(), before, 0);
  await close();
});

test('classes of one tile, and copies of one picture alone, are trained and not judged', { timeout: SLOW_MS }, async (t) => {
  const { bench, close } = await openBench(t);
  const [forest, water] = await drawnTiles(t, 1, CLASSES.slice(0, 2));
  await bench.drop([forest, water, forest, water]);
  await bench.makeClasses(CLASSES.slice(0, 2));
  await bench.labelByKeys([forest, water, forest, water]);
  assert.deepEqual(await bench.counts(), [2, 2]);
  await bench.set({ augmentation: false });
  await bench.train();
  assert.match(await bench.report(), /No tiles could be held out/);
  const answers = await bench.answers();
  assert.equal(answers.get(forest.name)?.className, 'forest');
  await close();
});

test('a GPU that is lost in mid-training costs no label, and the best head so far can be used', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const prepare = (/** @type {import('playwright-core').Page} */ page) => shimWorkers(page, () => REACHABLE_GPU);
  const { visit: seen, page, bench, close } = await openBench(t, { query: '?device=webgpu', flags: WEBGPU, serviceWorkers: 'block', prepare });
  seen.expectsProblems = true;
  const tiles = await drawnTiles(t, 25, CLASSES.slice(0, 4));
  // The features of a hundred tiles would take the software GPU minutes; those of the CPU are the same to 1e-3, and what
  // is saved of them is given to the new engine.
  await selectInMenu(page, '#device-picker', 'cpu');
  await seen.ready();
  await bench.dropAndLabel(tiles);
  await bench.drawn();
  await bench.saved();
  await selectInMenu(page, '#device-picker', 'webgpu');
  await page.waitForSelector('html[data-engine="loading"]', { state: 'attached' });
  await seen.ready();
  await bench.settled();
  await bench.set({ augmentation: false, epochs: 10000, patience: 1000, learningRate: 1e-4, device: 'webgpu' });
  await page.click('#train');
  await page.locator('#training-status').getByText(/epoch \d+ of at most 10000/).waitFor();
  await page.waitForFunction(() => /best so far: epoch [2-9]/.test(document.querySelector('#training-status')?.textContent ?? ''));
  const [worker] = page.workers();
  await loseGpu(worker);
  await page.locator('.notice').getByText('Training stopped').waitFor();
  await bench.reaches('idle');
  await seen.screenshot('gpu-lost-in-training');
  assert.deepEqual(await bench.counts(), [25, 25, 25, 25], 'every label is there');
  await seen.ready();
  await page.getByRole('button', { name: 'Use the best head so far' }).click();
  await page.waitForFunction(() => !document.querySelector('#report-panel')?.hasAttribute('hidden'));
  assert.match(await bench.report(), /held out/);
  await close();
});

test('a tab that is closed in mid-training loses no label', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const profile = await temporaryFolder(t);
  const tiles = await drawnTiles(t, 6);
  const first = await visit(t, url, { query: '?device=cpu', profile });
  await first.visit.ready();
  const bench = new Bench(first.visit);
  await bench.dropAndLabel(tiles);
  await bench.set({ epochs: 10000, patience: 1000, learningRate: 1e-5, augmentation: false });
  await first.page.click('#train');
  await bench.reaches('training');
  await first.page.locator('article.tile input.select').first().focus();
  await first.page.keyboard.press('2');
  // A tab that is closed asks while it saves.
  await bench.drawn();
  await bench.saved();
  await first.page.close();
  await first.close();

  const second = await visit(t, url, { query: '?device=cpu', profile });
  await second.visit.ready();
  const again = new Bench(second.visit);
  await second.visit.settled(tiles.length);
  assert.deepEqual(await again.counts(), [5, 7, 6, 6]);
  await second.close();
});

test('a full disk is told once, and what was labelled is saved when there is room again', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 4);
  const session = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 20_000 });
  await bench.dropAndLabel(tiles);
  await page.locator('.notice').getByText('The browser has no room left').first().waitFor();
  assert.equal(await page.locator('.notice').count(), 1);
  assert.deepEqual(await bench.counts(), [4, 4, 4, 4], 'the page goes on');
  await seen.screenshot('disk-full');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  // What is computed in the background may have tried again before the user does.
  await Promise.race([bench.saved(), page.getByRole('button', { name: 'Try again' }).click().catch(() => undefined)]);
  await bench.saved();
  await page.reload();
  await seen.ready();
  await seen.settled(tiles.length);
  assert.deepEqual(await bench.counts(), [4, 4, 4, 4]);
  await close();
});

test('where the browser stores nothing the page says so, trains and exports', { timeout: SLOW_MS }, async (t) => {
  const forbid = (/** @type {import('playwright-core').Page} */ page) =>
    page.addInitScript(() => {
      const refuse = () => {
        throw new DOMException('The user denied permission to access the database.', 'SecurityError');
      };
      IDBFactory.prototype.open = refuse;
      Storage.prototype.getItem = refuse;
      Storage.prototype.setItem = refuse;
    });
  const { page, bench, close } = await openBench(t, { prepare: forbid });
  await page.locator('.notice').getByText('does not let this page save anything').waitFor();
  const tiles = await drawnTiles(t, 4);
  await bench.dropAndLabel(tiles);
  await bench.set({ augmentation: false });
  await bench.train();
  const download = await bench.download(() => fromMenu(page, '#export-project'));
  assert.ok((await readFile(await download.path())).length > 100_000);
  await close();
});

test('files that were moved away keep nothing else out of a project file, nor do deleted site data', { timeout: SLOW_MS }, async (t) => {
  // Of its own: the storage of a private window, which the tests share otherwise, keeps no copies of files.
  const { visit: seen, page, bench, close } = await openBench(t, { profile: await temporaryFolder(t) });
  page.on('dialog', (dialog) => dialog.accept());
  const tiles = await drawnTiles(t, 4);
  await bench.dropAndLabel(tiles);
  await bench.set({ augmentation: false, epochs: 5 });
  await bench.train();
  await bench.saved();
  const exportRest = async (/** @type {RegExp} */ said) => {
    await fromMenu(page, '#export-project');
    const notice = page.locator('.notice', { hasText: said });
    await notice.waitFor();
    await seen.screenshot('export-the-rest');
    return (await bench.download(() => notice.getByRole('button', { name: 'Export the rest' }).click())).path();
  };
  await rm(tiles[0].path);
  const withoutOne = await exportRest(/^The tile “.*” can no longer be read.*Reload the page/);

  // From now on the files are those of the storage, which has a copy of the one that was moved, until it is deleted, too.
  await page.reload();
  await seen.ready();
  await seen.settled(tiles.length);
  // Written to its end: Chromium does not delete what is being read.
  await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(page.url()).origin, storageTypes: 'indexeddb' });
  await page.locator('.notice').getByText('The browser closed its storage').waitFor();
  await openMenuOf(page, '#project-status');
  assert.equal(await bench.text('#project-status'), 'Not saved.');
  const withoutAll = await exportRest(/^16 tiles, of which “.*” is the first, and a trained head can no longer be read.*export again/);
  const rows = await seen.results();
  for (const { name, className } of tiles) {
    const found = rows.find(({ file }) => file.endsWith(name));
    assert.equal(found?.label, className, name);
  }

  await page.reload();
  await seen.ready();
  await seen.holds(0);
  await page.setInputFiles('#project-file', withoutOne);
  await seen.settled(tiles.length - 1);
  assert.deepEqual(await bench.counts(), [3, 4, 4, 4]);
  await bench.showReport();
  await page.locator('#report').waitFor();
  await page.setInputFiles('#project-file', withoutAll);
  await seen.holds(0);
  assert.deepEqual(await bench.counts(), [0, 0, 0, 0], 'the classes are there');
  await page.locator('#report-panel[hidden]').waitFor({ state: 'attached' });
  await close();
});

test('a project file that cannot be read changes nothing', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  await bench.dropAndLabel(tiles);
  await bench.saved();
  const whole = await readFile(await (await bench.download(() => fromMenu(page, '#export-project'))).path());
  const folder = await temporaryFolder(t);
  const bad = {
    'truncated.zip': { bytes: whole.subarray(0, whole.length / 2), says: /archive is not complete/ },
    'text.zip': { bytes: Buffer.from('no zip at all'), says: /zip|project/ },
  };
  for (const [name, { bytes, says }] of Object.entries(bad)) {
    await writeFile(path.join(folder, name), bytes);
    await page.setInputFiles('#project-file', path.join(folder, name));
    const notice = page.locator('.notice p').last();
    await notice.waitFor();
    assert.match(await notice.innerText(), says, name);
    await page.getByRole('button', { name: 'Dismiss' }).last().click();
    assert.deepEqual(await bench.counts(), [2, 2, 2, 2], name);
  }
  await close();
});

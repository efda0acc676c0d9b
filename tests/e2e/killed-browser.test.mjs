/** A browser that is killed keeps what the page has called saved, whole. */
import assert from 'node:assert/strict';
import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Bench, CLASSES, drawnTiles } from './fine-tuning-harness.mjs';
import { SLOW_MS, serve, temporaryFolder, visit } from './harness.mjs';

/**
 * Ends the browser of a profile as a lack of power does. Its lock names its process.
 * @param {string} profile
 */
async function kill(profile) {
  const lock = await readlink(path.join(profile, 'SingletonLock'));
  process.kill(Number(lock.slice(lock.lastIndexOf('-') + 1)), 'SIGKILL');
}

/**
 * @param {import('./harness.mjs').TestContext} t
 * @param {(first: { page: import('playwright-core').Page, bench: Bench, tiles: import('./fine-tuning-harness.mjs').LabelledTile[] }) => Promise<void>} work until the kill
 */
async function keptAfter(t, work) {
  const url = await serve(t);
  const profile = await temporaryFolder(t);
  const tiles = await drawnTiles(t, 10);
  const first = await visit(t, url, { query: '?device=cpu', profile });
  await first.visit.ready();
  await work({ page: first.page, bench: new Bench(first.visit), tiles });
  const closed = first.page.context().waitForEvent('close');
  await kill(profile);
  await closed;

  const second = await visit(t, url, { query: '?device=cpu', profile });
  await second.visit.ready();
  return { ...second, bench: new Bench(second.visit), tiles };
}

test('killed in mid-training: labels and settings are there, and training begins anew', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, tiles, close } = await keptAfter(t, async ({ page: before, bench: first, tiles: all }) => {
    await first.dropAndLabel(all);
    await first.set({ epochs: 10_000, patience: 1000, learningRate: 1e-5, augmentation: false });
    await before.click('#train');
    await before.locator('#training-status').getByText(/epoch \d+ of at most 10000/).waitFor();
    await first.saved();
  });
  await seen.settled(tiles.length);
  assert.deepEqual(await bench.counts(), [10, 10, 10, 10]);
  await bench.set({ epochs: 5 });
  assert.equal(await page.inputValue('#setting-learningRate'), '0.00001');
  await bench.train();
  assert.match(await bench.text('#training-status'), /Trained 5 epochs/);
  await close();
});

test('killed in mid-save: what was called saved is there, and no tile is there by halves', { timeout: SLOW_MS }, async (t) => {
  let savedTiles = 0;
  const { visit: seen, page, bench, tiles, close } = await keptAfter(t, async ({ page: before, bench: first, tiles: all }) => {
    await first.makeClasses(CLASSES);
    await first.drop(all.slice(0, 4));
    await first.labelByKeys(all.slice(0, 4));
    await first.saved();
    savedTiles = 4;
    // The others are being written when the end comes.
    await first.seen.drop(all.slice(4).map((tile) => tile.path));
    await before.waitForSelector('html[data-project="saving"]', { state: 'attached' });
  });
  await page.locator('#label-count').getByText('4 of').waitFor();
  const shown = await page.locator('#batch-bar').evaluate((bar) => /** @type {HTMLProgressElement} */ (bar).max);
  assert.ok(shown >= savedTiles && shown <= tiles.length, `${shown} tiles`);
  await seen.settled(shown);
  assert.deepEqual(await bench.counts(), [4, 0, 0, 0]);
  const cards = await seen.cards();
  assert.deepEqual(cards.filter(({ state }) => state !== 'done'), [], 'every tile has its file');
  await close();
});

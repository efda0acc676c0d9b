/** An engine that traps, in a helper or in mid-training, costs no tile and no label. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS, serve, temporaryFolder, tiles } from './harness.mjs';
import { siteWithTightEngine } from './tight-engine.mjs';

/** 64 MB: enough for the network and ordinary tiles. */
const TIGHT_PAGES = 1000;

/** As a trap in WebAssembly ends it: by an error that nobody awaits. @param {import('playwright-core').Worker} worker */
function trap(worker) {
  return worker.evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    });
  });
}

test('a helper that traps is replaced, and no tile of the batch is lost', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, close } = await openBench(t);
  seen.expectsProblems = true;
  const files = await tiles(t, 300);
  await seen.drop(files.map((file) => file.path));
  await seen.settled(40);
  const helper = page.workers().at(-1);
  assert.ok(helper && page.workers().length > 1, 'there is a helper');
  await trap(helper);
  await seen.settled(files.length);
  assert.deepEqual((await seen.cards()).filter(({ state }) => state !== 'done'), []);
  await close();
});

test('an engine that traps in mid-training costs no label, and training begins anew', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  seen.expectsProblems = true;
  await bench.dropAndLabel(await drawnTiles(t, 10));
  await bench.set({ augmentation: false, epochs: 10_000, patience: 1000, learningRate: 1e-5 });
  await page.click('#train');
  await page.locator('#training-status').getByText(/best so far: epoch \d/).waitFor();
  await trap(page.workers()[0]);
  await page.locator('.notice').getByText('Training stopped').waitFor();
  await bench.reaches('idle');
  await seen.ready();
  assert.deepEqual(await bench.counts(), CLASSES.map(() => 10));
  await bench.set({ epochs: 5 });
  await bench.train();
  assert.match(await bench.text('#training-status'), /Trained 5 epochs/);
  await close();
});

test('a tile that needs more memory than there is, is left out alone', { timeout: SLOW_MS }, async (t) => {
  // The last of so many hostile images is one of fifty megapixels.
  const folder = await temporaryFolder(t);
  await promisify(execFile)('cargo', ['run', '--release', '--quiet', '--example', 'hostile_images', '--', folder, '250', '1'], { cwd: ROOT });
  const large = /** @type {string} */ ((await readdir(folder)).sort().at(-1));
  assert.match(large, /-large\./);

  const url = await serve(t, await siteWithTightEngine(t, TIGHT_PAGES));
  const { visit: seen, close } = await openBench(t, { url, serviceWorkers: 'block' });
  seen.expectsProblems = true;
  const files = await tiles(t, 30);
  await seen.dropAndSettle([...files.slice(0, 15).map((file) => file.path), path.join(folder, large), ...files.slice(15).map((file) => file.path)]);
  const cards = await seen.cards();
  const failed = cards.filter(({ state }) => state !== 'done');
  assert.deepEqual(failed.map(({ name }) => name), [large]);
  assert.match(failed[0].error, /stopped twice on this tile, which is left out.*memory/);
  await close();
});

/** A graphics processor that goes away in mid-batch: every tile gets its class all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOW_MS, WEBGPU, WITHOUT_WEBGPU, openMenuOf, serve, tiles, visit } from './harness.mjs';
import { openSite } from './site.mjs';
import { REACHABLE_GPU, loseGpu, shimWorkers } from './worker-shim.mjs';

const TILES = 10;

/**
 * Opens the page on the GPU, whose device the worker leaves where the test can get at it.
 * @param {import('./harness.mjs').TestContext} t
 */
async function openOnGpu(t) {
  const gpu = { isGone: false };
  const prepare = (/** @type {import('playwright-core').Page} */ page) =>
    shimWorkers(page, () => (gpu.isGone ? 'GPU.prototype.requestAdapter = async () => null;' : REACHABLE_GPU));
  const opened = await visit(t, await serve(t), { query: '?device=webgpu', flags: WEBGPU, serviceWorkers: 'block', prepare });
  opened.visit.expectsProblems = true;
  await opened.visit.ready();
  const files = await tiles(t, TILES);
  await opened.visit.drop(files.map((file) => file.path));
  // A GPU answers for all of them at once, some seconds later.
  await opened.page.locator('article.tile[data-state="working"]').first().waitFor();
  const lose = () => loseGpu(opened.page.workers()[0]);
  return { ...opened, gpu, lose };
}

/** @param {import('./harness.mjs').Visit} seen */
async function allAreClassified(seen) {
  await seen.settled(TILES);
  const cards = await seen.cards();
  assert.equal(cards.length, TILES);
  assert.deepEqual(cards.filter(({ state }) => state !== 'done'), []);
}

test('a device that is lost in mid-batch is opened again, and the batch goes on', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const { visit: seen, page, lose, close } = await openOnGpu(t);
  const [worker] = page.workers();
  await lose();
  await worker.waitForEvent('close');
  await allAreClassified(seen);
  assert.equal(await seen.device(), 'webgpu');
  await close();
});

test('an adapter that is gone is told, and the CPU takes the rest of the batch', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const { visit: seen, page, gpu, lose, close } = await openOnGpu(t);
  gpu.isGone = true;
  await lose();
  const notice = page.locator('.notice').filter({ hasText: 'offers no WebGPU adapter' });
  await notice.waitFor();
  await notice.getByRole('button', { name: 'Use the CPU' }).click();
  await seen.ready();
  await allAreClassified(seen);
  assert.equal(await seen.device(), 'cpu');
  await close();
});

test('where the engine for the GPU cannot be fetched, the CPU is taken and says why', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const site = await openSite(t);
  site.spoil(/^engine-webgpu/, '404');
  // Else the adapter is known to be software, and nobody tries it.
  const shim = "Object.defineProperty(GPUAdapter.prototype, 'info', { value: { description: 'a fast one', isFallbackAdapter: false } });";
  const prepare = (/** @type {import('playwright-core').Page} */ page) => shimWorkers(page, () => shim);
  const { visit: seen, page, close } = await visit(t, site.url, { flags: WEBGPU, serviceWorkers: 'block', prepare });
  seen.expectsProblems = true;
  await seen.ready();
  await openMenuOf(page, '#device-status');
  assert.match(await page.locator('#device-status').innerText(), /WebGPU needs a larger engine, which could not be downloaded.*404/);
  assert.equal(await seen.device(), 'cpu');
  const [tile] = await tiles(t, 1);
  assert.equal((await seen.classify([tile.path])).get(tile.name)?.state, 'done');
  await close();
});

/** After the first visit everything works without a server, and two builds are never mixed. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { isImmutable } from '../../tools/headers.mjs';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, WEBGPU, WITHOUT_WEBGPU, fromMenu, selectInMenu, temporaryFolder, tiles, visit } from './harness.mjs';
import { buildNext, keptForOffline, openSite, plainListener } from './site.mjs';

/** @typedef {import('playwright-core').Page} Page */

const options = { timeout: SLOW_MS };
/** The folder of another build. */
let next = '';
/** @type {(() => unknown)[]} */
const undo = [];
before(async () => {
  next = await buildNext({ after: (act) => undo.push(act) });
});
after(() => Promise.all(undo.map((act) => act())));

test('after the first visit the page classifies, trains, exports and imports without its server', options, async (t) => {
  const site = await openSite(t);
  const { visit: seen, page, bench, close } = await openBench(t, { url: site.url });
  await keptForOffline(page);
  const names = site.asked.map(({ name }) => name).filter(isImmutable);
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), [], 'nothing is fetched twice');
  assert.deepEqual(names.filter((name) => name.includes('webgpu')), [], 'nobody is made to fetch the large engine');

  await site.stop();
  seen.expectsProblems = true;
  // The page of the first visit itself, with a part that it had no use for before.
  await bench.makeClasses(['Here']);
  await bench.download(() => fromMenu(page, '#export-project'));

  await page.reload();
  await seen.ready();
  await page.click('#try-samples');
  await seen.settled(7);
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  const labelled = await drawnTiles(t, 6, CLASSES.slice(0, 2));
  await bench.dropAndLabel(labelled, CLASSES.slice(0, 2));
  await bench.set({ augmentation: false, epochs: 5 });
  await bench.train();
  await page.locator('#curves canvas').first().waitFor();
  await bench.showReport();
  const onnx = await bench.download(() => page.locator('[data-form="onnx"] button').first().click());
  assert.ok((await readFile(await onnx.path())).length > 1e6, 'the ONNX file is whole');
  const archive = await (await bench.download(() => fromMenu(page, '#export-project'))).path();
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', archive);
  await seen.settled(labelled.length);
  // Opening it may take long enough to be told; complaints would stay.
  await page.waitForFunction(() => document.querySelector('.notice') === null);
  await close();
});

test('without a server WebGPU that was never used says so, and the CPU goes on', { ...options, skip: WITHOUT_WEBGPU }, async (t) => {
  const site = await openSite(t);
  const { visit: seen, page, close } = await visit(t, site.url, { flags: WEBGPU });
  await seen.ready();
  await keptForOffline(page);
  await site.stop();
  seen.expectsProblems = true;
  await selectInMenu(page, '#device-picker', 'webgpu');
  await page.waitForSelector('html[data-engine="failed"]', { state: 'attached' });
  assert.match(await page.locator('.notice').innerText(), /server cannot be reached/);
  await page.getByRole('button', { name: 'Use the CPU' }).click();
  await seen.ready();

  // Once fetched it stays.
  await site.start();
  await selectInMenu(page, '#device-picker', 'webgpu');
  await page.waitForSelector('html[data-engine="ready"][data-device="webgpu"]', { state: 'attached', timeout: SLOW_MS });
  await page.waitForFunction(async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().filter(({ url }) => url.includes('engine-webgpu')).length === 1;
  });
  await site.stop();
  await page.reload();
  await page.waitForSelector('html[data-engine="ready"][data-device="webgpu"]', { state: 'attached', timeout: SLOW_MS });
  await close();
});

test('a new build waits, the open page goes on with its own, and after "Load it" there is only the new one', options, async (t) => {
  const site = await openSite(t);
  const { visit: seen, page, bench, context, close } = await openedBench(t, site.url);
  const before = await buildOf(page);
  site.deploy(next);
  await findUpdate(page);
  const notice = page.locator('.notice', { hasText: 'new version' });
  await notice.waitFor();

  // A part of the old build that this page had no use for before and the server no longer has.
  await bench.drop(await drawnTiles(t, 4, CLASSES.slice(0, 2)));
  await loadIt(page);
  await notice.getByText('not saved yet').waitFor();
  await bench.makeClasses(CLASSES.slice(0, 2));
  await bench.saved();
  await bench.download(() => fromMenu(page, '#export-project'));
  assert.equal(await buildOf(page), before);

  // Neither a training run nor another page loses anything.
  await bench.labelByKeys(await drawnTiles(t, 4, CLASSES.slice(0, 2)), CLASSES.slice(0, 2));
  await bench.set({ augmentation: false, epochs: 10000, patience: 1000, learningRate: 1e-5 });
  await page.click('#train');
  await bench.reaches('training');
  await loadIt(page);
  await page.locator('.notice').getByText('being trained').waitFor();
  await page.click('#stop-training');
  await bench.reaches('idle');
  await bench.saved();
  const other = await context.newPage();
  await other.goto(site.url);
  assert.equal(await buildOf(other), before, 'a page that is opened meanwhile is of the build at work');
  await loadIt(page);
  await page.locator('.notice').getByText('another tab').waitFor();
  await other.close();

  /** @type {string[]} */
  const loaded = [];
  context.on('response', (response) => {
    if (response.url().startsWith(site.url)) loaded.push(new URL(response.url()).pathname.slice(1));
  });
  await Promise.all([page.waitForEvent('load'), loadIt(page)]);
  await seen.ready();
  const after = await buildOf(page);
  assert.notEqual(after, before);
  const listed = await filesOf(next);
  assert.deepEqual(loaded.filter((name) => name !== '' && !listed.includes(name)), [], 'all that was loaded is of the new build');
  assert.ok(loaded.some((name) => name.startsWith('engine-cpu')));
  assert.deepEqual((await cachesOf(page)).map((name) => name.split(' ').at(-1)), [after]);
  await bench.settled();
  assert.equal((await bench.answers()).size, 8, 'the project is there');
  await close();
});

for (const fault of /** @type {const} */ (['404', 'cut', 'wrong bytes', 'sign-in page'])) {
  test(`a build of which a file is broken (${fault}) is never used, and leaves nothing behind`, options, async (t) => {
    const site = await openSite(t);
    const { visit: seen, page, close } = await openedBench(t, site.url);
    const before = await buildOf(page);
    const kept = await cachesOf(page);
    site.deploy(next);
    site.spoil(/^engine-cpu/, fault);
    seen.expectsProblems = true;
    const refused = await refusal(page);
    await findUpdate(page);
    await refused();
    assert.deepEqual(await cachesOf(page), kept);
    await page.reload();
    await seen.ready();
    assert.equal(await buildOf(page), before);

    site.mend();
    await findUpdate(page);
    await page.locator('.notice', { hasText: 'new version' }).waitFor();
    await close();
  });
}

test('no room for the copy leaves the page as it is without one', options, async (t) => {
  const site = await openSite(t);
  let refused = async () => {};
  const { visit: seen, page, close } = await visit(t, site.url, {
    query: '?device=cpu',
    async prepare(opening) {
      refused = await refusal(opening);
      const session = await opening.context().newCDPSession(opening);
      await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1_000_000 });
    },
  });
  seen.expectsProblems = true;
  await seen.ready();
  await refused();
  assert.deepEqual(await cachesOf(page), []);
  const [tile] = await tiles(t, 1);
  assert.equal((await seen.classify([tile.path])).get(tile.name)?.state, 'done');
  await close();
});

test('a stale HTTP cache gets neither into a new build nor between two', options, async (t) => {
  const site = await openSite(t, { listener: plainListener });
  const profile = await temporaryFolder(t);
  const first = await openedBench(t, site.url, profile);
  const before = await buildOf(first.page);
  site.deploy(next);
  await findUpdate(first.page);
  await first.page.locator('.notice', { hasText: 'new version' }).waitFor();
  await Promise.all([first.page.waitForEvent('load'), loadIt(first.page)]);
  await first.visit.ready();
  assert.notEqual(await buildOf(first.page), before);
  await first.close();
});

test('a page without a service worker that is half stale says so, and "Load again" mends it', options, async (t) => {
  const site = await openSite(t, { listener: plainListener });
  const { visit: seen, page, close } = await visit(t, site.url, {
    query: '?device=cpu',
    prepare: (opening) => opening.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker')),
  });
  await seen.ready();
  const before = await buildOf(page);
  site.deploy(next);
  await page.goto(`${site.url}?device=cpu`);
  await page.locator('.notice', { hasText: 'updated while' }).waitFor();
  assert.equal(await buildOf(page), before, 'the browser kept the old page');
  seen.expectsProblems = true;
  await page.getByRole('button', { name: 'Reload' }).click();
  await seen.ready();
  assert.notEqual(await buildOf(page), before);
  await close();
});

/**
 * The page on the CPU, kept for offline use.
 * @param {import('./harness.mjs').TestContext} t
 * @param {string} url
 * @param {string} [profile]
 */
async function openedBench(t, url, profile) {
  const opened = await openBench(t, { url, profile });
  await keptForOffline(opened.page);
  return { ...opened, context: opened.page.context() };
}

/** @param {Page} page */
function buildOf(page) {
  return page.locator('meta[name="build"]').getAttribute('content');
}

/** @param {Page} page @returns {Promise<string[]>} */
function cachesOf(page) {
  return page.evaluate(() => caches.keys());
}

/** Asks for a new build, as the page does at each visit and every hour. @param {Page} page */
function findUpdate(page) {
  return page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update().catch(() => undefined)));
}

/** @param {Page} page */
function loadIt(page) {
  return page.getByRole('button', { name: /^Load (it|the new version)/ }).click();
}

/** Gives what waits until a copy was begun and given up. @param {Page} page */
async function refusal(page) {
  const session = await page.context().newCDPSession(page);
  /** @type {Promise<void>} */
  const redundant = new Promise((resolve) => {
    session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      if (versions.some(({ status }) => status === 'redundant')) resolve();
    });
  });
  await session.send('ServiceWorker.enable');
  return () => redundant;
}

/** The names that a build's service worker lists. @param {string} root */
async function filesOf(root) {
  const script = await readFile(path.join(root, 'service-worker.js'), 'utf8');
  const build = JSON.parse(script.slice(script.indexOf('=') + 1, script.indexOf(';\n')));
  return [...Object.keys(build.files), 'service-worker.js'];
}

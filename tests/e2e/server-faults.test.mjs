/** Whatever the server does to a file, the page says so, and goes on when the server is well again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, drawnTiles } from './fine-tuning-harness.mjs';
import { SLOW_MS, fromMenu, tiles, visit } from './harness.mjs';
import { FAULTS, openSite } from './site.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./site.mjs').Fault} Fault */

const options = { timeout: SLOW_MS };
const CUT_OR_WRONG = /** @type {Fault[]} */ (['cut', 'wrong bytes']);
/** Right bytes under a wrong type are used where their digest is known. */
const UNUSABLE = FAULTS.filter((fault) => fault !== 'wrong type');
/** Wrong bytes of a script that is not in index.html are found by the service worker, which is not there yet. */
const UNRUNNABLE = FAULTS.filter((fault) => fault !== 'wrong bytes');

/** Until these have run, only index.html and loading.js can say anything. */
const FIRST = [
  { file: 'main script', pattern: /^main-.*\.js$/, faults: FAULTS },
  { file: 'chunk of the main script', pattern: /^chunk-.*\.js$/, faults: CUT_OR_WRONG },
  { file: 'style', pattern: /^style-.*\.css$/, faults: CUT_OR_WRONG },
];

for (const { file, pattern, faults } of FIRST) {
  test(`${file}: each fault is told at once, and "Load again" mends it`, options, async (t) => {
    const { page } = await newVisit(t);
    for (const fault of faults) {
      const site = await spoilt(t, page, pattern, fault);
      // By loading.js, and not by the style, which shows the same after a while.
      await page.waitForSelector('html[data-loading="failed"]', { state: 'attached' });
      await page.locator('#not-loaded').getByText('not finished loading').waitFor();
      site.mend();
      await Promise.all([page.waitForEvent('load'), page.click('#load-again')]);
      await ready(page);
      assert.equal(await page.locator('#not-loaded').isVisible(), false, fault);
    }
  });
}

test('without the script that tells of the others, the style shows the notice, and a page without both does', options, async (t) => {
  const { page } = await newVisit(t);
  await spoilt(t, page, /^loading-/, '404');
  await page.locator('#not-loaded').waitFor();
  const site = await spoilt(t, page, /^(loading|main|style)-/, '404');
  await page.locator('#not-loaded').waitFor();
  site.mend();
  await page.click('#load-again');
  await ready(page);
});

/** What the page itself tells, with the tiles that were dropped meanwhile kept. */
const LATER = [
  { file: 'assets.json', pattern: /^assets\.json$/, faults: UNUSABLE, says: /could not be loaded completely/ },
  { file: 'worker script', pattern: /^worker-.*\.js$/, faults: UNRUNNABLE, says: /engine could not be loaded/ },
  { file: "worker's other script", pattern: /^tilelens-.*\.js$/, faults: UNRUNNABLE, says: /Part of the engine could not be downloaded/ },
  { file: 'engine', pattern: /^engine-.*\.wasm$/, faults: UNUSABLE, says: /server answered|interrupted|damaged/ },
  { file: 'model', pattern: /^models\//, faults: UNUSABLE, says: /server answered|interrupted|damaged/ },
];

for (const { file, pattern, faults, says } of LATER) {
  test(`${file}: each fault is told, and the tiles dropped meanwhile are classified after "Try again"`, options, async (t) => {
    const dropped = await tiles(t, 2);
    const { visit: seen, page } = await newVisit(t);
    for (const fault of faults) {
      const site = await spoilt(t, page, pattern, fault);
      await page.locator('.notice').getByText(says).waitFor();
      await page.waitForSelector('html[data-engine="failed"]', { state: 'attached' });
      assert.equal(await page.locator('#engine-progress').isVisible(), false, 'nothing says that it is still on its way');
      await seen.drop(dropped.map((tile) => tile.path));
      site.mend();
      await page.getByRole('button', { name: 'Try again' }).click();
      await ready(page);
      await seen.settled(2);
      assert.deepEqual((await seen.cards()).map(({ state }) => state), ['done', 'done'], fault);
    }
  });
}

test('right bytes under a wrong type serve as engine and model', options, async (t) => {
  const { page } = await newVisit(t);
  await spoilt(t, page, /^(engine|models)/, 'wrong type');
  await ready(page);
});

test('samples that do not arrive are told and can be asked for again', options, async (t) => {
  const { visit: seen, page } = await newVisit(t);
  for (const fault of UNUSABLE.filter((one) => one !== 'wrong bytes')) {
    const site = await spoilt(t, page, /^samples\/synthetic-forest/, fault);
    await ready(page);
    await page.click('#try-samples');
    await page.locator('.notice').getByText('samples could not be downloaded').waitFor();
    site.mend();
    await page.click('#try-samples');
    await seen.settled(7);
  }
});

test('a part of the page that is fetched when it is needed and does not come costs no work', options, async (t) => {
  const { visit: seen, page } = await newVisit(t);
  const bench = new Bench(seen);
  for (const fault of UNRUNNABLE) {
    const site = await spoilt(t, page, /^archive-/, fault);
    await ready(page);
    await bench.makeClasses(['One']);
    await fromMenu(page, '#export-project');
    await page.locator('.notice').getByText('could not be downloaded').waitFor();
    await bench.saved();
    site.mend();
    await page.reload();
    await page.locator('.class-name').waitFor();
    await bench.download(() => fromMenu(page, '#export-project'));
  }
});

test('what trains heads and does not come costs no label, and the next try trains', options, async (t) => {
  const { visit: seen, page } = await newVisit(t);
  const bench = new Bench(seen);
  const labelled = await drawnTiles(t, 4);
  for (const fault of UNUSABLE) {
    const site = await spoilt(t, page, /^engine-training/, fault);
    await ready(page);
    await bench.dropAndLabel(labelled);
    await page.click('#train');
    await page.locator('.notice').getByText(/^Training stopped: .*(server answered|interrupted|damaged)/).waitFor();
    site.mend();
    await bench.train();
    assert.ok((await seen.cards()).every(({ label, className }) => label === className), fault);
  }
});

/** A browser in which no copy of a visit before helps. @param {import('./harness.mjs').TestContext} t */
function newVisit(t) {
  return visit(t, 'about:blank', { prepare: (page) => page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker')) });
}

/**
 * Goes to a new site, of which a file is spoilt.
 * @param {import('./harness.mjs').TestContext} t
 * @param {Page} page
 * @param {RegExp} pattern
 * @param {Fault} fault
 */
async function spoilt(t, page, pattern, fault) {
  const site = await openSite(t);
  site.spoil(pattern, fault);
  await page.goto(`${site.url}?device=cpu`);
  return site;
}

/** @param {Page} page */
async function ready(page) {
  await page.waitForSelector('html[data-engine="ready"]', { state: 'attached' });
}

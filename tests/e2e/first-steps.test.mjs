/** A newcomer goes the whole way by what the first steps say; who knows the way does not see them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS } from './harness.mjs';

const options = { timeout: SLOW_MS };

/** @param {import('playwright-core').Page} page */
function guide(page) {
  const strip = page.locator('#first-steps');
  return {
    strip,
    /** Waits until a sentence says what comes next, and tells how many steps are ticked. @param {RegExp} sentence */
    says: async (sentence) => {
      await strip.locator('#first-steps-next').getByText(sentence).waitFor();
      return strip.locator('li.done').count();
    },
    go: () => page.click('#first-steps-go'),
    /** What has the keyboard. */
    focused: () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className),
  };
}

test('a newcomer is led from an empty page to a classifier of their own', options, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const { strip, says, go, focused } = guide(page);
  assert.equal(await says(/^Drop a folder of tiles anywhere/), 0);
  const kinds = CLASSES.slice(0, 2);
  const tiles = await drawnTiles(t, 6, kinds);
  await Promise.all([page.waitForEvent('filechooser'), go()]);
  await seen.drop(tiles.map(({ path }) => path));
  await seen.settled(tiles.length);
  assert.equal(await focused(), 'first-steps-go', 'the keyboard stays where it was');

  // What is off says why.
  const titles = await page.$$eval(':is(button, option):disabled', (all) => all.map((one) => [one.id, /** @type {HTMLElement} */ (one).title || one.textContent]));
  assert.deepEqual(Object.fromEntries(titles.filter(([id]) => id)), { undo: 'There is nothing to undo', redo: 'There is nothing to redo', 'delete-project': 'Nothing of this project is kept in this browser yet', train: 'Train' });
  assert.match(await page.locator('#training-obstacle').innerText(), /^Make at least two classes/);
  assert.equal(await says(/^Make a class for each kind of ground/), 1);
  await go();
  assert.equal(await focused(), 'class-name');
  await page.keyboard.type(kinds[0]);
  await page.keyboard.press('Enter');
  await says(/^Make another class/);
  await page.keyboard.type(kinds[1]);
  await page.keyboard.press('Enter');

  await says(/^Select 5 more tiles of forest, then press 1/);
  await page.click('.class-assign >> nth=0');
  await page.locator('.notice').getByText(/^Select tiles by a click on their pictures/).waitFor();
  await page.locator('.notice').getByRole('button', { name: 'Dismiss' }).click();
  await go();
  await page.waitForFunction(() => document.activeElement?.closest('article.tile'));
  for (const key of '11111') await page.keyboard.press(key);
  assert.equal(await says(/^Select 5 more tiles of river_lake, then press 2/), 1);
  await page.keyboard.press('1');
  for (const key of '2222') await page.keyboard.press(key);
  await says(/^Select 1 more tile of river_lake/);
  await page.keyboard.press('2');

  assert.equal(await says(/^These labels are enough for a first try/), 2);
  await bench.saved();
  await page.reload();
  await seen.ready();
  assert.equal(await says(/^These labels are enough for a first try/), 2, 'a reload ends them nowhere');
  await bench.set({ epochs: 3, augmentation: false });
  await go();
  assert.equal(await says(/^Your classifier is ready/), 3);
  await go();
  await page.locator('#report-panel').waitFor();
  // This browser promises nothing.
  const reminder = page.locator('.notice', { hasText: 'Only this browser has the project' });
  await reminder.waitFor();
  assert.equal(await says(/^Download your classifier, or export/), 4);
  await go();
  const taking = bench.download(() => page.keyboard.press('Enter'));
  assert.match((await taking).suggestedFilename(), /\.safetensors$/);
  assert.equal(await says(/^That was the whole way/), 5);
  await go();
  assert.deepEqual([await strip.isVisible(), await focused()], [false, 'show-shortcuts']);

  assert.match((await bench.download(() => reminder.getByRole('button', { name: 'Export the project' }).click())).suggestedFilename(), /\.zip$/);
  assert.equal(await reminder.count(), 0);
  await page.reload();
  await seen.ready();
  await page.click('#show-shortcuts');
  assert.equal(await strip.isVisible(), false);
  await page.click('#show-first-steps');
  assert.equal(await says(/^That was the whole way/), 5, 'what was looked at and taken away stays so');
  await close();
});

test('who hid the first steps, or has a project from before, does not see them', options, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t, { viewport: { width: 390, height: 844 } });
  const { strip, says } = guide(page);
  await says(/^Drop a folder/);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'they fit a phone');
  await bench.makeClasses(['Wood']);
  await bench.saved();
  await page.evaluate(() => localStorage.removeItem('tilelens-window'));
  await page.reload();
  await seen.ready();
  await page.locator('#class-list li').waitFor();
  assert.equal(await strip.isVisible(), false);

  page.on('dialog', (dialog) => dialog.accept());
  await page.click('#project-menu > summary');
  await page.click('#delete-project');
  await page.waitForSelector('html[data-project="notKept"]', { state: 'attached' });
  await page.reload();
  await says(/^Drop a folder/);
  await page.click('#first-steps-close');
  await page.reload();
  await seen.ready();
  assert.equal(await strip.isVisible(), false);
  await close();
});

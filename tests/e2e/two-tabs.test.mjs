/** A project is open in one tab at a time, and goes from tab to tab with all of its labels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, Visit, selectInMenu } from './harness.mjs';

/**
 * Another tab of the same browser.
 * @param {Awaited<ReturnType<typeof openBench>>} first
 */
async function openTab({ page: firstPage, visit: seen }) {
  const page = await firstPage.context().newPage();
  await page.goto(`${seen.url}?device=cpu`);
  const visit = new Visit(firstPage.context(), page, seen.url);
  await visit.ready();
  return { page, visit, bench: new Bench(visit) };
}

/** A tab in the background draws nothing: whatever is looked at is in front. @param {import('playwright-core').Page} page */
async function openHere(page) {
  await page.bringToFront();
  await page.locator('.notice').getByRole('button', { name: 'Open it here' }).click();
}

test('a project goes from tab to tab, and every label with it', { timeout: SLOW_MS }, async (t) => {
  const first = await openBench(t);
  const tiles = await drawnTiles(t, 3);
  await first.bench.drop(tiles);
  await first.bench.makeClasses(CLASSES);
  await first.bench.labelByKeys(tiles.slice(0, 3));
  await first.bench.saved();

  // The second tab does not show what the first one has.
  const second = await openTab(first);
  await second.page.locator('.notice').getByText('This project is open in another tab').waitFor();
  await second.visit.holds(0);
  // A label of the first tab right before it is asked goes with the project.
  await first.page.bringToFront();
  await first.bench.focusTile(3);
  await first.page.keyboard.press('2');
  await openHere(second.page);
  await second.visit.holds(tiles.length);
  assert.deepEqual(await second.bench.counts(), [3, 1, 0, 0]);
  await first.page.bringToFront();
  await first.page.locator('.notice').getByText('opened in another tab, with everything you did here').waitFor();
  await first.visit.holds(0);

  await second.page.bringToFront();
  await second.bench.focusTile(6);
  await second.page.keyboard.press('3');
  await openHere(first.page);
  await first.visit.holds(tiles.length);
  assert.deepEqual(await first.bench.counts(), [3, 1, 1, 0]);

  // Closed, it is free: nobody is asked.
  await first.bench.saved();
  await first.page.close();
  await second.page.bringToFront();
  await second.visit.holds(0);
  await openHere(second.page);
  await second.visit.holds(tiles.length);
  await second.visit.settled(tiles.length);
  assert.deepEqual(await second.bench.counts(), [3, 1, 1, 0]);
  assert.equal(await second.page.locator('.notice').count(), 0);
  await first.close();
});

test('two projects in two tabs are kept side by side, and each tab comes back to its own', { timeout: SLOW_MS }, async (t) => {
  const first = await openBench(t);
  const tiles = await drawnTiles(t, 2);
  const name = async (/** @type {Bench} */ bench, /** @type {string} */ title) => {
    await bench.page.fill('#project-name', title);
    await bench.page.keyboard.press('Enter');
    await bench.saved();
  };
  await first.bench.drop(tiles.slice(0, 2));
  await name(first.bench, 'First');
  const second = await openTab(first);
  await second.page.locator('.notice').getByText('open in another tab').waitFor();
  await second.bench.drop(tiles.slice(2));
  await name(second.bench, 'Second');

  for (const [tab, title, count] of /** @type {const} */ ([
    [first, 'First', 2],
    [second, 'Second', 6],
  ])) {
    await tab.page.bringToFront();
    await tab.page.reload();
    await tab.visit.ready();
    await tab.visit.holds(count);
    assert.equal(await tab.page.inputValue('#project-name'), title);
  }

  // To delete a project is to open it first: what another tab has is not deleted under its hands.
  await selectInMenu(second.page, '#project-picker', { label: 'First (2 tiles)' });
  await second.page.locator('.notice').getByText('open in another tab').waitFor();
  assert.equal(await second.page.inputValue('#project-name'), 'Second');
  await first.close();
});

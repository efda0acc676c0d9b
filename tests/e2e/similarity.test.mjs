/** The view Similarity: tiles lie like by like; a lasso selects, a class key labels, colours follow; all by keyboard, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, tiles } from './harness.mjs';

const options = { timeout: SLOW_MS };

/** @param {import('playwright-core').Page} page @param {number} count */
async function laidOut(page, count) {
  await page.waitForFunction((wanted) => {
    const canvas = document.querySelector('#similarity-canvas');
    return canvas instanceof HTMLCanvasElement && canvas.ariaBusy === 'false' && Number(canvas.dataset.drawn) === wanted;
  }, count);
}

/** How many pixels of the canvas have a colour. @param {import('playwright-core').Page} page @param {number[]} rgb */
function pixelsOf(page, rgb) {
  return page.locator('#similarity-canvas').evaluate((canvas, [red, green, blue]) => {
    const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
    const data = /** @type {HTMLCanvasElement} */ (canvas).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    let count = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count += 1;
    return count;
  }, rgb);
}

/** Draws a line along the edge of the plane. @param {import('playwright-core').Page} page */
async function lassoAll(page) {
  const box = await page.locator('#similarity-canvas').boundingBox();
  assert.ok(box);
  const [left, top, right, bottom] = [box.x + 3, box.y + 3, box.x + box.width - 3, box.y + box.height - 3];
  await page.mouse.move(left, top);
  await page.mouse.down();
  for (const [x, y] of [[right, top], [right, bottom], [left, bottom]]) await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.up();
}

test('a lasso selects, a class key labels, colours follow, and the selection is the grid\'s', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  await bench.drop(await drawnTiles(t, 6));
  await bench.makeClasses(['Meadow', 'Pond']);
  await page.click('#view-similarity');
  await laidOut(page, 24);
  await page.selectOption('#similarity-colour', 'label');
  assert.match(await bench.text('#similarity-legend'), /No label\s*24/);

  await page.keyboard.down('Shift');
  await lassoAll(page);
  await page.keyboard.up('Shift');
  assert.match(await bench.text('#selection'), /^24 tiles selected/);
  const colour = await page.locator('.class-colour').first().inputValue();
  const rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  assert.equal(await pixelsOf(page, rgb), 0);
  await page.keyboard.press('1');
  assert.match(await bench.text('#similarity-legend'), /Meadow\s*24/);
  assert.ok((await pixelsOf(page, rgb)) > 100, 'the points have the colour of their class');
  assert.match((await page.locator('#similarity-canvas').getAttribute('aria-label')) ?? '', /24 tiles in a plane.*Meadow 24.*24 tiles selected/);

  await page.keyboard.press('Escape');
  await page.click('#similarity-lasso');
  await lassoAll(page);
  await page.click('#similarity-to-grid');
  await page.locator('article.tile').first().waitFor();
  assert.match(await bench.text('#selection'), /^24 tiles selected/);
  assert.deepEqual(await bench.counts(), [24, 0]);
  await close();
});

test('by the keyboard: to a tile, its class, and nearer; the legend and the finds select', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  const some = await tiles(t, 7);
  await bench.drop([...some, some[0]]);
  await bench.makeClasses(['Meadow']);
  await page.click('#view-similarity');
  await laidOut(page, 8);
  await page.locator('#similarity-canvas').focus();
  // Whatever lies at the edge, one of the ways leads on.
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowLeft');
  const told = await bench.text('#similarity-told');
  const focused = await page.locator('#inspector .tile-name').innerText();
  assert.ok(told.startsWith(focused), `${told} for ${focused}`);
  await page.keyboard.press('1');
  assert.deepEqual(await bench.counts(), [1]);

  for (const key of ['+', '+', '+', 'ArrowLeft']) await page.keyboard.press(key);
  await page.click('#similarity-in-sight');
  await bench.drawn();
  const inSight = Number((await page.locator('#selection').getAttribute('data-count')) ?? 0);
  await page.locator('#similarity-canvas').focus();
  await page.keyboard.press('Home');
  await page.click('#similarity-in-sight');
  assert.match(await bench.text('#selection'), /^8 tiles selected/);
  assert.ok(inSight < 8, `${inSight} from near`);

  await page.selectOption('#similarity-colour', 'label');
  await bench.drawn();
  await page.click('#similarity-legend button:has-text("Meadow")');
  assert.match(await bench.text('#selection'), /^1 tile selected/);
  await page.click('#find-duplicates');
  await page.locator('#similarity-told', { hasText: 'copy of an earlier one' }).waitFor();
  assert.match(await bench.text('#selection'), /^1 tile selected/);
  await close();
});

test('tiles that come later are told of and laid out again; those that a filter hides are not selected', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  const named = CLASSES.slice(0, 2);
  await bench.dropAndLabel(await drawnTiles(t, 4, named), named);
  await page.click('#view-similarity');
  await laidOut(page, 8);
  await bench.drop(await drawnTiles(t, 3, CLASSES.slice(2, 3)));
  await page.getByRole('button', { name: 'Lay out again (3 new)' }).click();
  await laidOut(page, 11);
  assert.equal(await page.locator('#similarity-again').isVisible(), false);
  await page.selectOption('#filter-label', 'none');
  await page.click('#similarity-in-sight');
  await bench.drawn();
  assert.match(await bench.text('#selection'), /^3 tiles selected/);
  await close();
});

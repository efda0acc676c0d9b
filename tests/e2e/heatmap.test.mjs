/** Where in a tile a class is seen: by key, by button, by a class's name; from tile to tile. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS } from './harness.mjs';

const options = { timeout: SLOW_MS };
const SAMPLES = ['river-lake', 'parking'].map((name) => ({ path: path.join(ROOT, `www/samples/synthetic-${name}.jpg`) }));
/** 500 × 333. */
const WIDE = { path: path.join(ROOT, 'tests/fixtures/parity/large.png') };

/** The pixels of the heatmap that is shown for a class. @param {import('playwright-core').Page} page @param {string} className */
async function heatOf(page, className) {
  await page.locator('.heat-picture:not([hidden])').waitFor();
  await page.locator('.heat-legend', { hasText: className }).waitFor();
  return page.locator('.heat-picture').evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no canvas');
    const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, canvas.width, canvas.height);
    const opacities = Array.from({ length: canvas.width * canvas.height }, (_, index) => data[4 * index + 3]);
    return { width: canvas.width, height: canvas.height, opacities };
  });
}

/** @param {Awaited<ReturnType<typeof heatOf>>} heat */
function sumOf({ opacities }) {
  return opacities.reduce((sum, opacity) => sum + opacity, 0);
}

test('a key shows where the class is seen, from tile to tile; the name of another class shows that one', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  await bench.drop([...SAMPLES, WIDE]);
  await bench.focusTile(0);
  const toggle = page.locator('.heat-toggle');
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  assert.equal(await page.locator('.heat-picture').isVisible(), false);
  await page.keyboard.press('h');
  const names = page.locator('.bars button');
  const [first, second] = await names.allTextContents();
  const own = await heatOf(page, first);
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  assert.ok(new Set(own.opacities).size > 20 && !own.opacities.includes(0), 'all of a square tile is seen, and not alike');

  await names.nth(1).click();
  const other = await heatOf(page, second);
  assert.equal(await names.nth(1).getAttribute('aria-pressed'), 'true');
  assert.notEqual(sumOf(other), sumOf(own));

  // What was chosen stays, with its bar, however improbable it is; its own class is one click away.
  await bench.focusTile(1);
  await heatOf(page, second);
  assert.equal(await page.locator('.bars button[aria-pressed="true"]').textContent(), second);
  await names.first().click();
  const parking = await names.first().textContent();
  await heatOf(page, parking ?? '');
  await page.keyboard.press('h');
  await page.locator('.heat-picture').waitFor({ state: 'hidden' });
  assert.equal(await page.locator('.heat-legend').textContent(), '');
  await close();
});

test('what the model does not see of a tile has no colour; folded details open for it', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  await bench.drop([WIDE]);
  await bench.focusTile(0);
  await page.keyboard.press(']');
  assert.equal(await page.locator('#inspector').isVisible(), false);
  await page.keyboard.press('h');
  const { width, height, opacities } = await heatOf(page, 'does not see');
  assert.deepEqual([width, height], [224, 149]);
  const seen = opacities.slice(0, width).flatMap((opacity, x) => (opacity > 0 ? [x] : []));
  // The middle square of 333 of 500 pixels, 149 of 224.
  assert.ok(Math.abs(seen[0] - 37) <= 1 && Math.abs((seen.at(-1) ?? 0) - 186) <= 1, `${seen[0]} to ${seen.at(-1)}`);
  await close();
});

test('without a head it says why there is none', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  await page.selectOption('#model-picker', 'own-classes');
  await bench.drop(SAMPLES.slice(0, 1));
  await bench.focusTile(0);
  await page.locator('.heat-toggle').click();
  await page.locator('.heat-legend', { hasText: 'this model names no classes' }).waitFor();
  assert.equal(await page.locator('.heat-picture').isVisible(), false);
  await close();
});

/** Each view, light and dark, without a violation that axe knows of. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS } from './harness.mjs';

const AXE = path.join(ROOT, 'node_modules/axe-core/axe.min.js');

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`welcome, grid, menus, keys, similarity, map and report are accessible, ${colorScheme}`, { timeout: SLOW_MS }, async (t) => {
    const { page, bench, close } = await openBench(t, { colorScheme });
    const source = await readFile(AXE, 'utf8');
    /** @param {string} where */
    const check = async (where) => {
      await bench.drawn();
      await page.evaluate(source);
      const violations = await page.evaluate(async () => {
        const { violations: found } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ['violations'] });
        return found.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ { target, any }) => `${target} ${any[0]?.message ?? ''}`).slice(0, 2).join('; ')}`);
      });
      assert.deepEqual(violations, [], where);
    };
    await check('welcome');
    await bench.dropAndLabel(await drawnTiles(t, 4, CLASSES.slice(0, 2)), CLASSES.slice(0, 2));
    await check('grid');
    await bench.focusTile(0);
    await page.keyboard.press('h');
    await page.locator('.heat-picture:not([hidden])').waitFor();
    await check('heatmap');
    for (const menu of ['project-menu', 'model-menu', 'device-menu', 'add-menu']) {
      await page.click(`#${menu} > summary`);
      await check(menu);
    }
    await page.keyboard.press('Escape');
    await page.click('#show-shortcuts');
    await check('keys');
    await page.keyboard.press('Escape');
    await page.click('#view-similarity');
    await page.waitForFunction(() => Number(/** @type {HTMLElement} */ (document.querySelector('#similarity-canvas')).dataset.drawn) > 0);
    await check('similarity');
    await page.setInputFiles('#scene-input', path.join(ROOT, 'tests/fixtures/raster/cog.tif'));
    await page.waitForSelector('#map-target canvas', { timeout: SLOW_MS });
    await page.$$eval('#map-panel details', (parts) => parts.forEach((part) => ((/** @type {HTMLDetailsElement} */ (part)).open = true)));
    await page.click('#tool-paint');
    await check('map');
    await page.click('#grid-area >> text=Draw an area');
    await page.waitForSelector('[data-drawing]', { state: 'attached' });
    await check('drawing');
    await page.keyboard.press('Escape');
    await page.click('#view-grid');
    await bench.set({ epochs: 3, augmentation: false });
    await check('settings');
    await bench.train();
    await bench.showReport();
    await check('report');
    await close();
  });
}

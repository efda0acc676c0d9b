/**
 * Draws the pictures of the page in docs/, from the page in dist/: run it again when the page looks different.
 *
 *     node tools/screenshots.mjs
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startServer } from './serve.mjs';

/** @typedef {import('playwright-core').Page} Page */

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
/** The classes of the second picture, by the samples that belong to them. @type {Record<string, string[]>} */
const CLASSES = { Green: ['field', 'forest', 'grass'], Built: ['industry', 'parking', 'residential'], Water: ['river-lake'] };
const WAIT_MS = 120_000;

/** @param {import('playwright-core').Browser} browser @param {string} url */
async function openPage(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${url}?device=cpu`);
  await page.waitForSelector('html[data-engine="ready"]', { state: 'attached' });
  return page;
}

/** @param {Page} page @param {number} count */
async function settled(page, count) {
  await page.waitForFunction((wanted) => /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar')).value >= wanted, count);
  await page.waitForFunction(() => document.querySelector('#tile-grid')?.ariaBusy === 'false' && !document.querySelector('article.tile canvas[hidden]'));
}

/**
 * The four quarters of a sample, as files: enough tiles to train with.
 * @param {Page} page
 * @param {string} name
 */
function quarters(page, name) {
  return page.evaluate(async (sample) => {
    const image = await createImageBitmap(await (await fetch(`samples/synthetic-${sample}.jpg`)).blob());
    const side = image.width / 2;
    return Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const canvas = new OffscreenCanvas(side, side);
        canvas.getContext('2d')?.drawImage(image, -side * (index % 2), -side * Math.floor(index / 2));
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
        return { name: `${sample} ${index + 1}.png`, bytes: [...bytes] };
      }),
    );
  }, name);
}

/** @param {Page} page */
async function drawClassification(page) {
  await page.click('#try-samples');
  await settled(page, 7);
  await page.screenshot({ path: path.join(DOCS, 'page.png') });
}

/** @param {Page} page */
async function drawFineTuning(page) {
  const files = [];
  let keys = '';
  await page.click('#begin-classes');
  for (const [place, [name, samples]] of Object.entries(CLASSES).entries()) {
    await page.fill('#class-name', name);
    await page.press('#class-name', 'Enter');
    for (const sample of samples) {
      const parts = await quarters(page, sample);
      files.push(...parts.map(({ name: file, bytes }) => ({ name: file, mimeType: 'image/png', buffer: Buffer.from(bytes) })));
      keys += String(place + 1).repeat(parts.length);
    }
  }
  await page.setInputFiles('#file-input', files);
  await settled(page, files.length);
  // A key labels the tile in focus, and the next one comes.
  await page.locator('article.tile input.select').first().focus();
  for (const [done, key] of [...keys].entries()) {
    await page.keyboard.press(key);
    await page.locator('#label-count', { hasText: `${done + 1} of ` }).waitFor();
  }
  await page.click('#train');
  await page.waitForSelector('#report-panel:not([hidden])', { state: 'attached' });
  await page.waitForSelector('html[data-training="idle"]', { state: 'attached' });
  await settled(page, files.length);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: path.join(DOCS, 'fine-tuning.png') });
}

/** Goes on from there. @param {Page} page */
async function drawSimilarity(page) {
  await page.click('#view-similarity');
  await page.waitForFunction(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#similarity-canvas'));
    return canvas.ariaBusy === 'false' && Number(canvas.dataset.drawn) === 28;
  });
  // The pictures of the tiles are decoded.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: path.join(DOCS, 'similarity.png') });
}

const server = await startServer();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  await drawClassification(await openPage(browser, server.url));
  const page = await openPage(browser, server.url);
  await drawFineTuning(page);
  await drawSimilarity(page);
} finally {
  await browser.close();
  await server.close();
}

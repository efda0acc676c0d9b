/**
 * Draws the pictures of the page in docs/, from the page in dist/: run it again when the page looks different.
 *
 *     node tools/screenshots.mjs
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { settled, trained, withPage } from './driving.mjs';
import { tiff } from './tiff.mjs';

/** @typedef {import('playwright-core').Page} Page */

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
/** The classes of the second picture, by the samples that belong to them. @type {Record<string, string[]>} */
const CLASSES = { Green: ['field', 'forest', 'grass'], Built: ['industry', 'parking', 'residential'], Water: ['river-lake'] };

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
  await trained(page);
  await settled(page, files.length);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: path.join(DOCS, 'fine-tuning.png') });
}

/**
 * A drawn scene: the ground of a sample in each of its squares.
 * @param {Page} page
 */
function drawnScene(page) {
  const names = ['field', 'forest', 'grass', 'industry', 'parking', 'residential', 'river-lake'];
  return page.evaluate(async (samples) => {
    const side = 256;
    const [across, down] = [12, 8];
    const pictures = await Promise.all(samples.map(async (name) => createImageBitmap(await (await fetch(`samples/synthetic-${name}.jpg`)).blob(), { resizeWidth: side, resizeHeight: side })));
    const canvas = new OffscreenCanvas(across * side, down * side);
    const context = canvas.getContext('2d');
    for (let index = 0; index < across * down; index += 1) {
      const [column, row] = [index % across, Math.floor(index / across)];
      // Regions, and not a chequerboard.
      const kind = Math.floor((Math.sin(column / 2.5) + Math.cos(row / 2) + 2) * 1.75);
      context?.drawImage(pictures[Math.min(kind, pictures.length - 1)], column * side, row * side);
    }
    const { data } = /** @type {OffscreenCanvasRenderingContext2D} */ (context).getImageData(0, 0, canvas.width, canvas.height);
    const rgb = new Uint8Array(canvas.width * canvas.height * 3);
    for (let pixel = 0; pixel < canvas.width * canvas.height; pixel += 1) rgb.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
    let text = '';
    for (let start = 0; start < rgb.length; start += 30_000) text += String.fromCharCode(...rgb.subarray(start, start + 30_000));
    return { width: canvas.width, height: canvas.height, base64: btoa(text) };
  }, names);
}

/** Three bands in UTM, half a metre a pixel. @param {{ width: number, height: number, base64: string }} drawn */
function geoTiff({ width, height, base64 }) {
  return tiff({
    width,
    height,
    bits: [8, 8, 8],
    pixels: Buffer.from(base64, 'base64'),
    more: [
      [33550, 'double', [0.5, 0.5, 0]],
      [33922, 'double', [0, 0, 0, 500_000, 5_400_000, 0]],
      [34735, 'short', [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633]],
    ],
  });
}

/** @param {Page} page */
async function drawMap(page) {
  const scene = geoTiff(await drawnScene(page));
  await page.setInputFiles('#scene-input', { name: 'valley.tif', mimeType: 'image/tiff', buffer: scene });
  await page.waitForSelector('#map-target canvas');
  for (const name of ['Green', 'Built', 'Water']) {
    await page.fill('#class-name', name);
    await page.press('#class-name', 'Enter');
  }
  await page.waitForFunction(() => document.querySelector('#map-legend table') && !/not classified/.test(document.querySelector('#map-legend')?.textContent ?? ''));
  // Cells get the class of what was drawn there.
  await page.click('#tool-select');
  const box = await page.locator('#map-target').boundingBox();
  if (!box) throw new Error('the map is not there');
  const [columns, rows] = [12, 8];
  const shrunk = Math.min((box.width - 32) / columns, (box.height - 64) / rows);
  const corner = [box.x + 16 + (box.width - 32 - columns * shrunk) / 2, box.y + 16 + (box.height - 64 - rows * shrunk) / 2];
  for (let index = 0; index < columns * rows; index += 3) {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    const kind = Math.min(6, Math.floor((Math.sin(column / 2.5) + Math.cos(row / 2) + 2) * 1.75));
    await page.mouse.click(corner[0] + (column + 0.5) * shrunk, corner[1] + (row + 0.5) * shrunk);
    await page.keyboard.press(kind < 3 ? '1' : kind < 6 ? '2' : '3');
  }
  await page.click('#tool-move');
  await page.click('#train');
  await trained(page);
  await page.waitForFunction(() => document.querySelectorAll('#map-legend tbody tr').length === 3);
  await page.mouse.move(corner[0] + 5.5 * shrunk, corner[1] + 2.5 * shrunk);
  await page.waitForTimeout(1000);
  await page.screenshot({ path: path.join(DOCS, 'map.png') });
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

await withPage(async (open) => {
  await drawClassification(await open());
  const page = await open();
  await drawFineTuning(page);
  await drawSimilarity(page);
  await drawMap(await open());
});

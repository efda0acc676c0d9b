/**
 * A project of ten thousand tiles and fifty classes, used as a user would: dropped, labelled, scrolled through, panned over
 * in the view Similarity, saved, opened again. Says how long each takes, whether the page keeps up with the window's frames, and what it holds.
 */
import { Bench } from '../../tests/e2e/fine-tuning-harness.mjs';
import { longestMainThreadTask, serve, temporaryFolder, visit } from '../../tests/e2e/harness.mjs';
import { mean, median } from './measuring.mjs';
import { MEASURING_MEMORY, memoryOf } from './memory.mjs';
import { tilesInTurn } from './site.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {import('playwright-core').Page} Page */

/** @typedef {import('./measuring.mjs').Effort} Effort */

const TILES_A_DROP = 1000;
/** Files that differ: each comes many times, as a file of its own. */
const DIFFERENT_TILES = 1000;
const CLASS_NAMES = Array.from({ length: 50 }, (_, index) => `Class ${index + 1}`);
/** A fast wheel: the whole of ten thousand tiles goes by in some seconds. */
const SCROLL_PX_A_FRAME = 1000;
/** Steps of 60 pixels to one side: so far that the canvas still has nearly all points. */
const PAN_STEPS = 5;
const PATIENCE_MS = 20 * 60_000;

/**
 * Scrolls down from the top, frame by frame.
 * @param {Page} page
 * @param {number} frames
 * @returns {Promise<number[]>} milliseconds from frame to frame
 */
function scroll(page, frames) {
  return page.evaluate(
    async ({ count, step }) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      window.scrollTo(0, 0);
      await frame();
      const times = [];
      let beforeMs = await frame();
      for (let index = 0; index < count; index += 1) {
        window.scrollBy(0, step);
        const nowMs = await frame();
        times.push(nowMs - beforeMs);
        beforeMs = nowMs;
      }
      return times;
    },
    { count: frames, step: SCROLL_PX_A_FRAME },
  );
}

/**
 * Opens the view Similarity and waits until all tiles lie in the plane.
 * @param {Page} page
 * @param {number} count
 */
async function layOut(page, count) {
  await page.click('#view-similarity');
  await page.waitForFunction(
    (wanted) => {
      const canvas = document.querySelector('#similarity-canvas');
      return canvas instanceof HTMLCanvasElement && canvas.ariaBusy === 'false' && Number(canvas.dataset.drawn) === wanted;
    },
    count,
    { timeout: PATIENCE_MS },
  );
}

/**
 * Pans over the plane by its keys, to the left and back, frame by frame: all points are in sight and drawn in each.
 * @param {Page} page
 * @param {number} frames
 * @returns {Promise<number[]>} milliseconds from frame to frame
 */
function pan(page, frames) {
  return page.evaluate(
    async ({ count, steps }) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#similarity-canvas'));
      const times = [];
      let beforeMs = await frame();
      for (let index = 0; index < count; index += 1) {
        const key = Math.floor(index / steps) % 2 === 0 ? 'ArrowLeft' : 'ArrowRight';
        canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        const nowMs = await frame();
        times.push(nowMs - beforeMs);
        beforeMs = nowMs;
      }
      return times;
    },
    { count: frames, steps: PAN_STEPS },
  );
}

/**
 * @param {() => Promise<unknown>} work
 */
async function timed(work) {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** @param {Page} page */
async function saved(page) {
  await page.waitForSelector('html[data-project="saved"]', { state: 'attached', timeout: PATIENCE_MS });
}

/**
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureLoad(context, { load }) {
  const different = await tilesInTurn(context, Math.min(DIFFERENT_TILES, load.tiles) / 4);
  const files = Array.from({ length: load.tiles }, (_, index) => different[index % different.length]);
  const profile = await temporaryFolder(context);
  const options = { query: '?device=cpu', flags: [MEASURING_MEMORY], profile, viewport: { width: 1500, height: 1000 } };
  const { visit: seen, page, close } = await visit(context, await serve(context), options);
  await seen.ready();
  const bench = new Bench(seen);
  const many = `${load.tiles.toLocaleString('en')} tiles`;
  const ofThread = (/** @type {{ cpuMs: number }} */ { cpuMs }, /** @type {string} */ when) => ({
    what: `${many}: longest main-thread task ${when}, its own clock`,
    value: cpuMs,
    unit: 'ms',
  });

  await bench.makeClasses(CLASS_NAMES);
  const dropMs = await timed(async () => {
    for (let start = 0; start < load.tiles; start += TILES_A_DROP) {
      await bench.drop(files.slice(start, start + TILES_A_DROP).map((path) => ({ path })));
    }
  });
  yield { what: `${many}: a tile, drop to class, kept in the project meanwhile`, value: dropMs / load.tiles, unit: 'ms' };
  yield { what: `${many}: until the last of them is saved, after that`, value: await timed(() => saved(page)), unit: 'ms' };
  yield { what: `${many}: cards in the page`, value: await page.locator('article.tile').count(), unit: 'cards' };

  /** @type {number[]} */
  let frames = [];
  const whileScrolling = await longestMainThreadTask(page, 'trace-load-scroll', async () => {
    frames = await scroll(page, load.frames);
  });
  yield { what: `${many}: a frame while scrolling (median)`, value: median(frames), unit: 'ms' };
  yield { what: `${many}: longest of ${frames.length} frames while scrolling`, value: Math.max(...frames), unit: 'ms' };
  yield ofThread(whileScrolling, 'while scrolling');

  yield { what: `${many}: opening Similarity, until all are laid out`, value: await timed(() => layOut(page, load.tiles)), unit: 'ms' };
  const whilePanning = await longestMainThreadTask(page, 'trace-load-pan', async () => {
    frames = await pan(page, load.frames);
  });
  yield { what: `${many}: a frame while panning Similarity (median)`, value: median(frames), unit: 'ms' };
  yield { what: `${many}: frames a second while panning Similarity`, value: 1000 / mean(frames), unit: 'a second' };
  yield { what: `${many}: longest of ${frames.length} frames while panning Similarity`, value: Math.max(...frames), unit: 'ms' };
  yield ofThread(whilePanning, 'while panning Similarity');
  await page.click('#view-grid');
  await seen.drawn();

  let labelMs = 0;
  const whileLabelling = await longestMainThreadTask(page, 'trace-load-label', async () => {
    labelMs = await timed(async () => {
      const keys = [...'123456789qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFG'];
      await bench.focusTile(0);
      for (let index = 0; index < load.labels; index += 1) await page.keyboard.press(keys[index % keys.length]);
    });
  });
  yield { what: `${many}: a label by key, to the next tile in focus`, value: labelMs / load.labels, unit: 'ms' };
  yield ofThread(whileLabelling, 'while labelling by keys');
  const allMs = await timed(async () => {
    await page.keyboard.press('Control+a');
    await page.keyboard.press('1');
    await saved(page);
  });
  yield { what: `${many}: all labelled at once, until that is saved`, value: allMs, unit: 'ms' };

  for (const [order, what] of [
    ['name', 'sorted by name'],
    ['confidence-ascending', 'sorted by confidence'],
  ]) {
    const task = await longestMainThreadTask(page, `trace-load-${order}`, async () => {
      await page.selectOption('#sort', order);
      await seen.drawn();
    });
    yield ofThread(task, `while they are ${what}`);
  }

  const { page: pageBytes, engine } = await memoryOf(page);
  yield { what: `${many}: memory of the page`, value: pageBytes, unit: 'bytes' };
  yield { what: `${many}: memory of its workers`, value: engine, unit: 'bytes' };

  const startMs = performance.now();
  await page.reload();
  await seen.holds(load.tiles);
  yield { what: `${many}: from a reload until all are on the page`, value: performance.now() - startMs, unit: 'ms' };
  await seen.settled(load.tiles);
  yield { what: `${many}: from a reload until all have their class`, value: performance.now() - startMs, unit: 'ms' };
  await close();
}

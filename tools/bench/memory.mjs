/**
 * What the page holds after a head was trained in it, as a user would: tiles dropped, labelled and trained. And what its
 * workers hold as more and more tiles are classified.
 */
import { Bench, CLASSES } from '../../tests/e2e/fine-tuning-harness.mjs';
import { WEBGPU, serve, visit } from '../../tests/e2e/harness.mjs';
import { VIEWS } from '../../www/engine/index.js';
import { serveBench, tilesInTurn, trainingSite } from './site.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {import('playwright-core').Page} Page */

/** Collects garbage and answers at once, instead of at the next collection. */
export const MEASURING_MEMORY = '--enable-blink-features=ForceEagerMeasureMemory';

/** @typedef {import('./measuring.mjs').Effort} Effort */

/** Thousands of tiles need the backbone eight times each. */
/** Numbers that the shipped backbone gives for a view. */
const FEATURES = 576;
const LONGEST_TRAINING_MS = 30 * 60_000;

/**
 * Bytes that the page and its workers hold. Chromium 156 leaves out the memory of WebAssembly modules, which earlier ones told,
 * and which never shrinks. Files and thumbnails are not in it, for the browser keeps them elsewhere.
 * @param {Page} page
 * @returns {Promise<{ page: number, engine: number, tfjs: number }>}
 */
export async function memoryOf(page) {
  /** @type {{ bytes: number, attribution: { scope: string, url: string }[] }[]} */
  const breakdown = await page.evaluate(async () => (await /** @type {any} */ (performance).measureUserAgentSpecificMemory()).breakdown);
  const sum = (/** @type {(where: { scope: string, url: string }) => boolean} */ isMeant) =>
    breakdown.filter(({ attribution }) => attribution.some(isMeant)).reduce((bytes, part) => bytes + part.bytes, 0);
  return {
    page: sum(({ scope }) => scope === 'Window'),
    engine: sum(({ url }) => /\/worker-\w+\.js$/.test(url)),
    tfjs: sum(({ url }) => url.includes('/tfjs.js')),
  };
}

/**
 * Labels all tiles that have no label yet.
 * @param {Page} page
 * @param {number} classIndex
 */
async function labelTheRest(page, classIndex) {
  await page.selectOption('#filter-label', 'none');
  await page.locator('article.tile input.select').first().focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press(String(classIndex + 1));
  await page.selectOption('#filter-label', 'any');
}

/**
 * @param {Context} context
 * @param {string} url
 * @param {number} tiles
 * @param {number} epochs
 * @returns {Promise<Measurement[]>}
 */
async function measureSize(context, url, tiles, epochs) {
  const count = Math.ceil(tiles / CLASSES.length);
  const files = await tilesInTurn(context, count);
  const { visit: seen, page, close } = await visit(context, url, { query: '?device=cpu', flags: [MEASURING_MEMORY] });
  await seen.ready();
  const bench = new Bench(seen);
  await bench.makeClasses(CLASSES);
  const before = await memoryOf(page);
  for (const classIndex of CLASSES.keys()) {
    const ofClass = files.filter((_, index) => index % CLASSES.length === classIndex);
    await bench.drop(ofClass.map((file) => ({ path: file })));
    await labelTheRest(page, classIndex);
  }
  await bench.set({ epochs, patience: epochs, device: 'cpu' });
  await page.click('#train');
  await page.waitForFunction(() => document.documentElement.dataset.training !== 'idle');
  await page.waitForFunction(() => document.documentElement.dataset.training === 'idle', null, { timeout: LONGEST_TRAINING_MS, polling: 200 });
  await bench.settled();
  const after = await memoryOf(page);
  await close();
  const when = `after ${(count * CLASSES.length).toLocaleString('en')} tiles were labelled and trained`;
  return [
    { what: `memory ${when}: the page`, value: after.page, unit: 'bytes' },
    { what: `memory ${when}: the page, for a tile`, value: (after.page - before.page) / tiles, unit: 'bytes' },
    { what: `memory ${when}: its worker`, value: after.engine, unit: 'bytes' },
  ];
}

/**
 * Classifies thousands of tiles in one session. The workers' memory is theirs alone: features and thumbnails are the
 * page's, and not kept here.
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
async function* measureGrowth(context, { tiles: different, growth }) {
  // These are classified again and again.
  const files = await tilesInTurn(context, different / CLASSES.length);
  const url = await serveBench(context, await trainingSite(context, files));
  const { visit: seen, page, close } = await visit(context, url, { query: 'bench.html', flags: [...WEBGPU, MEASURING_MEMORY] });
  await seen.ready();
  const bench = /** @type {import('playwright-core').JSHandle<import('./browser/bench.js').Bench>} */ (await page.evaluateHandle('bench'));
  await bench.evaluate((onPage) => onPage.openEngine('cpu'));
  const all = [...files.keys()];
  let classified = 0;
  for (const wanted of growth) {
    for (; classified < wanted; classified += all.length) await bench.evaluate((onPage, tiles) => onPage.classify(tiles), all);
    const { engine } = await memoryOf(page);
    yield { what: `memory of all workers after ${wanted.toLocaleString('en')} tiles were classified`, value: engine, unit: 'bytes' };
  }
  await close();
}

/**
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureMemory(context, effort) {
  const url = await serve(context);
  const bytes = FEATURES * Float32Array.BYTES_PER_ELEMENT;
  yield { what: 'features kept of a tile, one view', value: bytes, unit: 'bytes' };
  yield { what: `features kept of a tile, all ${VIEWS} views`, value: VIEWS * bytes, unit: 'bytes' };
  yield* measureGrowth(context, effort);
  for (const tiles of effort.sizes) yield* await measureSize(context, url, tiles, effort.epochs);
}

/**
 * A thousand tiles dropped at once, from the drop until all are shown: on the page; on a page that has the engine's workers
 * and nothing else, which is what the tiles cost; and on a minimal page over onnxruntime-web. Each in a new profile, in
 * turns, so that what else the machine does meets all three.
 *
 * How busy a thread is comes from a trace of one more run, between the first tile shown and the last: the share of that time
 * in which it had a task by the wall clock, and the share in which it computed by the thread's own clock, which leaves out
 * the time that the system gave the core to somebody else.
 */
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { REAL_TILES, hasRealTiles, tasksOfThreads, tiles, traced, visit } from '../../tests/e2e/harness.mjs';
import { mean, repeated } from './measuring.mjs';
import { serveBench, throughputSite } from './site.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {import('./measuring.mjs').Effort} Effort */
/** @typedef {import('./measuring.mjs').Measurement} Measurement */
/** @typedef {import('playwright-core').Page} Page */

const CORES = os.availableParallelism();
/** Another resizing changes some answers; a page that does other work than ours changes most of them. */
const LEAST_AGREEMENT = 0.7;

/** Tiles of 150 × 150 pixels. */
const SMALL_TILES = path.join(REAL_TILES, '../aid');
/** @type {['elapsedMs' | 'cpuMs', string][]} */
const CLOCKS = [['elapsedMs', 'until all are shown'], ['cpuMs', 'processor time']];

const FIRST = 'first tile shown';
const LAST = 'last tile shown';

/** What follows the site's address. */
const PAGE = '?device=cpu';
const WORKERS_ALONE = 'workers-alone.html';
const ONNXRUNTIME = 'onnxruntime-page.html';

/** @type {Record<string, string>} */
const NAMES = {
  [WORKERS_ALONE]: 'the workers alone',
  [PAGE]: 'the page',
  [ONNXRUNTIME]: `onnxruntime-web, ${CORES} threads`,
};

/**
 * Tiles of every class in turn, real ones where there are any.
 * @param {Context} context
 * @param {number} count
 */
async function droppedTiles(context, count) {
  if (!hasRealTiles) return (await tiles(context, count)).map((tile) => tile.path);
  const classNames = (await readdir(SMALL_TILES)).sort();
  const byClass = await Promise.all(classNames.map(async (name) => (await readdir(path.join(SMALL_TILES, name))).sort().map((file) => path.join(SMALL_TILES, name, file))));
  return Array.from({ length: count }, (_, index) => byClass[index % byClass.length][Math.floor(index / byClass.length)]);
}

/**
 * In the page: waits for a drop, and then until so many tiles are shown. It listens to the bar that says how many are, and
 * asks for no frames, which would cost the page some of its time.
 * @param {{ count: number, first: string, last: string }} wanted and the names of the marks for the trace
 */
function watchDrop({ count, first, last }) {
  const bar = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
  /** @type {Promise<number>} */
  const shownMs = new Promise((resolve) => {
    const onDrop = (/** @type {DragEvent} */ { timeStamp: droppedMs }) => {
      let hasFirst = false;
      const observer = new MutationObserver(() => {
        if (bar.value > 0 && !hasFirst) performance.mark(first);
        hasFirst ||= bar.value > 0;
        if (bar.value < count || document.querySelector('#tile-grid')?.ariaBusy === 'true') return;
        observer.disconnect();
        requestAnimationFrame(() => {
          performance.mark(last);
          resolve(performance.now() - droppedMs);
        });
      });
      observer.observe(document, { subtree: true, attributes: true, attributeFilter: ['value', 'aria-busy'] });
    };
    window.addEventListener('drop', onDrop, { capture: true, once: true });
  });
  return { shownMs };
}

/**
 * Opens one of the pages in a new profile and drops tiles on it. Without a service worker: on a first visit it fetches
 * meanwhile what the page may need later.
 * @param {Context} context
 * @param {string} url
 * @param {string} query
 * @param {string[]} files
 * @param {(page: Page, drop: () => Promise<void>) => Promise<unknown>} [around]
 */
async function dropOn(context, url, query, files, around = (_, drop) => drop()) {
  const { visit: seen, page, close } = await visit(context, url, { query, serviceWorkers: 'block' });
  await seen.ready();
  const took = { elapsedMs: 0, cpuMs: 0 };
  await around(page, async () => {
    const watching = await page.evaluateHandle(watchDrop, { count: files.length, first: FIRST, last: LAST });
    const beforeMs = await browserCpuMs(page);
    await seen.drop(files);
    took.elapsedMs = await watching.evaluate(({ shownMs }) => shownMs);
    took.cpuMs = (await browserCpuMs(page)) - beforeMs;
  });
  return { took, seen, page, close };
}

/**
 * Processor time of all processes of the browser so far. On a machine that does other things, too, it tells more than the
 * wall clock.
 * @param {Page} page
 */
async function browserCpuMs(page) {
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (!session) throw new Error('the window has no browser of its own');
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
}

/**
 * Shares of the time between the first tile and the last.
 * @param {any[]} events of a trace
 * @param {any[]} tasks of one thread
 */
function busyShares(events, tasks) {
  const [fromUs, toUs] = [FIRST, LAST].map((name) => events.find((event) => event.name === name).ts);
  let [wallUs, ownUs] = [0, 0];
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    const withinUs = Math.min(ts + dur, toUs) - Math.max(ts, fromUs);
    if (withinUs <= 0) continue;
    wallUs += withinUs;
    ownUs += tdur * (withinUs / dur);
  }
  return { wall: wallUs / (toUs - fromUs), own: ownUs / (toUs - fromUs) };
}

/**
 * The page's threads while tiles are dropped on it.
 * @param {Context} context
 * @param {string} url
 * @param {string[]} files
 * @returns {Promise<Measurement[]>}
 */
async function measureThreads(context, url, files) {
  /** @type {any[]} */
  let events = [];
  const { close } = await dropOn(context, url, PAGE, files, async (page, drop) => {
    events = await traced(page, 'trace-throughput', ['toplevel', 'v8.execute', 'blink.user_timing'], drop);
  });
  await close();
  const { pid } = events.find((event) => event.name === FIRST);
  const ofPage = (/** @type {string} */ name) =>
    [...tasksOfThreads(events, name)].filter(([thread]) => thread.startsWith(`${pid}:`)).map(([, tasks]) => busyShares(events, tasks));
  const [main] = ofPage('CrRendererMain');
  // Beside those that classify there is the worker that deals, and others that only wait.
  const workers = ofPage('DedicatedWorker thread').sort((a, b) => b.own - a.own).slice(0, CORES);
  if (workers.length < CORES) throw new Error(`the trace has ${workers.length} workers of the page, not ${CORES}`);
  const of = `${files.length.toLocaleString('en')} tiles dropped, first to last`;
  return [
    { what: `${of}: ${CORES} workers busy, wall clock`, value: mean(workers.map(({ wall }) => wall)) * 100, unit: '%' },
    { what: `${of}: ${CORES} workers busy, their own clock`, value: mean(workers.map(({ own }) => own)) * 100, unit: '%' },
    { what: `${of}: main thread busy, wall clock`, value: main.wall * 100, unit: '%' },
    { what: `${of}: main thread busy, its own clock`, value: main.own * 100, unit: '%' },
  ];
}

/**
 * The share of tiles that have the same class on our page and on that over onnxruntime, which resizes otherwise: it tells
 * whether both do the same work.
 * @param {Context} context
 * @param {string} url
 * @param {string[]} files
 */
async function agreement(context, url, files) {
  const ours = await dropOn(context, url, PAGE, files);
  const cards = await ours.seen.cards();
  await ours.close();
  const theirs = await dropOn(context, url, ONNXRUNTIME, files);
  const classes = await theirs.page.locator('figure').evaluateAll((figures) => figures.map(({ dataset }) => dataset.class));
  await theirs.close();
  return cards.filter(({ className }, index) => className === classes[index]).length / files.length;
}

/**
 * @param {Context} context
 * @param {Effort} effort
 * @returns {AsyncGenerator<Measurement>}
 */
export async function* measureThroughput(context, { dropped, rounds, tiles: few }) {
  const files = await droppedTiles(context, dropped);
  const url = await serveBench(context, await throughputSite(context));
  const same = await agreement(context, url, files.slice(0, few));
  yield { what: 'tiles with the same class on the page and on that over onnxruntime-web', value: same * 100, unit: '%' };
  if (same < LEAST_AGREEMENT) throw new Error('the page over onnxruntime-web gives other classes: it does not do the same work');

  /** @type {Record<string, { elapsedMs: number, cpuMs: number }[]>} */
  const times = { [WORKERS_ALONE]: [], [PAGE]: [], [ONNXRUNTIME]: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [query, ofPage] of Object.entries(times)) {
      const { took, close } = await dropOn(context, url, query, files);
      ofPage.push(took);
      await close();
    }
  }
  const of = `${dropped.toLocaleString('en')} tiles dropped`;
  for (const [clock, what] of CLOCKS) {
    for (const [query, ofPage] of Object.entries(times)) yield repeated(`${of}, ${what}: ${NAMES[query]}`, ofPage.map((took) => took[clock]), 'ms');
    for (const other of [WORKERS_ALONE, ONNXRUNTIME]) {
      // Of the same round each: the machine did about the same then.
      const ratios = times[PAGE].map((took, round) => took[clock] / times[other][round][clock]);
      yield repeated(`${of}, ${what}: the page ÷ ${NAMES[other]}`, ratios, 'times');
    }
  }
  yield* await measureThreads(context, url, files);
}

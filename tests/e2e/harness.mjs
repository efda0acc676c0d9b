/**
 * What the end-to-end tests share: the real server, a real Chromium with a fresh profile, real tiles, and a
 * drop as the browser itself makes it. Every visit records its requests, and fails if one left the origin
 * or if the page reported an error that the test did not expect.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { chromium } from 'playwright-core';
import { startServer } from '../../tools/serve.mjs';

/** What a test's context gives: a place for things to undo. @typedef {{ after: (undo: () => unknown) => void }} TestContext */
/** @typedef {{ path: string, name: string, className: string | null }} TileFile */
/**
 * @typedef {object} Card What a tile's card shows.
 * @property {string} name
 * @property {string} state
 * @property {string} label
 * @property {string} className
 * @property {number} confidence
 * @property {string} text
 * @property {string} notes
 * @property {string} error
 * @property {boolean} hasPicture
 */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const IMAGES = path.join(ROOT, 'tests/fixtures/images');
const SAMPLES = path.join(ROOT, 'www/samples');
export const REAL_TILES = path.join(process.env.TILELENS_DATA ?? path.join(ROOT, '../shared/data'), 'rsscn7');
const ARTEFACTS = path.join(ROOT, 'target/screenshots');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const QUIET_BROWSER = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];
/** Without this flag a headless Chromium has `navigator.gpu` but no adapter. */
export const WEBGPU = ['--enable-unsafe-webgpu'];

const ASSETS = path.join(ROOT, 'dist/assets.json');
/** Why tests of WebGPU are skipped: false where the page has its engine, or is not built. */
export const WITHOUT_WEBGPU =
  existsSync(ASSETS) && !JSON.parse(readFileSync(ASSETS, 'utf8')).engines.webgpu && 'the page was built with --cpu-only';

/** So long that only what hangs takes it, on however slow and busy a machine: nothing is judged by its time. */
export const SLOW_MS = 1_200_000;
/** The same for a single wait. */
const WAIT_MS = 600_000;

/**
 * A folder that goes with the test.
 * @param {TestContext} t
 */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tilelens-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/**
 * Serves a built page.
 * @param {TestContext} t
 * @param {string} [root]
 * @param {import('node:http').RequestListener} [listener] in place of the page's own
 */
export async function serve(t, root, listener) {
  const server = await startServer({ root, listener });
  t.after(() => server.close());
  return server.url;
}

/** Whether there are real tiles on this machine; else the drawn samples stand in. */
export const hasRealTiles = existsSync(REAL_TILES);
/** Why tests of accuracy are skipped. */
export const WITHOUT_REAL_TILES = !hasRealTiles && 'real tiles may not be redistributed: TILELENS_DATA names a folder with them';

/**
 * `count` tiles under names of their own: real ones, taken from every class in turn, where there are any.
 * @param {TestContext} t
 * @param {number} count
 * @returns {Promise<TileFile[]>}
 */
export async function tiles(t, count) {
  const folder = await temporaryFolder(t);
  /** @type {{ source: string, className: string | null }[]} */
  const sources = [];
  if (hasRealTiles) {
    const classNames = (await readdir(REAL_TILES)).sort();
    const byClass = await Promise.all(classNames.map(async (name) => (await readdir(path.join(REAL_TILES, name))).sort()));
    for (let index = 0; sources.length < count; index += 1) {
      const names = byClass[index % classNames.length];
      const className = classNames[index % classNames.length];
      // A large step walks over all four ground scales.
      const name = names[(Math.floor(index / classNames.length) * 37) % names.length];
      sources.push({ source: path.join(REAL_TILES, className, name), className });
    }
  } else {
    const names = (await readdir(SAMPLES)).filter((name) => /\.(jpe?g|png)$/.test(name)).sort();
    for (let index = 0; index < count; index += 1) {
      sources.push({ source: path.join(SAMPLES, names[index % names.length]), className: null });
    }
  }
  return Promise.all(
    sources.map(async ({ source, className }, index) => {
      const name = `${String(index).padStart(3, '0')}-${className ?? 'sample'}-${path.basename(source)}`;
      await copyFile(source, path.join(folder, name));
      return { path: path.join(folder, name), name, className };
    }),
  );
}

/**
 * Opens the menu in which something is.
 * @param {import('playwright-core').Page} page
 * @param {string} selector
 */
export async function openMenuOf(page, selector) {
  const menu = page.locator('details.menu', { has: page.locator(selector) });
  if ((await menu.getAttribute('open')) === null) await menu.locator('> summary').click();
}

/**
 * Chooses a button of a menu.
 * @param {import('playwright-core').Page} page
 * @param {string} selector
 */
export async function fromMenu(page, selector) {
  await openMenuOf(page, selector);
  await page.click(selector);
}

/**
 * Chooses from a list in a menu.
 * @param {import('playwright-core').Page} page
 * @param {string} selector
 * @param {string | { label: string }} option
 */
export async function selectInMenu(page, selector, option) {
  await openMenuOf(page, selector);
  await page.selectOption(selector, option);
}

/** One browser window on the page. */
export class Visit {
  /** Addresses of all requests. @type {string[]} */
  requests = [];
  /** Those that the page and its workers made; what the service worker keeps ahead is not among them. @type {string[]} */
  pageRequests = [];
  /** What went wrong in the page, in its own words. @type {string[]} */
  problems = [];
  /** Set by a test that provokes errors. */
  expectsProblems = false;

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {import('playwright-core').Page} page
   * @param {string} url
   */
  constructor(context, page, url) {
    this.context = context;
    this.page = page;
    this.url = url;
    context.on('request', (request) => {
      this.requests.push(request.url());
      if (!request.serviceWorker()) this.pageRequests.push(request.url());
    });
    context.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    context.on('weberror', (error) => this.problems.push(String(error.error())));
  }

  /** Requests for files of the page, without its address. */
  get files() {
    return this.requests.filter((url) => url.startsWith(this.url)).map((url) => url.slice(this.url.length));
  }

  async ready() {
    await this.page.waitForSelector('html[data-engine="ready"]', { state: 'attached', timeout: SLOW_MS });
  }

  device() {
    return this.page.locator('html').getAttribute('data-device');
  }

  /**
   * Drops files or folders in the middle of the window as the desktop does.
   * @param {string[]} paths
   */
  async drop(paths) {
    const middle = await this.page.evaluate(() => ({ x: window.innerWidth / 2, y: window.innerHeight / 2 }));
    const session = await this.context.newCDPSession(this.page);
    for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
      await session.send('Input.dispatchDragEvent', {
        type,
        ...middle,
        data: { items: [], files: paths, dragOperationsMask: 1 },
      });
    }
    await session.detach();
  }

  /**
   * Waits until `count` tiles have ended, well or badly.
   * @param {number} count
   */
  async settled(count) {
    await this.page.waitForFunction(
      (wanted) => {
        const bar = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
        // In the middle of a batch some card is always about to be drawn.
        return bar.value >= wanted && (bar.value < bar.max || document.querySelector('#tile-grid')?.ariaBusy === 'false');
      },
      count,
      { timeout: SLOW_MS, polling: 100 },
    );
  }

  /**
   * Waits until so many tiles are on the page, whatever their state.
   * @param {number} count
   */
  async holds(count) {
    await this.page.waitForFunction(
      (wanted) => {
        const isEmpty = /** @type {HTMLElement} */ (document.querySelector('#results')).hidden;
        return (isEmpty ? 0 : /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar')).max) === wanted;
      },
      count,
      { timeout: SLOW_MS },
    );
  }

  /**
   * The cards of all shown tiles in their order: those near the window are in the page, so the window goes over all.
   * @returns {Promise<Card[]>}
   */
  cards() {
    return this.page.evaluate(async () => {
      const grid = /** @type {HTMLElement} */ (document.querySelector('#tile-grid'));
      /** @type {HTMLButtonElement} */ (document.querySelector('#view-grid')).click();
      const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      /** @type {Map<number, Card>} */
      const found = new Map();
      const { scrollY } = window;
      await drawn();
      window.scrollTo(0, window.scrollY + grid.getBoundingClientRect().top);
      for (;;) {
        await drawn();
        for (const card of /** @type {NodeListOf<HTMLElement>} */ (grid.querySelectorAll('article.tile'))) {
          found.set(Number(card.ariaPosInSet), {
            name: card.dataset.name ?? '',
            state: card.dataset.state ?? '',
            label: card.dataset.label ?? '',
            className: card.dataset.class ?? '',
            confidence: Number(card.dataset.confidence),
            text: card.innerText,
            notes: card.querySelector('.notes')?.textContent ?? '',
            error: card.querySelector('.tile-error')?.textContent?.trim() ?? '',
            hasPicture: card.querySelector('canvas:not([hidden])') !== null,
          });
        }
        const before = window.scrollY;
        window.scrollBy(0, window.innerHeight);
        if (window.scrollY === before) break;
      }
      window.scrollTo(0, scrollY);
      await drawn();
      return [...found].sort(([a], [b]) => a - b).map(([, card]) => card);
    });
  }

  /** Waits until what was done is drawn. */
  async drawn() {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }

  /**
   * Drops tiles and waits until they have ended.
   * @param {string[]} paths
   */
  async dropAndSettle(paths) {
    await this.drawn();
    const before = await this.page.locator('#batch-bar').evaluate((bar) => /** @type {HTMLProgressElement} */ (bar).value);
    await this.drop(paths);
    await this.settled(before + paths.length);
  }

  /**
   * Drops tiles and gives their cards by name.
   * @param {string[]} paths
   */
  async classify(paths) {
    await this.dropAndSettle(paths);
    return new Map((await this.cards()).map((card) => [card.name, card]));
  }

  /** The rows of "Download CSV", each by its columns' names. @returns {Promise<Record<string, string>[]>} */
  async results() {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.page.click('#download-csv')]);
    assert.match(download.suggestedFilename(), /\.csv$/);
    const csv = await readFile(await download.path(), 'utf8');
    const { data, errors } = Papa.parse(csv.replace(/^\uFEFF/, ''), { header: true, skipEmptyLines: true });
    assert.deepEqual(errors, []);
    return /** @type {Record<string, string>[]} */ (data);
  }

  /** @param {string} name */
  async screenshot(name) {
    await mkdir(ARTEFACTS, { recursive: true });
    await this.page.screenshot({ path: path.join(ARTEFACTS, `${name}.png`), fullPage: true });
  }

  /** Leaves the page, and looks back on what it did. */
  async close() {
    await this.context.close();
    const foreign = this.requests.filter((url) => !url.startsWith(this.url) && !/^(blob|data):/.test(url));
    assert.deepEqual(foreign, [], 'no request leaves the origin');
    if (!this.expectsProblems) assert.deepEqual(this.problems, [], 'the page reports no error');
  }
}

/** The browsers that the tests of a file share, by their flags: contexts in them share neither storage nor caches. @type {Map<string, Promise<import('playwright-core').Browser>>} */
const shared = new Map();
/** The bench, which is no test, has a browser for each window. */
const isTest = process.argv[1]?.endsWith('.test.mjs');
if (isTest) {
  after(async () => {
    for (const browser of shared.values()) await (await browser).close();
  });
}

/** @param {string[]} flags */
function launchOptions(flags) {
  return { executablePath: CHROMIUM, headless: true, args: [...QUIET_BROWSER, ...flags] };
}

/** @param {string[]} flags */
function sharedBrowser(flags) {
  const name = flags.join(' ');
  const browser = shared.get(name) ?? chromium.launch(launchOptions(flags));
  shared.set(name, browser);
  return browser;
}

/**
 * A window as of somebody who was never here: in a browser that other tests use, too, or, where a profile is named, in
 * one of its own, whose files stay.
 * @param {{ flags?: string[], profile?: string }} options
 * @param {import('playwright-core').BrowserContextOptions} contextOptions
 */
async function openContext({ flags = [], profile }, contextOptions) {
  const context = profile !== undefined
    ? await chromium.launchPersistentContext(profile, { ...launchOptions(flags), ...contextOptions })
    : await (await sharedBrowser(flags)).newContext(contextOptions);
  context.setDefaultTimeout(WAIT_MS);
  return context;
}

/**
 * Opens the page in a window of its own.
 * @param {TestContext} t
 * @param {string} url
 * @param {object} [options]
 * @param {string} [options.query] such as `?device=cpu`
 * @param {string[]} [options.flags] more flags for the browser
 * @param {string} [options.profile] a folder, for two visits with one profile, or a browser that the test ends
 * @param {{ width: number, height: number }} [options.viewport]
 * @param {'dark' | 'light'} [options.colorScheme]
 * @param {'allow' | 'block'} [options.serviceWorkers] `block` where `prepare` changes answers, which a service worker would give
 * @param {(page: import('playwright-core').Page) => Promise<unknown>} [options.prepare] before the page loads
 */
export async function visit(t, url, options = {}) {
  const profile = options.profile ?? (isTest ? undefined : await temporaryFolder(t));
  const context = await openContext({ flags: options.flags, profile }, {
    viewport: options.viewport ?? { width: 1280, height: 900 },
    colorScheme: options.colorScheme ?? 'light',
    acceptDownloads: true,
    serviceWorkers: options.serviceWorkers ?? 'allow',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const opened = new Visit(context, page, url);
  let closed = false;
  t.after(async () => {
    if (!closed) await context.close();
  });
  await options.prepare?.(page);
  await page.goto(url + (options.query ?? ''));
  return {
    visit: opened,
    page,
    async close() {
      closed = true;
      await opened.close();
    },
  };
}

/**
 * The events of a trace while `action` runs, which is kept beside the screenshots.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {string[]} includedCategories
 * @param {() => Promise<void>} action
 * @returns {Promise<any[]>}
 */
export async function traced(page, name, includedCategories, action) {
  const session = await page.context().newCDPSession(page);
  /** @type {any[]} */
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...value));
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  await action();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  await mkdir(ARTEFACTS, { recursive: true });
  await writeFile(path.join(ARTEFACTS, `${name}.json`), JSON.stringify({ traceEvents: events }));
  return events;
}

/**
 * What the threads of that name did, as a trace tells it: what each had to do, by process and thread. What a task leaves to
 * promises, a worker does after the task.
 * @param {any[]} events
 * @param {string} name as Chromium calls them
 * @returns {Map<string, any[]>}
 */
export function tasksOfThreads(events, name) {
  const thread = (/** @type {any} */ { pid, tid }) => `${pid}:${tid}`;
  const named = events.filter((event) => event.name === 'thread_name' && event.args.name === name);
  const tasks = new Map(named.map((event) => [thread(event), /** @type {any[]} */ ([])]));
  const work = events.filter((event) => event.ph === 'X' && (event.name.endsWith('RunTask') || event.name === 'RunMicrotasks'));
  for (const event of work.sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    const before = tasks.get(thread(event));
    const last = before?.at(-1);
    const isWithin = last && event.ts < last.ts + last.dur;
    if (!isWithin) before?.push(event);
  }
  return tasks;
}

/**
 * The longest task of the page's main thread while `action` runs, in milliseconds, from a trace: by the thread's own
 * clock, and by the wall clock, which also counts the time that the system gave the core to somebody else.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {() => Promise<void>} action
 * @returns {Promise<{ cpuMs: number, wallMs: number }>}
 */
export async function longestMainThreadTask(page, name, action) {
  const events = await traced(page, name, ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'], action);
  const tasks = [...tasksOfThreads(events, 'CrRendererMain').values()].flat();
  assert.ok(tasks.length > 0, 'the trace has tasks of the main thread');
  const longestMs = (/** @type {'tdur' | 'dur'} */ clock) => Math.max(...tasks.map((event) => event[clock] ?? 0)) / 1000;
  return { cpuMs: longestMs('tdur'), wallMs: longestMs('dur') };
}

/**
 * What `action` costs the page's main thread, counted: changes to the document, the most of them that one task made, and
 * layouts. A fast machine counts the same as a slow one; the times of {@link longestMainThreadTask} are for the reader.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {() => Promise<void>} action
 */
export async function mainThreadWork(page, name, action) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const layoutCount = async () => (await session.send('Performance.getMetrics')).metrics.find((metric) => metric.name === 'LayoutCount')?.value ?? Number.NaN;
  const counting = await page.evaluateHandle(() => {
    const counts = { changes: 0, mostInATask: 0 };
    // It is told once a task, when the task's own work is done.
    const observer = new MutationObserver(({ length }) => {
      counts.changes += length;
      counts.mostInATask = Math.max(counts.mostInATask, length);
    });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    return { counts, observer };
  });
  const layoutsBefore = await layoutCount();
  const longest = await longestMainThreadTask(page, name, action);
  const layouts = (await layoutCount()) - layoutsBefore;
  const counts = await counting.evaluate(({ counts: counted, observer }) => {
    observer.disconnect();
    return counted;
  });
  await session.detach();
  return { ...longest, ...counts, layouts };
}

/**
 * Runs build.sh and returns what it said, without throwing.
 * @param {string[]} args
 * @param {Record<string, string>} environment
 */
export async function buildScript(args, environment) {
  const run = promisify(execFile);
  const options = { cwd: ROOT, env: { ...process.env, ...environment } };
  try {
    const { stdout, stderr } = await run('./build.sh', args, options);
    return { ok: true, stdout, stderr };
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    return { ok: false, stdout, stderr };
  }
}

/**
 * Writes bytes to a file in a temporary folder and gives its path.
 * @param {TestContext} t
 * @param {string} name
 * @param {Uint8Array | string} content
 */
export async function temporaryFile(t, name, content) {
  const file = path.join(await temporaryFolder(t), name);
  await writeFile(file, content);
  return file;
}

/**
 * Uses the page for hours: tiles are dropped, labelled, trained on and exported, then another project begins, again and
 * again. Prints what the page, its workers and the browser's process of the page hold; ends badly where that grows.
 *
 *     node tools/bench/soak.mjs [MINUTES]
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { Bench, CLASSES, labelledTiles } from '../../tests/e2e/fine-tuning-harness.mjs';
import { fromMenu, serve, temporaryFolder, visit } from '../../tests/e2e/harness.mjs';
import { median } from './measuring.mjs';
import { MEASURING_MEMORY, memoryOf } from './memory.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./measuring.mjs').Context} Context */
/** @typedef {{ send(method: string, parameters: object): Promise<unknown> }} Session */
/**
 * @typedef {object} Held In bytes.
 * @property {number} page
 * @property {number} engine of all workers
 * @property {number} process what the page's process has for itself
 * @property {number} mapped what it shares with the browser and with the disk: caches, which the browser empties when memory is short
 */

const TILES_OF_EACH_CLASS = 10;
/** Until then caches fill and code is compiled. */
const WARM_UP_ROUNDS = 10;
/** What may be held more at the end than after the warm-up: garbage comes and goes by so much. */
const MOST_GROWTH = 0.1;
const REPORT_ROUNDS = 10;

/**
 * The resident memory of the browser's largest process of a page, as Linux counts it.
 * @param {string} profile
 */
async function processMemory(profile) {
  const measured = (await readdir('/proc')).map(async (id) => {
    try {
      const line = await readFile(`/proc/${id}/cmdline`, 'utf8');
      if (!line.includes('--type=renderer') || !line.includes(profile)) return null;
      const status = await readFile(`/proc/${id}/status`, 'utf8');
      const bytes = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
      return { process: bytes('RssAnon'), mapped: bytes('RssFile') + bytes('RssShmem') };
    } catch {
      // It has ended meanwhile, or is no process.
      return null;
    }
  });
  const found = (await Promise.all(measured)).filter((memory) => memory !== null);
  return found.reduce((most, memory) => (memory.process > most.process ? memory : most), { process: 0, mapped: 0 });
}

/**
 * The driver has the browser keep the body of every response for it, up to 200 MB for the page and for each worker, as
 * long as they live: for hours the process would grow by what no user's has. There is no public way to have it otherwise.
 * @param {Page} page
 */
async function keepNoBodies(page) {
  const { _networkManager: network } = /** @type {any} */ (page)._connection.toImpl(page).delegate;
  const shorten = (/** @type {Session} */ session) => session.send('Network.enable', { maxTotalBufferSize: 1e6, maxResourceBufferSize: 1e5 });
  const { addSession } = network;
  network.addSession = async (/** @type {Session} */ session, /** @type {unknown[]} */ ...more) => {
    await addSession.call(network, session, ...more);
    await shorten(session);
  };
  for (const session of network._sessions.keys()) await shorten(session);
}

/**
 * What a user does in an afternoon.
 * @param {Bench} bench
 * @param {Awaited<ReturnType<typeof labelledTiles>>} tiles
 */
export async function round(bench, tiles) {
  const { page } = bench;
  await bench.dropAndLabel(tiles);
  await bench.train();
  const files = [
    await bench.download(() => fromMenu(page, '#export-project')),
    await bench.download(() => page.click('#download-csv')),
    await bench.showReport().then(() => bench.download(() => page.getByRole('button', { name: /ONNX/ }).first().click())),
  ];
  await bench.saved();
  await fromMenu(page, '#delete-project');
  await bench.seen.holds(0);
  for (const file of files) await rm(await file.path());
}

/**
 * @param {Held[]} held round by round
 * @param {keyof Held} what
 */
function growth(held, what) {
  const quarter = Math.max(1, Math.floor(held.length / 4));
  const [early, late] = [held.slice(0, quarter), held.slice(-quarter)].map((some) => median(some.map((one) => one[what])));
  return { early, late, share: late / early - 1 };
}

/** @param {number} minutes */
async function soak(minutes) {
  /** @type {(() => unknown)[]} */
  const undo = [];
  /** @type {Context} */
  const context = { after: (step) => void undo.push(step) };
  try {
    const tiles = await labelledTiles(context, TILES_OF_EACH_CLASS);
    const profile = await temporaryFolder(context);
    const options = {
      query: '?device=cpu',
      flags: [MEASURING_MEMORY],
      profile,
      viewport: { width: 1500, height: 1000 },
      prepare: keepNoBodies,
    };
    const { visit: seen, page, close } = await visit(context, await serve(context), options);
    page.on('dialog', (dialog) => dialog.accept());
    await seen.ready();
    const bench = new Bench(seen);
    const session = await page.context().newCDPSession(page);
    await bench.set({ epochs: 30 });
    /** @type {Held[]} */
    const held = [];
    const startMs = performance.now();
    const elapsedMinutes = () => (performance.now() - startMs) / 60_000;
    for (let done = 1; elapsedMinutes() < minutes || held.length < 4; done += 1) {
      await round(bench, tiles);
      // What the test keeps of the browser's requests is no memory of the page.
      seen.requests.length = 0;
      if (done <= WARM_UP_ROUNDS) continue;
      const { page: pageBytes, engine } = await memoryOf(page);
      // Else the process is measured with what the browser will throw away when it likes to.
      await session.send('HeapProfiler.collectGarbage');
      held.push({ page: pageBytes, engine, ...(await processMemory(profile)) });
      if (done % REPORT_ROUNDS === 0) console.log(`${elapsedMinutes().toFixed(1)} min, round ${done}: ${inMegabytes(held.at(-1))}`);
    }
    console.log(`${held.length + WARM_UP_ROUNDS} rounds of ${tiles.length} tiles in ${elapsedMinutes().toFixed(1)} min`);
    const leaks = /** @type {const} */ (['page', 'engine', 'process', 'mapped']).filter((what) => {
      const { early, late, share } = growth(held, what);
      console.log(`${what}: ${megabytes(early)} in the first quarter, ${megabytes(late)} in the last (${(share * 100).toFixed(1)} %)`);
      return share > MOST_GROWTH && what !== 'mapped';
    });
    if (leaks.length > 0) throw new Error(`what is held grows: ${leaks.join(', ')}`);
    await close();
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {Held | undefined} held */
function inMegabytes(held) {
  return Object.entries(held ?? {}).map(([what, bytes]) => `${what} ${megabytes(bytes)}`).join(', ');
}

try {
  const minutes = Number(process.argv[2] ?? 120);
  if (!(minutes > 0)) throw new Error(`${process.argv[2]} is no time: give minutes, such as 120`);
  await soak(minutes);
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

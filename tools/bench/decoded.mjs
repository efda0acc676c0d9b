/**
 * How long the engine takes for tiles that are decoded, in a worker for each core, without page, files or pixels to be read:
 * what scenes and folders are held against. Seconds for a thousand, the median of five times.
 *
 *     node tools/bench/decoded.mjs [--side 256] [--workers 2]
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { ROOT } from '../../tests/e2e/harness.mjs';
import { pageListener, startServer } from '../serve.mjs';
import { median } from './measuring.mjs';

const TILES = 1000;

const { values } = parseArgs({ options: { side: { type: 'string', default: '256' }, workers: { type: 'string', default: String(os.cpus().length) } } });
const server = await startServer({ listener: pageListener(ROOT, () => ({})) });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const page = await browser.newPage();
  // No page is needed, but the place that it has.
  await page.goto(`${server.url}nothing`);
  const seconds = await page.evaluate(
    async ({ tiles, count, sidePx }) => {
      const workers = Array.from({ length: count }, () => new Worker('/tools/bench/browser/decoded-worker.js', { type: 'module' }));
      const classify = (/** @type {Worker} */ worker, /** @type {number} */ some) =>
        new Promise((resolve, reject) => {
          Object.assign(worker, { onmessage: resolve, onerror: reject });
          worker.postMessage({ count: some, sidePx });
        });
      const all = (/** @type {number} */ some) => Promise.all(workers.map((worker) => classify(worker, Math.ceil(some / count))));
      await all(100);
      const times = [];
      for (let round = 0; round < 5; round += 1) {
        const startMs = performance.now();
        await all(tiles);
        times.push((performance.now() - startMs) / 1000);
      }
      return times;
    },
    { tiles: TILES, count: Number(values.workers), sidePx: Number(values.side) },
  );
  console.log(`${median(seconds).toFixed(2)} s for ${TILES} tiles of ${values.side} × ${values.side} pixels, by ${values.workers} workers`);
} finally {
  await browser.close();
  await server.close();
}

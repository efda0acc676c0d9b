/** What the scripts share that drive the page in dist/ to draw pictures of it. */
import { chromium } from 'playwright-core';
import { startServer } from './serve.mjs';

/** @typedef {import('playwright-core').Page} Page */

const WAIT_MS = 120_000;

/**
 * Serves the page and opens a browser while `work` goes on.
 * @param {(open: (options?: { height?: number, remembered?: Record<string, unknown> }) => Promise<Page>) => Promise<void>} work gets
 *   a way to open the page, as somebody sees it who has been here before: `remembered` is what that browser keeps
 */
export async function withPage(work) {
  const server = await startServer();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  try {
    await work(async ({ height = 900, remembered = {} } = {}) => {
      const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme: 'light' });
      page.setDefaultTimeout(WAIT_MS);
      const shelf = { firstSteps: false, remindedAt: Date.now(), ...remembered };
      await page.addInitScript((kept) => localStorage.setItem('tilelens-window', kept), JSON.stringify(shelf));
      await page.goto(`${server.url}?device=cpu`);
      await page.waitForSelector('html[data-engine="ready"]', { state: 'attached' });
      return page;
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Waits until so many tiles have ended and are drawn. @param {Page} page @param {number} count */
export async function settled(page, count) {
  await page.waitForFunction((wanted) => /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar')).value >= wanted, count);
  await page.waitForFunction(() => document.querySelector('#tile-grid')?.ariaBusy === 'false' && !document.querySelector('article.tile canvas[hidden]'));
}

/** Waits until a head is trained. @param {Page} page */
export async function trained(page) {
  await page.waitForSelector('#report-panel:not([hidden])', { state: 'attached' });
  await page.waitForSelector('html[data-training="idle"]', { state: 'attached' });
}

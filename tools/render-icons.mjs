/**
 * Draws the PNG icons of the web app manifest from www/icon.svg, in Chromium.
 *
 *     CHROMIUM=/usr/bin/chromium node tools/render-icons.mjs
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const WWW = fileURLToPath(new URL('../www', import.meta.url));
/** Systems cut a maskable icon to their own shape: 80 % of it are sure to be seen. */
const SAFE_SHARE = 0.8;
const BACKGROUND = '#0f766e';

const svg = await readFile(path.join(WWW, 'icon.svg'), 'utf8');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const page = await browser.newPage();
  for (const sizePx of [192, 512]) {
    await page.setViewportSize({ width: sizePx, height: sizePx });
    for (const [name, share, background] of /** @type {const} */ ([
      ['icon', 1, 'transparent'],
      ['icon-maskable', SAFE_SHARE, BACKGROUND],
    ])) {
      await page.setContent(
        `<style>body { margin: 0; height: 100vh; display: grid; place-items: center; background: ${background} }
        svg { width: ${share * 100}%; height: ${share * 100}% }</style>${svg}`,
      );
      await writeFile(path.join(WWW, `${name}-${sizePx}.png`), await page.screenshot({ omitBackground: true }));
    }
  }
} finally {
  await browser.close();
}

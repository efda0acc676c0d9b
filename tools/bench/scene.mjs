/**
 * How long a scene takes in the page: until its first picture, and until all its cells have a class; what the page's process
 * takes meanwhile, and how smooth it stays. `make_scene.py` makes a large scene.
 *
 *     node tools/bench/scene.mjs SCENE.tif [--cell 256px]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { startServer } from '../serve.mjs';

const WAIT_MS = 600_000;
/** So many bright points of the map, of every hundredth, are a picture. */
const POINTS = 500;

/**
 * What the largest page process of this browser takes, in MB: all that is resident, and what of it is its own, which Chrome's
 * task manager shows. The rest is the browser's program, which all its processes share.
 */
function pageMb() {
  const processes = execFileSync('ps', ['-eo', 'pid=,ppid=,args=']).toString().trim().split('\n').map((line) => {
    const [pid, parent, ...args] = line.trim().split(/\s+/);
    return { pid, parent, isPage: args.includes('--type=renderer') };
  });
  const mine = new Set([String(process.pid)]);
  for (let before = 0; before < mine.size; ) {
    before = mine.size;
    for (const { pid, parent } of processes) if (mine.has(parent)) mine.add(pid);
  }
  const sizes = processes.filter(({ pid, isPage }) => isPage && mine.has(pid)).map(({ pid }) => {
    const status = statusOf(pid);
    const mb = (/** @type {string} */ name) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024);
    return { residentMb: mb('VmRSS'), ownMb: mb('RssAnon') };
  });
  return sizes.sort((a, b) => b.residentMb - a.residentMb)[0] ?? { residentMb: 0, ownMb: 0 };
}

/** Empty where the process has ended meanwhile. @param {string} pid */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

const { values, positionals } = parseArgs({ options: { cell: { type: 'string', default: '256px' } }, allowPositionals: true });
const server = await startServer();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${server.url}?device=cpu`);
  await page.waitForSelector('html[data-engine="ready"]', { state: 'attached' });

  const openedMs = performance.now();
  await page.setInputFiles('#scene-input', path.resolve(positionals[0]));
  await page.waitForFunction(
    (points) => {
      const canvas = /** @type {HTMLCanvasElement | null} */ (document.querySelector('#map-target canvas:not(.map-overlay)'));
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
      let bright = 0;
      for (let at = 0; at < pixels.length; at += 400) if (pixels[at + 3] > 0 && pixels[at] + pixels[at + 1] + pixels[at + 2] > 60) bright += 1;
      return bright >= points;
    },
    POINTS,
    { polling: 20 },
  );
  const pictureMs = performance.now() - openedMs;
  const atPicture = pageMb();

  await page.$$eval('#map-panel details', (parts) => parts.forEach((part) => ((/** @type {HTMLDetailsElement} */ (part)).open = true)));
  const before = await page.textContent('#grid-cut');
  await page.fill('#grid-cell', values.cell);
  await page.fill('#grid-step', '');
  await page.evaluate(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(window, { benchFrames: frames });
    let lastMs = performance.now();
    const next = () => {
      const nowMs = performance.now();
      frames.push(nowMs - lastMs);
      lastMs = nowMs;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  const cutMs = performance.now();
  await page.click('#grid-form button');
  await page.waitForFunction((words) => document.querySelector('#grid-cut')?.textContent !== words, before);
  const most = pageMb();
  const watching = setInterval(() => {
    const now = pageMb();
    most.residentMb = Math.max(most.residentMb, now.residentMb);
    most.ownMb = Math.max(most.ownMb, now.ownMb);
  }, 250);
  await page.waitForFunction(() => {
    const bar = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
    return bar.value === bar.max && !/not classified/.test(document.querySelector('#map-legend')?.textContent ?? '');
  }, null, { polling: 100 });
  clearInterval(watching);
  const mapMs = performance.now() - cutMs;
  const frames = (await page.evaluate(() => /** @type {{ benchFrames: number[] }} */ (/** @type {unknown} */ (window)).benchFrames)).sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => Math.round(frames[Math.min(frames.length - 1, Math.floor(share * frames.length))]);
  console.log(await page.textContent('#grid-cut'));
  console.log({ pictureMs: Math.round(pictureMs), atPicture, mapMs: Math.round(mapMs), most, frameMs: { median: at(0.5), p95: at(0.95), longest: at(1) } });
} finally {
  await browser.close();
  await server.close();
}

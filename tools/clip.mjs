/**
 * Records the clip of the page in docs/, from the page in dist/: run it again when the page looks different.
 *
 *     node tools/clip.mjs [docs/clip.webp]
 *
 * $PYTHON is a Python with NumPy and Pillow, which draws the tiles and writes the file.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { settled, trained, withPage } from './driving.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {[x: number, y: number, width: number]} Camera What of the window is seen, in its pixels. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PYTHON = process.env.PYTHON ?? 'python3';
/** As tools/draw_tiles.py draws them. */
const CLASSES = ['Forest', 'Town', 'Water', 'Fields', 'Meadow'];
const TILES_A_CLASS = 12;
const LABELS_A_CLASS = 5;
/** In which order the tiles come: like ones not side by side, and no pattern that can be seen. */
const SEED = 7;
const HEIGHT_PX = 800;
/** The whole window; where classes and tiles are; the report. */
const CAMERAS = /** @type {const} */ ({ whole: [0, 0, 1280], work: [0, 92, 984], report: [0, 88, 908] });
const TILE_PX = 112;
const GLIDE_FRAMES = 5;
const GLIDE_MS = 50;

/** Takes pictures of the window, each with how long it is shown and what of it is seen. */
class Film {
  /** @type {{ file: string, ms: number, camera: Camera }[]} */
  frames = [];
  /** @type {Camera} */
  camera = [...CAMERAS.whole];
  #pointer = [640, 700];

  /** @param {Page} page @param {string} folder */
  constructor(page, folder) {
    this.page = page;
    this.folder = folder;
  }

  /** @param {number} ms */
  async take(ms) {
    const file = path.join(this.folder, `${String(this.frames.length).padStart(3, '0')}.png`);
    await this.page.screenshot({ path: file });
    this.frames.push({ file, ms, camera: [...this.camera] });
  }

  /** Shows the last picture longer, from nearer or farther. @param {Readonly<Camera>} to */
  zoom(to) {
    const { file } = this.frames[this.frames.length - 1];
    const from = this.camera;
    for (let step = 1; step <= GLIDE_FRAMES; step += 1) {
      const share = eased(step / GLIDE_FRAMES);
      this.camera = /** @type {Camera} */ (from.map((value, index) => value + (to[index] - value) * share));
      this.frames.push({ file, ms: GLIDE_MS, camera: [...this.camera] });
    }
  }

  /** Moves the pointer, which a screenshot does not show: it is drawn. @param {number} x @param {number} y @param {{ isCarrying?: boolean, onStep?: (x: number, y: number) => Promise<void> }} [options] */
  async moveTo(x, y, { isCarrying = false, onStep } = {}) {
    const [fromX, fromY] = this.#pointer;
    for (let step = 1; step <= GLIDE_FRAMES; step += 1) {
      const share = eased(step / GLIDE_FRAMES);
      const [atX, atY] = [fromX + (x - fromX) * share, fromY + (y - fromY) * share];
      await onStep?.(atX, atY);
      await this.page.evaluate(drawPointer, { x: atX, y: atY, isCarrying });
      await this.take(GLIDE_MS);
    }
    this.#pointer = [x, y];
  }

  /** @param {string} selector */
  async click(selector) {
    const box = await this.page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not in sight`);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await this.moveTo(x, y);
    await this.page.mouse.click(x, y);
  }

  /** Until that tile is the first that is seen. @param {string} name */
  async scrollTo(name) {
    const from = await this.page.evaluate(() => window.scrollY);
    const distance = await this.page.locator(`article.tile[data-name="${name}"]`).evaluate((card) => card.getBoundingClientRect().top - (document.querySelector('#toolbar')?.getBoundingClientRect().bottom ?? 0) - 12);
    for (let step = 1; step <= GLIDE_FRAMES; step += 1) {
      await this.page.evaluate((top) => window.scrollTo(0, top), from + distance * eased(step / GLIDE_FRAMES));
      await this.page.waitForTimeout(100);
      await this.take(GLIDE_MS);
    }
  }

  async hidePointer() {
    await this.page.evaluate(() => document.querySelector('#clip-pointer')?.remove());
  }
}

/** Slow at both ends. @param {number} share */
function eased(share) {
  return share * share * (3 - 2 * share);
}

/** In the page, which takes no markup from anybody. @param {{ x: number, y: number, isCarrying: boolean }} at */
function drawPointer({ x, y, isCarrying }) {
  const make = (/** @type {string} */ name, /** @type {Record<string, string>} */ attributes) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return /** @type {SVGElement} */ (made);
  };
  const pointer = make('svg', { id: 'clip-pointer' });
  Object.assign(pointer.style, { position: 'fixed', zIndex: '99', width: '90px', height: '70px', overflow: 'visible', pointerEvents: 'none', left: `${x}px`, top: `${y}px` });
  if (isCarrying) pointer.append(make('path', { d: 'M18 26q0-4 4-4h14l5 6h25q4 0 4 4v26q0 4-4 4H22q-4 0-4-4z', fill: '#e8b23a', stroke: '#a87812', 'stroke-width': '1.5' }));
  pointer.append(make('path', { d: 'M0 0v22l5.5-5 3.5 8.5 4-1.7-3.6-8.3H17z', fill: '#111', stroke: '#fff', 'stroke-width': '1.6' }));
  document.querySelector('#clip-pointer')?.remove();
  document.documentElement.append(pointer);
}

/** Numbers that are the same each time. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    // A linear congruential generator (Numerical Recipes).
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Copies the tiles into one folder, whose order by name is mixed, and gives the keys of their classes in that order.
 * @param {string} source
 * @param {string} folder
 */
async function mixedTiles(source, folder) {
  const random = generator(SEED);
  const tiles = CLASSES.flatMap((className, place) =>
    Array.from({ length: TILES_A_CLASS }, (_, index) => ({ file: `${className}/${String(index).padStart(2, '0')}.jpg`, place, order: random() })),
  );
  // Those that are labelled come first: five of each.
  const isLabelled = (/** @type {number} */ index) => index % TILES_A_CLASS < LABELS_A_CLASS;
  const ordered = tiles.map((tile, index) => ({ ...tile, order: tile.order + (isLabelled(index) ? 0 : 1) })).sort((a, b) => a.order - b.order);
  await mkdir(folder);
  await Promise.all(ordered.map(({ file }, index) => copyFile(path.join(source, file), path.join(folder, `tile ${String(index + 1).padStart(2, '0')}.jpg`))));
  return ordered.map(({ place }) => String(place + 1));
}

/** @param {Film} film @param {string} folder */
async function dropFolder(film, folder) {
  const session = await film.page.context().newCDPSession(film.page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  const drag = (/** @type {'dragEnter' | 'dragOver' | 'drop'} */ type, /** @type {number} */ x, /** @type {number} */ y) => session.send('Input.dispatchDragEvent', { type, x, y, data });
  let hasEntered = false;
  await film.moveTo(640, 400, {
    isCarrying: true,
    onStep: async (x, y) => {
      await drag(hasEntered ? 'dragOver' : 'dragEnter', x, y);
      hasEntered = true;
    },
  });
  await film.take(400);
  await drag('drop', 640, 400);
}

/** @param {Film} film @param {string[]} keys of the tiles, in their order */
async function record(film, keys) {
  const { page } = film;
  await film.take(700);
  await dropFolder(film, path.join(film.folder, 'tiles'));
  await page.waitForSelector('article.tile');
  await film.hidePointer();
  await film.take(150);
  await settled(page, keys.length);
  await film.take(600);
  film.zoom(CAMERAS.work);

  await film.click('#class-name');
  for (const name of CLASSES) {
    await page.keyboard.type(name);
    await film.take(110);
    await page.keyboard.press('Enter');
    await film.take(110);
  }
  await film.hidePointer();
  await page.locator('article.tile input.select').first().focus();
  for (const [index, key] of keys.slice(0, LABELS_A_CLASS * CLASSES.length).entries()) {
    await page.keyboard.press(key);
    await page.waitForTimeout(60);
    // Slow enough to follow, then quick.
    await film.take(index < 4 ? 220 : 70);
  }
  await page.waitForTimeout(300);
  await film.take(300);
  film.zoom(CAMERAS.whole);

  await film.click('#first-steps-go');
  await film.take(60);
  for (let shot = 0; shot < 12 && (await page.getAttribute('html', 'data-training')) !== 'idle'; shot += 1) await film.take(80);
  await trained(page);
  await settled(page, keys.length);
  await page.waitForTimeout(300);
  await film.hidePointer();
  await film.take(300);
  film.zoom(CAMERAS.work);
  await film.scrollTo('tile 26.jpg');
  await film.take(1100);
  film.zoom(CAMERAS.whole);

  await film.click('#first-steps-go');
  await film.hidePointer();
  await page.locator('#report-panel').waitFor();
  await page.waitForTimeout(300);
  await film.take(500);
  film.zoom(CAMERAS.report);
  await film.take(2000);
}

const [target = path.join(ROOT, 'docs/clip.webp')] = process.argv.slice(2);
const folder = await mkdtemp(path.join(os.tmpdir(), 'tilelens-clip-'));
try {
  const drawn = path.join(folder, 'drawn');
  execFileSync(PYTHON, [path.join(ROOT, 'tools/draw_tiles.py'), drawn, String(TILES_A_CLASS)], { stdio: 'inherit' });
  const keys = await mixedTiles(drawn, path.join(folder, 'tiles'));
  await withPage(async (open) => {
    const film = new Film(await open({ height: HEIGHT_PX, remembered: { firstSteps: true, tileSize: TILE_PX } }), folder);
    // A folder's files come in any order.
    await film.page.evaluate(() => {
      const sort = /** @type {HTMLSelectElement} */ (document.querySelector('#sort'));
      sort.value = 'name';
      sort.dispatchEvent(new Event('change'));
    });
    await record(film, keys);
    const script = path.join(folder, 'frames.json');
    await writeFile(script, JSON.stringify(film.frames));
    execFileSync(PYTHON, [path.join(ROOT, 'tools/clip.py'), script, target], { stdio: 'inherit' });
  });
} finally {
  if (!process.env.KEEP_FRAMES) await rm(folder, { recursive: true });
  else console.log(folder);
}

/** What the tests of fine-tuning share: tiles with known classes, and the page used as a user would. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REAL_TILES, ROOT, SLOW_MS, hasRealTiles, serve, temporaryFolder, visit } from './harness.mjs';

/** @typedef {import('./harness.mjs').TestContext} TestContext */
/** @typedef {import('./harness.mjs').Visit} Visit */
/** @typedef {{ path: string, name: string, className: string }} LabelledTile */

/** Kinds of ground that differ; the test split of RSSCN7 has 52 tiles of each. */
export const CLASSES = ['forest', 'river_lake', 'residential', 'parking'];

const SIDE_PX = 64;
/** Colour and stripe width of the drawn ground, class by class. */
const GROUNDS = [
  { rgb: [40, 90, 45], stripe: 2 },
  { rgb: [40, 60, 120], stripe: 64 },
  { rgb: [170, 150, 130], stripe: 8 },
  { rgb: [120, 120, 125], stripe: 16 },
  { rgb: [150, 60, 50], stripe: 4 },
];

/**
 * `count` tiles of each class that the backbone was not trained on, class by class; drawn ones where there are no
 * real tiles.
 * @param {TestContext} t
 * @param {number} count
 * @param {string[]} [classNames]
 * @returns {Promise<LabelledTile[]>}
 */
export async function labelledTiles(t, count, classNames = CLASSES) {
  if (!hasRealTiles) return drawnTiles(t, count, classNames);
  const folder = await temporaryFolder(t);
  const split = (await readFile(path.join(ROOT, 'models/recipe/splits/rsscn7.test.txt'), 'utf8')).split('\n');
  const files = classNames.flatMap((className) => {
    const ofClass = split.filter((line) => line.startsWith(`${className}/`));
    assert.ok(ofClass.length >= count, `${ofClass.length} test tiles of ${className}`);
    // A step over the whole list takes all ground scales.
    return Array.from({ length: count }, (_, index) => ofClass[Math.floor((index * ofClass.length) / count)]).map((file) => ({ file, className }));
  });
  return Promise.all(
    files.map(async ({ file, className }, index) => {
      const name = `${String(index).padStart(3, '0')}-${className}.jpg`;
      await copyFile(path.join(REAL_TILES, file), path.join(folder, name));
      return { path: path.join(folder, name), name, className };
    }),
  );
}

/**
 * Small tiles, quick to decode: noise on stripes, of another colour and width in each class.
 * @param {TestContext} t
 * @param {number} count
 * @param {string[]} [classNames]
 * @returns {Promise<LabelledTile[]>}
 */
export async function drawnTiles(t, count, classNames = CLASSES) {
  const folder = await temporaryFolder(t);
  const tiles = classNames.flatMap((className, ground) => Array.from({ length: count }, (_, index) => ({ className, ground, index })));
  return Promise.all(
    tiles.map(async ({ className, ground, index }) => {
      const name = `${className}-${String(index).padStart(2, '0')}.bmp`;
      await mkdir(path.join(folder, className), { recursive: true });
      const file = path.join(folder, className, name);
      await writeFile(file, bitmap(ground % GROUNDS.length, index + 1 + 1000 * ground));
      return { path: file, name, className };
    }),
  );
}

/**
 * @param {number} ground
 * @param {number} seed
 */
function bitmap(ground, seed) {
  const { rgb, stripe } = GROUNDS[ground];
  let state = seed;
  const noise = () => {
    // A linear congruential generator (Numerical Recipes).
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const offset = Math.floor(noise() * stripe);
  const pixels = Buffer.alloc(SIDE_PX * SIDE_PX * 3);
  for (let index = 0; index < SIDE_PX * SIDE_PX; index += 1) {
    const light = Math.floor(((index % SIDE_PX) + offset) / stripe) % 2 === 0 ? 25 : -25;
    for (const [channel, value] of rgb.toReversed().entries()) pixels[index * 3 + channel] = Math.max(0, Math.min(255, value + light + noise() * 40 - 20));
  }
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + pixels.length, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(SIDE_PX, 18);
  header.writeInt32LE(SIDE_PX, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return Buffer.concat([header, pixels]);
}

/**
 * Opens the page on the CPU, or as the options say, wide enough for classes beside tiles.
 * @param {TestContext} t
 * @param {Parameters<typeof visit>[2] & { url?: string }} [options]
 */
export async function openBench(t, { url, ...options } = {}) {
  const opened = await visit(t, url ?? (await serve(t)), { query: '?device=cpu', viewport: { width: 1500, height: 1000 }, ...options });
  await opened.visit.ready();
  return { ...opened, bench: new Bench(opened.visit) };
}

/** Uses the page as its user does. */
export class Bench {
  /** @param {Visit} seen */
  constructor(seen) {
    this.seen = seen;
    this.page = seen.page;
  }

  /** @param {{ path: string }[]} tiles */
  async drop(tiles) {
    await this.seen.dropAndSettle(tiles.map((tile) => tile.path));
  }

  /** @param {string[]} names */
  async makeClasses(names) {
    if (!(await this.page.locator('#class-name').isVisible())) await this.page.click('#begin-classes');
    for (const name of names) {
      await this.page.fill('#class-name', name);
      await this.page.keyboard.press('Enter');
      await this.page.locator(`.class-name[aria-label="Name of the class ${name}"]`).waitFor();
    }
  }

  /**
   * Labels tiles in the order in which they stand, by keys alone: each key labels the tile in focus and goes on.
   * @param {{ className: string }[]} tiles
   * @param {string[]} [classNames]
   */
  async labelByKeys(tiles, classNames = CLASSES) {
    await this.focusTile(0);
    for (const { className } of tiles) await this.page.keyboard.press(String(classNames.indexOf(className) + 1));
  }

  /** Takes the keyboard to a tile by its place. @param {number} place */
  async focusTile(place) {
    await this.page.locator('article.tile input.select').first().focus();
    await this.page.keyboard.press('Home');
    for (let step = 0; step < place; step += 1) await this.page.keyboard.press('ArrowRight');
  }

  /**
   * Drops tiles, makes classes and labels every tile.
   * @param {LabelledTile[]} tiles
   * @param {string[]} [classNames]
   */
  async dropAndLabel(tiles, classNames = CLASSES) {
    await this.drop(tiles);
    await this.makeClasses(classNames);
    await this.labelByKeys(tiles, classNames);
  }

  /** @param {Record<string, number | boolean | string>} settings by the names of the field */
  async set(settings) {
    await this.page.locator('#training-details').evaluate((details) => {
      /** @type {HTMLDetailsElement} */ (details).open = true;
    });
    for (const [name, value] of Object.entries(settings)) {
      const field = this.page.locator(`#setting-${name}`);
      if (typeof value === 'boolean') await field.setChecked(value);
      else if (typeof value === 'string') await field.selectOption(value);
      else await field.fill(String(value));
    }
  }

  /** @param {string} stage */
  async reaches(stage) {
    await this.page.waitForFunction((wanted) => document.documentElement.dataset.training === wanted, stage, { timeout: SLOW_MS });
  }

  /** Trains to the end, and waits until the new head has answered for every tile. */
  async train() {
    // A short run may be over before anybody looks: its last sentence stays.
    await this.page.locator('#training-status').evaluate((status) => (status.textContent = ''));
    await this.page.click('#train');
    const isOver = () => /^(Trained|Training stopped)/.test(document.querySelector('#training-status')?.textContent ?? '');
    await this.page.waitForFunction(isOver, null, { timeout: SLOW_MS });
    await this.reaches('idle');
    await this.settled();
  }

  /** Waits until no tile is without an answer. */
  async settled() {
    await this.page.waitForFunction(
      () => {
        const isEmpty = /** @type {HTMLElement} */ (document.querySelector('#results')).hidden;
        const bar = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
        const isDrawn = document.querySelector('#tile-grid')?.ariaBusy !== 'true' && document.documentElement.dataset.model !== 'changing';
        return isDrawn && (isEmpty || bar.value === bar.max);
      },
      null,
      { timeout: SLOW_MS, polling: 100 },
    );
  }

  /** Waits until all is written. */
  async saved() {
    await this.page.waitForSelector('html[data-project="saved"]', { state: 'attached' });
  }

  /** What each tile is labelled and called, by its name. */
  async answers() {
    const cards = await this.seen.cards();
    return new Map(cards.map(({ name, label, className, confidence }) => [name, { name, label, className, confidence }]));
  }

  /** Waits until what was done is drawn. */
  async drawn() {
    await this.seen.drawn();
  }

  /** @param {string} selector */
  async text(selector) {
    await this.drawn();
    return this.page.locator(selector).innerText();
  }

  async counts() {
    await this.drawn();
    return (await this.page.locator('.class-count').allTextContents()).map(Number);
  }

  async notices() {
    return this.page.locator('#notices').innerText();
  }

  /** Goes to the view with the report and what can be taken away. */
  async showReport() {
    await this.page.click('#view-report');
  }

  async report() {
    return this.page.locator('#report').innerText();
  }

  /** @param {() => Promise<unknown>} act @returns {Promise<import('playwright-core').Download>} */
  async download(act) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), act()]);
    return download;
  }
}

/**
 * @param {Map<string, { className: string, label: string, confidence: number }>} found
 * @param {Map<string, { className: string, label: string, confidence: number }>} expected
 * @param {number} tolerance
 */
export function assertSameAnswers(found, expected, tolerance) {
  assert.equal(found.size, expected.size);
  for (const [name, wanted] of expected) {
    const answer = found.get(name);
    assert.equal(answer?.label, wanted.label, `the label of ${name}`);
    assert.equal(answer?.className, wanted.className, `the class of ${name}`);
    const difference = Math.abs((answer?.confidence ?? Number.NaN) - wanted.confidence);
    assert.ok(difference <= tolerance, `${name}: ${answer?.confidence} for ${wanted.confidence}`);
  }
}

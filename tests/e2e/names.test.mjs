/** Names of files, classes and projects are text wherever they are shown or written, whatever they hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import Papa from 'papaparse';
import { keyOf } from '../../www/views/label-keys.js';
import { drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, fromMenu } from './harness.mjs';

/** Turns what follows around, until the end of the line. */
const OVERRIDE = '\u202e';
/** What ends an isolate, and so would end ours. */
const POP = '\u2069';

const NAMES = [
  '<img src=x onerror="document.title=1">',
  `photo${OVERRIDE}gnp.exe`,
  `${POP}${OVERRIDE}gnp.exe`,
  'غابة',
  'שדה חיטה',
  '👩‍👩‍👧‍👦'.repeat(15),
  `z${'\u0301'.repeat(190)}`,
  "=cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(1)',
  '=1\n2',
  'x'.repeat(9_998),
];
/** As many as a class's field takes. */
const LONGEST_CLASS_NAME = 200;
const FORMULA = /^[=+\-@\t\r\n]/;

test('names with markup, other directions, joined and stacked characters, formulae and 10,000 characters are text', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const title = await page.title();
  const files = NAMES.flatMap((name) => [`1 ${name}`, `2 ${name}`, name]);
  const pictures = await drawnTiles(t, 3, NAMES.map((_, index) => `ground-${index}`));
  await addTiles(page, files, pictures);
  await seen.settled(files.length);
  for (const name of NAMES) {
    await page.fill('#class-name', name);
    await page.keyboard.press('Enter');
  }
  // A field of one line takes a line break for a space.
  // And both spellings of an accent are one class.
  const classNames = NAMES.map((name) => name.normalize('NFC').replace('\n', ' ').slice(0, LONGEST_CLASS_NAME));
  await page.waitForFunction((count) => document.querySelectorAll('.class-row').length === count, classNames.length);
  assert.deepEqual(await page.locator('.class-name').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value)), classNames);
  await page.fill('#project-name', NAMES[1]);
  await page.keyboard.press('Enter');
  await page.locator('article.tile input.select').first().focus();
  for (let index = 0; index < files.length; index += 1) {
    await page.keyboard.press(keyOf(Math.floor(index / 3)) ?? '');
  }
  await bench.set({ augmentation: false, epochs: 2 });
  await bench.train();

  // Everywhere as it is, and nowhere as markup.
  const cards = await seen.cards();
  assert.deepEqual(cards.map(({ name }) => name), files);
  assert.deepEqual(cards.map(({ label }) => label), files.map((_, index) => classNames[Math.floor(index / 3)]));
  assert.deepEqual(await page.locator('.confusion tbody th').allTextContents(), classNames);
  assert.deepEqual(await page.locator('.class-figures .class-tag').allTextContents(), classNames);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.equal(await page.evaluate(() => document.title), title);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);

  // Nowhere a direction that goes on behind the name.
  const turned = await page.evaluate(() => {
    const isolating = ['isolate', 'isolate-override', 'plaintext'];
    const own = document.querySelectorAll('.tile-name, .tile-label, .verdict-class, .bar-label, .class-tag, .confusion tbody th, .confusion thead span');
    return [...own].filter((element) => !isolating.includes(getComputedStyle(element).unicodeBidi)).map(({ className }) => className);
  });
  assert.deepEqual(turned, []);
  const sentences = await page.evaluate(() => {
    const texts = [...document.querySelectorAll('option, .confusion button, .class-assign, #class-warning')].map((element) => [element.textContent ?? '', element.getAttribute('title') ?? '']);
    return texts.flat();
  });
  await page.locator('article.tile').nth(5).locator('.similar').click();
  await page.locator('#spotlight').getByText('Most like').waitFor();
  sentences.push((await page.locator('#spotlight').textContent()) ?? '');
  // What is a name and nothing else is a line of its own: the class in a list of labels.
  const loose = sentences.filter((text) => !classNames.includes(text) && withoutIsolates(text).match(/[\p{Bidi_Control}\u0590-\u07ff]/u));
  assert.deepEqual(loose, []);

  const csv = await readFile(await (await bench.download(() => page.click('#download-csv'))).path(), 'utf8');
  const { data } = Papa.parse(csv.replace(/^\uFEFF/, ''), { skipEmptyLines: true });
  const cells = /** @type {string[][]} */ (data).flat();
  assert.deepEqual(cells.filter((cell) => FORMULA.test(cell)), [], 'no cell is a formula');
  for (const name of files) assert.ok(cells.includes(FORMULA.test(name) ? `'${name}` : name), name.slice(0, 40));

  const archive = await bench.download(() => fromMenu(page, '#export-project'));
  assert.equal(archive.suggestedFilename(), 'photognp.exe.zip');
  await bench.showReport();
  const form = page.locator('[data-form="modelFile"]');
  assert.equal((await bench.download(() => form.locator('button').first().click())).suggestedFilename(), 'photo-gnp-exe.safetensors');

  await bench.saved();
  await page.reload();
  await seen.ready();
  await bench.settled();
  assert.deepEqual((await seen.cards()).map(({ name }) => name), files, 'and so they are after a reload');
  await fromMenu(page, '#new-project');
  await seen.holds(0);
  await page.setInputFiles('#project-file', await archive.path());
  await seen.settled(files.length);
  assert.deepEqual((await seen.cards()).map(({ name }) => name).toSorted(), files.toSorted(), 'and after export and import');
  await close();
});

/** Adds tiles as a paste does: no file system takes these names. @param {import('playwright-core').Page} page @param {string[]} names @param {{ path: string }[]} pictures */
async function addTiles(page, names, pictures) {
  const files = await Promise.all(names.map(async (name, index) => ({ name, base64: await readFile(pictures[index].path, 'base64') })));
  await page.evaluate((added) => {
    const clipboardData = new DataTransfer();
    for (const { name, base64 } of added) {
      const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      clipboardData.items.add(new File([data], name, { type: 'image/bmp' }));
    }
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, files);
}

/** @param {string} text */
function withoutIsolates(text) {
  return text.replaceAll(/\u2068[^\u2066-\u2069\u202a-\u202e]*\u2069/g, '');
}

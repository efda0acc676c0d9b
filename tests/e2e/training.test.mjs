/** A run is steered, judged and compared; what it says leads to the tiles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS } from './harness.mjs';

test('a run is paused, resumed and stopped; the best so far is kept, under the names of now', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const [first, second, ...tiles] = await drawnTiles(t, 30);
  await bench.dropAndLabel(tiles);
  // Too long to come to an end by itself.
  await bench.set({ epochs: 10000, patience: 1000, learningRate: 1e-5, augmentation: false });
  await page.click('#train');
  await page.locator('#training-status').getByText(/epoch \d+ of at most 10000.*at most .* left/).waitFor();
  // Two curves are drawn while it learns, as soon as what draws them has been fetched.
  await page.locator('#curves canvas').nth(1).waitFor();

  await page.click('#pause-training');
  await bench.reaches('paused');
  // The engine does one thing after the other: what it was asked for before a tile is done when the tile is.
  await bench.drop([first]);
  const paused = await bench.text('#training-status');
  assert.match(paused, /paused/);
  await bench.drop([second]);
  assert.equal(await bench.text('#training-status'), paused, 'nothing goes on');
  await seen.screenshot('training-paused');

  // The page is usable meanwhile: a class gets another name, a tile is classified.
  await page.locator('.class-name').first().fill('Wood');
  await page.keyboard.press('Enter');
  await page.click('#pause-training');
  await bench.reaches('training');
  await page.waitForFunction((text) => document.querySelector('#training-status')?.textContent !== text, paused);
  await page.click('#stop-training');
  await bench.reaches('idle');
  await bench.settled();
  assert.match(await bench.text('#training-status'), /Trained \d+ epochs on 118 tiles/);
  await page.waitForFunction(() => document.querySelector('#filter-class')?.textContent?.includes('Wood ('));
  await bench.settled();
  const answers = [...(await bench.answers()).values()];
  assert.ok(answers.every(({ className }) => ['Wood', ...CLASSES.slice(1)].includes(className)));
  assert.match(await bench.report(), /held out/);
  await close();
});

test('labels that may be wrong are pointed out, and so is one picture with two labels', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 30);
  await bench.dropAndLabel(tiles);
  await bench.set({ augmentation: false });
  await bench.train();
  const good = await bench.answers();
  const right = (/** @type {typeof good} */ answers) => tiles.filter(({ name, className }) => answers.get(name)?.className === className).length;
  assert.ok(right(good) >= 108, `${right(good)} of ${tiles.length}`);
  assert.match(await bench.report(), /knows none of your classes/);

  // Two tiles of one class get the label of another, and one picture comes twice with two labels.
  const labelOne = async (/** @type {number} */ index, /** @type {string} */ key) => {
    await bench.focusTile(index);
    await page.keyboard.press(key);
  };
  await labelOne(0, '4');
  await labelOne(1, '4');
  await bench.drop([tiles[40]]);
  await labelOne(tiles.length, '1');
  await bench.train();
  assert.match(await bench.report(), /[1-9] labels? may be wrong/);
  await bench.showReport();
  await page.click('#show-doubtful');
  const doubtful = [...(await bench.answers()).keys()];
  assert.ok(doubtful.includes('forest-00.bmp') || doubtful.includes('forest-01.bmp'), String(doubtful));
  await bench.showReport();
  await page.click('#show-contradictions');
  assert.match(await bench.text('#spotlight'), /same picture with different labels: 2 tiles/);
  await page.locator('#spotlight button').click();

  await close();
});

test('a head that unlearnt is called worse than the one before', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 40);
  await bench.dropAndLabel(tiles);
  await bench.set({ augmentation: false });
  await bench.train();
  // One epoch of hardly any learning from scratch knows nothing.
  await bench.set({ epochs: 1, learningRate: 0.000001 });
  await bench.train();
  const report = await bench.report();
  assert.match(report, /Fine-tuning made it worse: the previous head is [\d.]+ points better on the \d+ tiles/);
  assert.match(report, /It is worse than the nearest class mean/);
  assert.equal(await page.locator('.verdict-sentence.worse').count(), 1);
  await bench.showReport();
  await page.click('#show-mistakes');
  assert.match(await bench.text('#spotlight'), /Mistakes, worst first: \d+ tiles/);
  await page.locator('#spotlight button').click();
  await bench.showReport();
  await page.click('#go-back');
  await bench.settled();
  const answers = await bench.answers();
  const right = tiles.filter(({ name, className }) => answers.get(name)?.className === className).length;
  assert.ok(right >= 144, `${right} of ${tiles.length}`);
  await close();
});

/** The window: the welcome, drops anywhere, the two views, what is folded, the tile in focus, the keys. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { IMAGES, SLOW_MS } from './harness.mjs';

const options = { timeout: SLOW_MS };

test('the welcome makes way for tiles, and comes back when they are gone', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  assert.deepEqual(await Promise.all(['#drop-zone', '#toolbar', '#panels', '#inspector', '#add-menu'].map((one) => page.locator(one).isVisible())), [true, false, false, false, false]);
  await bench.makeClasses(['Before any tile']);
  await bench.drop(await drawnTiles(t, 1));
  assert.deepEqual(await Promise.all(['#drop-zone', '#toolbar', '#panels', '#inspector', '#add-menu'].map((one) => page.locator(one).isVisible())), [false, true, true, true, true]);
  await page.locator('#tile-grid article').first().waitFor();
  await page.click('#clear');
  await page.locator('#drop-zone').waitFor();
  const offer = page.locator('#undo-offer');
  await offer.getByText('Removed 4 tiles.').waitFor();
  await offer.getByRole('button', { name: 'Undo' }).click();
  await page.locator('#tile-grid article').first().waitFor();
  assert.equal(await offer.innerText(), '');
  await close();
});

test('the tile in focus is seen with its classes, its size and its notes; an error in full', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 1);
  await bench.drop([...tiles, { path: path.join(IMAGES, 'deep.png') }, { path: path.join(IMAGES, 'empty.jpg') }]);
  await bench.makeClasses(CLASSES);
  await bench.focusTile(0);
  await page.keyboard.press('1');
  await page.keyboard.press('Home');
  const inspector = page.locator('#inspector');
  await inspector.getByText(tiles[0].name).waitFor();
  assert.equal(await inspector.locator('.bars li').count(), 5);
  assert.match(await inspector.innerText(), /Label:\s*forest/);
  assert.match(await inspector.innerText(), /64 × 64 BMP/);
  await inspector.locator('canvas:not([hidden])').waitFor();
  for (let step = 0; step < tiles.length; step += 1) await page.keyboard.press('ArrowRight');
  await inspector.getByText('deep.png').waitFor();
  const ofCard = await page.locator('article.tile[data-name="deep.png"] .notes').textContent();
  assert.ok(ofCard);
  assert.equal((await inspector.locator('.inspected-notes li').allTextContents()).join(' '), ofCard);
  await page.keyboard.press('ArrowRight');
  await inspector.getByText('The file is empty: save or download it again').waitFor();
  await close();
});

test('classes and details are folded, tiles change their size, and the keys are listed, all by the keyboard', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  await bench.drop(await drawnTiles(t, 6));
  const widthOfCard = () => page.locator('article.tile').first().evaluate((card) => card.clientWidth);
  const before = await widthOfCard();
  await bench.focusTile(0);
  await page.keyboard.press('[');
  await page.keyboard.press(']');
  assert.deepEqual([await page.locator('#panels').isVisible(), await page.locator('#inspector').isVisible()], [false, false]);
  await page.keyboard.press('[');
  assert.equal(await page.locator('#panels').isVisible(), true);

  await page.locator('#tile-size').focus();
  await page.keyboard.press('End');
  await bench.drawn();
  assert.ok((await widthOfCard()) >= 300 && before < 300, `${before} px before`);
  await page.keyboard.press('Home');
  await bench.drawn();
  assert.ok((await widthOfCard()) < 100);

  await bench.focusTile(0);
  await page.keyboard.press('?');
  await page.locator('#shortcuts').getByText('Take the label away').waitFor();
  await page.keyboard.press('1');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#shortcuts').isVisible(), false);
  await close();
});

test('the report has the window to itself; its cells lead back to the tiles, and each view keeps its place', options, async (t) => {
  const { page, bench, close } = await openBench(t);
  const kinds = CLASSES.slice(0, 2);
  await bench.dropAndLabel(await drawnTiles(t, 40, kinds), kinds);
  await bench.set({ augmentation: false, epochs: 3 });
  await bench.train();
  await page.evaluate(() => window.scrollTo(0, 600));
  await page.click('#open-report');
  assert.equal(await page.locator('#panels').isVisible(), false);
  const [matrix, window_] = await page.evaluate(() => [document.querySelector('#report-panel')?.clientWidth ?? 0, window.innerWidth]);
  assert.ok(matrix > window_ / 2, `${matrix} of ${window_} px`);
  await page.click('#view-grid');
  assert.equal(await page.evaluate(() => window.scrollY), 600);
  await bench.showReport();
  await page.locator('.confusion td.right button').first().click();
  await page.locator('#spotlight').getByText('forest predicted as forest').waitFor();
  assert.equal(await page.locator('article.tile').first().isVisible(), true);
  await close();
});

/** A thousand tiles: few cards in the page, no long frames, and the keyboard finds its way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, mainThreadWork } from './harness.mjs';

const TILES = 1000;
/** A window shows a dozen; some more stand ready above and below it. */
const MOST_CARDS = 60;
/** A frame that changes more is seen as a stutter: it draws the cards of a window anew, and no others. */
const MOST_CHANGES_IN_A_TASK = 1000;
/** Reading a size right after a change costs a layout more. */
const MOST_LAYOUTS_A_FRAME = 2;

test('a thousand tiles scroll with little work a frame, and only those near the window have a card', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, TILES / CLASSES.length);
  await bench.drop(tiles);
  const inPage = () => page.locator('article.tile').evaluateAll((cards) => cards.map((card) => /** @type {HTMLElement} */ (card).dataset.name));
  assert.ok((await inPage()).length <= MOST_CARDS);

  let frames = 0;
  const work = await mainThreadWork(page, 'trace-scroll', async () => {
    frames = await page.evaluate(async () => {
      let count = 0;
      for (let before = -1; window.scrollY !== before; count += 1) {
        before = window.scrollY;
        window.scrollBy(0, 700);
        await new Promise(requestAnimationFrame);
      }
      return count;
    });
  });
  t.diagnostic(`${frames} frames: ${JSON.stringify(work)}`);
  assert.ok(work.mostInATask <= MOST_CHANGES_IN_A_TASK, `one task changed ${work.mostInATask} things in the document`);
  assert.ok(work.layouts <= MOST_LAYOUTS_A_FRAME * frames, `${work.layouts} layouts in ${frames} frames`);
  const atTheEnd = await inPage();
  assert.ok(atTheEnd.length <= MOST_CARDS && atTheEnd.includes(tiles.at(-1)?.name), `${atTheEnd}`);
  assert.deepEqual((await seen.cards()).map(({ name }) => name), tiles.map(({ name }) => name), 'every tile once, in its order');
  await close();
});

test('the keyboard keeps its tile however far it is scrolled away, and goes on from there', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 60);
  await bench.drop(tiles);
  await bench.makeClasses(CLASSES);
  const focused = () => page.evaluate(() => document.activeElement?.closest('article.tile')?.getAttribute('data-name'));
  const isInSight = () =>
    page.evaluate(() => {
      const { top, bottom } = document.activeElement?.closest('article.tile')?.getBoundingClientRect() ?? { top: -1, bottom: -1 };
      return bottom > 0 && top < window.innerHeight;
    });

  await bench.focusTile(3);
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await bench.drawn();
  assert.equal(await focused(), tiles[3].name);
  assert.equal(await isInSight(), false);
  // A label goes to the tile in focus, and the page goes with the keyboard.
  await page.keyboard.press('1');
  await bench.drawn();
  assert.deepEqual(await bench.counts(), [1, 0, 0, 0]);
  assert.equal(await focused(), tiles[4].name);
  assert.equal(await isInSight(), true);
  await page.keyboard.press('End');
  await bench.drawn();
  assert.equal(await focused(), tiles.at(-1)?.name);
  assert.equal(await isInSight(), true);

  // Selected are also those that have no card.
  await page.keyboard.press('Control+a');
  assert.match(await bench.text('#selection'), new RegExp(`${tiles.length} tiles selected`));
  await page.keyboard.press('2');
  await bench.drawn();
  assert.deepEqual(await bench.counts(), [0, tiles.length, 0, 0]);
  // In a narrower window other tiles stand beside it; it is still there.
  await page.setViewportSize({ width: 700, height: 900 });
  await bench.drawn();
  assert.equal(await focused(), tiles.at(-1)?.name);
  await close();
});

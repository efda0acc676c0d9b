/** Every bad file shows its own error on its own card, and the good ones go on. */
import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { IMAGES, SLOW_MS, serve, temporaryFile, temporaryFolder, tiles, visit } from './harness.mjs';

/** What the card of each fixture says. */
const REFUSED = {
  'empty.jpg': /empty/i,
  'not-an-image.jpg': /text file cannot be read/i,
  'document.pdf': /PDF/,
  'photo.heic': /HEIC/,
  'truncated.jpg': /cut off/i,
  'truncated.png': /cut off/i,
  'damaged.png': /damaged/i,
  'one-pixel.png': /1 × 1 pixels are too few/,
  'huge.png': /20000 × 20000 pixels are more than/,
};
const NOTED = {
  'deep.png': /scaled down to 8/,
  'cmyk.jpg': /CMYK inks/,
  'alpha.png': /without data: the other side of it is seen there/,
  'exif-rotated.jpg': /upright/,
  'animated.gif': /first frame/i,
  'animated.png': /first frame/i,
  'animated.webp': /first frame/i,
  'grey.png': /one channel/,
};
const PLAIN = ['palette.png', 'palette.gif', 'rgb.jpg', 'rgb.png', 'rgb.webp', 'rgb.bmp', 'rgb.tiff'];

test('each bad file fails alone and says why', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const { visit: seen, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();

  const good = await tiles(t, 3);
  const fixtures = [...Object.keys(REFUSED), ...Object.keys(NOTED), ...PLAIN];
  const paths = [...fixtures.map((name) => path.join(IMAGES, name)), ...good.map((file) => file.path)];
  const cards = await seen.classify(paths);
  await seen.screenshot('bad-input');

  for (const [name, message] of Object.entries(REFUSED)) {
    const card = cards.get(name);
    assert.equal(card?.state, 'error', name);
    assert.match(card.error, message, name);
  }
  for (const [name, note] of Object.entries(NOTED)) {
    const card = cards.get(name);
    assert.equal(card?.state, 'done', `${name}: ${card?.error}`);
    assert.match(card.notes, note, name);
  }
  for (const name of [...PLAIN, ...good.map((file) => file.name)]) {
    const card = cards.get(name);
    assert.equal(card?.state, 'done', `${name}: ${card?.error}`);
    assert.notEqual(card.className, '', name);
  }
  await close();
});

test('a file name is shown as text, whatever it holds', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();

  const folder = await temporaryFolder(t);
  const markup = '<img src=x onerror="document.title=1">.png';
  const long = `${'very-'.repeat(48)}long.png`;
  for (const name of [markup, long]) await copyFile(path.join(IMAGES, 'rgb.png'), path.join(folder, name));
  const cards = await seen.classify([markup, long].map((name) => path.join(folder, name)));

  assert.equal(cards.get(markup)?.state, 'done');
  assert.equal(cards.get(long)?.state, 'done');
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.notEqual(await page.title(), '1');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, 'a long name does not widen the page');
  await close();
});

test('files that end in the middle of anything never stop the page', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const { visit: seen, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();

  const paths = [];
  for (const source of ['rgb.png', 'rgb.jpg', 'rgb.webp', 'animated.gif', 'rgb.bmp', 'rgb.tiff']) {
    const bytes = await readFile(path.join(IMAGES, source));
    for (const share of [0.05, 0.3, 0.8]) {
      const name = `${share}-${source}`;
      paths.push(await temporaryFile(t, name, bytes.subarray(0, Math.ceil(bytes.length * share))));
    }
  }
  const [good] = await tiles(t, 1);
  const cards = await seen.classify([...paths, good.path]);
  for (const file of paths) {
    const card = cards.get(path.basename(file));
    assert.ok(card, file);
    if (card.state === 'error') assert.match(card.error, /\w+ \w+/, file);
  }
  assert.equal(cards.get(good.name)?.state, 'done');
  await close();
});

/** The page around the main job. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { IMAGES, ROOT, SLOW_MS, WEBGPU, WITHOUT_WEBGPU, openMenuOf, selectInMenu, serve, temporaryFile, temporaryFolder, tiles, visit } from './harness.mjs';
import { wholeModel } from '../../tools/whole-model.mjs';
import { openSite } from './site.mjs';

const options = { timeout: SLOW_MS };

test('the page paints and explains itself while the engine is still on its way', options, async (t) => {
  const url = await serve(t);
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(undefined)));
  const { visit: seen, page, close } = await visit(t, url, {
    query: '?device=cpu',
    prepare: (opening) =>
      opening.route('**/*.wasm', async (route) => {
        await held;
        await route.continue();
      }),
  });
  await page.locator('#drop-zone').waitFor({ state: 'visible' });
  await page.locator('#engine-progress').waitFor({ state: 'visible' });
  assert.equal(await page.locator('html').getAttribute('data-engine'), 'loading');
  await seen.screenshot('loading');
  release();
  await seen.ready();
  await page.locator('#engine-progress').waitFor({ state: 'hidden' });
  await close();
});

test('tiles dropped before the engine is there are classified when it is', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, close } = await visit(t, url, { query: '?device=cpu' });
  const files = await tiles(t, 2);
  const cards = await seen.classify(files.map((file) => file.path));
  assert.deepEqual([...cards.values()].map((card) => card.state), ['done', 'done']);
  await close();
});

test('a second visit takes the model from the cache', options, async (t) => {
  const site = await openSite(t);
  const profile = await temporaryFolder(t);
  const modelRequests = () => site.asked.filter(({ name }) => name.startsWith('models/')).length;

  const first = await visit(t, site.url, { query: '?device=cpu', profile });
  await first.visit.ready();
  // The backbone, and the head that the page begins with.
  assert.equal(modelRequests(), 2);
  await first.close();

  const second = await visit(t, site.url, { query: '?device=cpu', profile });
  await second.visit.ready();
  assert.equal(modelRequests(), 2);
  const [tile] = await tiles(t, 1);
  assert.equal((await second.visit.classify([tile.path])).get(tile.name)?.state, 'done');
  await second.close();
});

test('a model whose bytes were changed on the way is refused and not kept', options, async (t) => {
  const url = await serve(t);
  const profile = await temporaryFolder(t);
  const tampered = await visit(t, url, {
    query: '?device=cpu',
    profile,
    prepare: (page) =>
      page.route('**/models/*', async (route) => {
        const response = await route.fetch();
        const body = Buffer.from(await response.body());
        body[body.length - 1] ^= 1;
        const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = response.headers();
        await route.fulfill({ status: 200, headers, body });
      }),
  });
  tampered.visit.expectsProblems = true;
  await tampered.page.waitForSelector('html[data-engine="failed"]', { state: 'attached', timeout: SLOW_MS });
  assert.match(await tampered.page.locator('body').innerText(), /checksum|SHA-256|damaged|altered|verif/i);
  await tampered.visit.screenshot('tampered-model');
  await tampered.close();

  const after = await visit(t, url, { query: '?device=cpu', profile });
  await after.visit.ready();
  await after.close();
});

test("a model file of the user's is loaded; a broken one leaves the model before it at work", options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu', serviceWorkers: 'block' });
  seen.expectsProblems = true;
  await seen.ready();
  const [tile] = await tiles(t, 1);
  const before = (await seen.classify([tile.path])).get(tile.name);

  const bytes = await wholeModel();
  const broken = await temporaryFile(t, 'broken.safetensors', bytes.subarray(0, bytes.length / 2));
  await page.locator('#model-file').setInputFiles(broken);
  await page.getByText(/cut off|truncated|incomplete|ends before|damaged/i).first().waitFor();
  assert.equal(await page.locator('html').getAttribute('data-engine'), 'ready');
  await page.locator('#clear').click();
  assert.equal((await seen.classify([tile.path])).get(tile.name)?.className, before?.className);

  const requestsBefore = seen.requests.length;
  await page.locator('#clear').click();
  await page.locator('#model-file').setInputFiles(await temporaryFile(t, 'mine.safetensors', bytes));
  await seen.ready();
  const again = (await seen.classify([tile.path])).get(tile.name);
  assert.equal(again?.className, before?.className);
  assert.deepEqual(
    seen.requests.slice(requestsBefore).filter((address) => /^http/.test(address)),
    [],
    "a user's model and tiles are sent nowhere",
  );
  await close();
});

test('without a GPU adapter the page takes the CPU, fetches its small engine alone, and says why', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url);
  await seen.ready();
  /** @type {string[]} */
  const engines = [];
  page.on('request', (request) => engines.push(...(request.url().match(/engine-\w+(?=-\w+\.wasm)/) ?? [])));
  await page.reload();
  await seen.ready();
  assert.deepEqual(engines, ['engine-cpu']);
  assert.equal(await seen.device(), 'cpu');
  await openMenuOf(page, '#device-status');
  assert.match(await page.locator('#device-status').innerText(), /CPU/);
  assert.match(await page.locator('#device-status').innerText(), /adapter|WebGPU|GPU/i);
  await close();
});

test('a page that is built without WebGPU says so, offers the CPU alone, and computes on it', options, async (t) => {
  const root = await temporaryFolder(t);
  await promisify(execFile)(process.execPath, ['tools/build-page.mjs', '--cpu-only', '--uncompressed', '--output', root], { cwd: ROOT });
  const url = await serve(t, root);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=webgpu', flags: WEBGPU });
  seen.expectsProblems = true;
  await page.waitForSelector('html[data-engine="failed"]', { state: 'attached' });
  assert.match(await page.locator('.notice').innerText(), /built without WebGPU: choose the CPU/);
  await page.getByRole('button', { name: 'Use the CPU' }).click();
  await seen.ready();
  assert.equal(await page.locator('#device-picker option[value="webgpu"]').isDisabled(), true);
  assert.equal(await page.locator('#setting-device option[value="webgpu"]').isDisabled(), true);
  await close();
});

test('WebGPU demanded where there is none is an error that says so', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=webgpu' });
  seen.expectsProblems = true;
  await page.waitForSelector('html[data-engine="failed"]', { state: 'attached', timeout: SLOW_MS });
  assert.match(await page.locator('.notice').innerText(), /offers no WebGPU adapter/);
  await page.getByRole('button', { name: 'Use the CPU' }).click();
  await page.waitForSelector('html[data-engine="ready"][data-device="cpu"]', { state: 'attached', timeout: SLOW_MS });
  await close();
});

test('a software adapter is passed over and the choice explained; the user may switch', { ...options, skip: WITHOUT_WEBGPU }, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { flags: WEBGPU });
  await seen.ready();
  assert.equal(await seen.device(), 'cpu');
  await openMenuOf(page, '#device-status');
  assert.match(await page.locator('#device-status').innerText(), /software WebGPU adapter/);
  await selectInMenu(page, '#device-picker', 'webgpu');
  await page.waitForSelector('html[data-engine="ready"][data-device="webgpu"]', { state: 'attached', timeout: SLOW_MS });
  const [tile] = await tiles(t, 1);
  assert.equal((await seen.classify([tile.path])).get(tile.name)?.state, 'done');
  await close();
});

test('sort, filter, remove, clear and the CSV work on the same results', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();
  const files = await tiles(t, 14);
  const bad = path.join(IMAGES, 'empty.jpg');
  await seen.classify([...files.map((file) => file.path), bad]);
  const cards = await seen.cards();
  const shown = async () => (await seen.cards()).length;

  const rows = await seen.results();
  assert.equal(rows.length, cards.length);
  for (const card of cards) {
    const row = rows.find((candidate) => Object.values(candidate).includes(card.name));
    assert.ok(row, card.name);
    if (card.state === 'done') assert.ok(Object.values(row).includes(card.className), card.name);
    else assert.match(Object.values(row).join(' '), /empty/i);
  }

  const orders = await page.locator('#sort option').evaluateAll((list) => list.map((option) => option.getAttribute('value')));
  const confidence = orders.find((value) => value === 'confidence-descending');
  assert.ok(confidence, `an order by confidence among ${orders}`);
  await page.locator('#sort').selectOption(confidence);
  const sorted = (await seen.cards()).map((card) => card.confidence || Number.NaN).filter((value) => !Number.isNaN(value));
  const falling = sorted.toSorted((a, b) => b - a);
  assert.deepEqual(sorted, falling);

  const wanted = cards[0].className;
  await page.locator('#filter-class').selectOption(wanted);
  assert.equal(await shown(), cards.filter((card) => card.className === wanted).length);
  await seen.screenshot('filtered');
  await page.locator('#filter-class').selectOption({ index: 0 });
  assert.equal(await shown(), cards.length);

  await page.locator('article.tile').first().getByRole('button', { name: /remove/i }).click();
  assert.equal(await shown(), cards.length - 1);
  await page.locator('#clear').click();
  assert.equal(await shown(), 0);
  await close();
});

test('an engine that dies is replaced, and no tile is lost', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  seen.expectsProblems = true;
  await seen.ready();
  const files = await tiles(t, 40);
  const die = () =>
    page.workers()[0].evaluate(() => {
      setTimeout(() => {
        throw new Error('planted');
      });
    });

  await die();
  await seen.drop(files.slice(0, 2).map((file) => file.path));
  await seen.settled(2);
  await seen.drop(files.slice(2).map((file) => file.path));
  await seen.settled(4);
  await die();
  await seen.settled(files.length);
  assert.deepEqual((await seen.cards()).filter((card) => card.state !== 'done'), []);
  await close();
});

test('Cancel stops a batch; what was done stays', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();
  // Enough that a fast machine is not through before the click.
  const files = await tiles(t, 400);
  await seen.drop(files.map((file) => file.path));
  await seen.settled(4);
  await page.locator('#cancel').click();
  await page.locator('#cancel').waitFor({ state: 'hidden' });
  const done = (await seen.cards()).filter((card) => card.state === 'done').length;
  assert.ok(done >= 4 && done < files.length, `${done} were done`);

  // The engine does one thing after the other: whatever was to come before this tile has come.
  const [more] = await tiles(t, 1);
  await seen.drop([more.path]);
  await page.locator(`article.tile[data-name="${more.name}"][data-state="done"]`).last().waitFor({ state: 'attached' });
  assert.equal((await seen.cards()).filter((card) => card.state === 'done').length, done + 1, 'nothing goes on after Cancel');
  await close();
});

test('files picked, a folder dropped and samples clicked are classified like a drop', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();
  const files = await tiles(t, 3);
  await page.locator('#file-input').setInputFiles(files.map((file) => file.path));
  await seen.settled(3);

  await page.locator('#clear').click();
  await seen.drop([path.dirname(files[0].path)]);
  await seen.settled(3);
  assert.ok((await seen.cards()).every((card) => card.state === 'done'));

  await page.locator('#clear').click();
  await page.locator('#folder-input').setInputFiles(path.dirname(files[0].path));
  await seen.settled(3);

  await page.locator('#clear').click();
  await page.locator('#try-samples').click();
  const samples = (await readdir(path.join(ROOT, 'www/samples'))).filter((name) => /\.(jpe?g|png|webp)$/.test(name));
  await seen.settled(samples.length);
  assert.equal((await seen.cards()).filter((card) => card.state === 'done').length, samples.length);
  await seen.screenshot('samples');
  await close();
});

test('an image pasted from the clipboard is classified', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();
  const bytes = (await readFile(path.join(IMAGES, 'rgb.png'))).toString('base64');
  await page.evaluate((base64) => {
    const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([data], 'pasted.png', { type: 'image/png' }));
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, bytes);
  await seen.settled(1);
  assert.equal((await seen.cards())[0].state, 'done');
  await close();
});

test('every control can be reached and used with the keyboard', options, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();
  await page.locator('#try-samples').focus();
  await page.keyboard.press('Enter');
  await seen.settled(1);
  await page.locator('body').click({ position: { x: 1, y: 1 } });

  const reached = new Set();
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    // What is in a menu is reached when the menu is open.
    if (await page.evaluate(() => document.activeElement?.matches('.menu > summary'))) await page.keyboard.press('Enter');
    const { id, outlined } = await page.evaluate(() => {
      const element = document.activeElement;
      const style = element ? getComputedStyle(element) : null;
      return {
        id: element?.id ?? '',
        outlined: style !== null && (style.outlineStyle !== 'none' || style.boxShadow !== 'none'),
      };
    });
    if (id && outlined) reached.add(id);
  }
  for (const id of ['clear', 'download-csv', 'sort', 'filter-class', 'filter-confidence', 'model-picker', 'device-picker']) {
    assert.ok(reached.has(id), `#${id} takes the focus and shows it; reached: ${[...reached]}`);
  }
  await close();
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`on a phone, ${colorScheme}: nothing is wider than the screen`, options, async (t) => {
    const url = await serve(t);
    const { visit: seen, page, close } = await visit(t, url, {
      query: '?device=cpu',
      viewport: { width: 390, height: 844 },
      colorScheme,
    });
    await seen.ready();
    await page.locator('#try-samples').click();
    await seen.settled(1);
    await seen.screenshot(`phone-${colorScheme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} px wide`);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red = 0] = (background.match(/\d+/g) ?? []).map(Number);
    assert.equal(red < 128 ? 'dark' : 'light', colorScheme, `background ${background}`);
    await close();
  });
}

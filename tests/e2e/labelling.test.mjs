/** Classes and labels: by key, by drag, by folder, by suggestion; all of it can be undone. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS } from './harness.mjs';

test('classes are made, renamed, coloured and removed, and every step can be undone and done again', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 1);
  await bench.drop(tiles);
  await bench.makeClasses(['Wood', '<b>Water</b>']);
  await bench.labelByKeys([{ className: 'Wood' }, { className: '<b>Water</b>' }], ['Wood', '<b>Water</b>']);
  assert.deepEqual(await bench.counts(), [1, 1]);
  assert.equal(await page.locator('article.tile b').count(), 0, 'a name is text and no HTML');

  /** What the user sees of classes and labels. */
  const state = async () => ({
    names: await page.locator('.class-name').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value)),
    colours: await page.locator('.class-colour').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value)),
    labels: [...(await bench.answers()).entries()].map(([name, { label }]) => `${name}: ${label}`).sort(),
  });
  const states = [await state()];
  /** @param {() => Promise<unknown>} act */
  const step = async (act) => {
    await act();
    await bench.drawn();
    states.push(await state());
  };
  await step(async () => {
    await page.locator('.class-name').first().fill('Forest');
    await page.keyboard.press('Enter');
  });
  await step(() => page.locator('.class-colour').first().evaluate((field) => {
    /** @type {HTMLInputElement} */ (field).value = '#123456';
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }));
  await step(() => page.locator('.class-remove').nth(1).click());
  await step(() => page.locator('article.tile .remove').last().click());
  await step(() => page.locator('#clear').click());
  assert.equal(states.at(-1)?.labels.length, 0);
  for (let index = 1; index < states.length; index += 1) assert.notDeepEqual(states[index], states[index - 1], `step ${index} shows`);

  for (const expected of states.toReversed().slice(1)) {
    await page.keyboard.press('Control+z');
    await bench.drawn();
    await bench.settled();
    assert.deepEqual(await state(), expected, 'undone');
  }
  for (const expected of states.slice(1)) {
    await page.keyboard.press('Control+Shift+z');
    await bench.drawn();
    await bench.settled();
    assert.deepEqual(await state(), expected, 'done again');
  }
  await close();
});

test('tiles are labelled by drag, selection, drop on a class, folder and suggestion', { timeout: SLOW_MS }, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 3);
  await bench.drop(tiles.slice(0, 6));
  await bench.makeClasses(CLASSES.slice(0, 2));

  await page.locator('article.tile').first().locator('.picture').dragTo(page.locator('.class-row').first());
  assert.deepEqual(await bench.counts(), [1, 0]);

  // A range with Shift, by mouse; then a click on the class.
  await page.locator('article.tile .picture').nth(3).click();
  await page.locator('article.tile .picture').nth(5).click({ modifiers: ['Shift'] });
  assert.match(await page.locator('#selection').innerText(), /3 tiles selected/);
  await page.locator('.class-assign').nth(1).click();
  assert.deepEqual(await bench.counts(), [1, 3]);
  // The same selection by key, and away again.
  await page.keyboard.press('1');
  assert.deepEqual(await bench.counts(), [4, 0]);
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#selection').isVisible(), false);

  // Files from the desktop, dropped on a class.
  await page.locator('.class-row').first().scrollIntoViewIfNeeded();
  const row = await page.locator('.class-row').first().boundingBox();
  assert.ok(row);
  const session = await page.context().newCDPSession(page);
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    const data = { items: [], files: [tiles[6].path], dragOperationsMask: 1 };
    await session.send('Input.dispatchDragEvent', { type, x: row.x + 20, y: row.y + 10, data });
  }
  await seen.settled(7);
  assert.deepEqual(await bench.counts(), [2, 3]);

  // A folder of folders names the classes.
  await page.setInputFiles('#folder-input', path.dirname(path.dirname(tiles[0].path)));
  await seen.settled(7 + tiles.length);
  await page.click('#label-by-folder');
  await page.locator('.class-name').nth(CLASSES.length - 1).waitFor();
  await bench.drawn();
  assert.deepEqual(await page.locator('.class-name').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value)), CLASSES);
  assert.deepEqual(await bench.counts(), [5, 6, 3, 3]);

  await page.selectOption('#filter-label', 'none');
  const [{ className: unlabelled }] = await seen.cards();
  await page.locator('article.tile .accept').first().click();
  await bench.drawn();
  assert.equal(await page.locator('.class-name').last().inputValue(), unlabelled, "the model's class is one of the user's now");
  await close();
});

test('what makes classes hard to learn is said, and a name that cannot be is refused', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 9, CLASSES.slice(0, 2));
  await bench.drop(tiles);
  const obstacle = () => bench.text('#training-obstacle');
  assert.match(await obstacle(), /at least two classes/);
  await bench.makeClasses(CLASSES.slice(0, 2));
  await bench.labelByKeys(tiles.slice(0, 9));
  assert.match(await obstacle(), /labelled tiles of at least two classes/);
  assert.equal(await page.isDisabled('#train'), true);
  const warning = () => bench.text('#class-warning');
  await bench.focusTile(9);
  await page.keyboard.press('2');
  assert.match(await warning(), /Only one tile is labelled river_lake/);
  await page.keyboard.press('2');
  assert.match(await warning(), /river_lake has 2 tiles and another class 9/);

  await page.fill('#class-name', ' forest ');
  await page.keyboard.press('Enter');
  const refusal = await page.locator('#class-name').evaluate((field) => /** @type {HTMLInputElement} */ (field).validationMessage);
  assert.match(refusal, /There is already a class called forest/);
  const many = Array.from({ length: 48 }, (_, index) => `class ${index}`);
  await bench.makeClasses(many);
  await page.fill('#class-name', 'one too many');
  await page.keyboard.press('Enter');
  assert.match(await page.locator('#class-name').evaluate((field) => /** @type {HTMLInputElement} */ (field).validationMessage), /at most 50 classes/);
  const colours = await page.locator('.class-colour').evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value));
  assert.equal(new Set(colours).size, 50, 'each class has a colour of its own');
  // The fiftieth class has a key, too.
  await bench.focusTile(12);
  await page.keyboard.press('H');
  assert.equal((await bench.counts()).at(-1), 1);
  await close();
});

test('what to label next, what is alike and what is unfamiliar', { timeout: SLOW_MS }, async (t) => {
  const { page, bench, close } = await openBench(t);
  const tiles = await drawnTiles(t, 6);
  await bench.drop(tiles);
  await bench.makeClasses(CLASSES);
  // Two classes are known well; the others not at all.
  await bench.labelByKeys(tiles.slice(0, 10));
  const shown = async () => [...(await bench.answers()).keys()];

  await page.click('#label-next');
  await page.locator('#spotlight').getByText('What to label next: 14 tiles').waitFor();
  const next = await shown();
  assert.equal(next.length, 14);
  const soon = new Set(next.slice(0, 4).map((name) => name.split('-')[0]));
  assert.match(next[0], /^(residential|parking)/, `a kind without a label comes first: ${next}`);
  assert.ok(soon.has('residential') && soon.has('parking'), `all kinds without a label come soon: ${next}`);

  await page.locator('#spotlight button').click();
  assert.equal((await shown()).length, tiles.length);
  await bench.focusTile(tiles.findIndex(({ name }) => name === 'parking-00.bmp'));
  await page.locator('article.tile[data-name="parking-00.bmp"] .similar').click();
  await page.locator('#spotlight').getByText('Most like parking-00.bmp').waitFor();
  const alike = await shown();
  assert.equal(alike[0], 'parking-00.bmp');
  assert.ok(alike.slice(0, 6).every((name) => name.startsWith('parking')), String(alike));

  await page.click('#show-unfamiliar');
  await page.locator('#spotlight').getByText('unlike anything you have labelled').waitFor();
  const unfamiliar = await shown();
  assert.ok(unfamiliar.length >= 12 && unfamiliar.every((name) => !name.startsWith('forest')), String(unfamiliar));
  await close();
});

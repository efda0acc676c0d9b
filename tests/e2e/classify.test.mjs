/** The main job: drop tiles, read their classes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import {
  REAL_TILES,
  ROOT,
  SLOW_MS,
  WEBGPU,
  WITHOUT_WEBGPU,
  WITHOUT_REAL_TILES,
  mainThreadWork,
  serve,
  tiles,
  visit,
} from './harness.mjs';

/** A task that changes more is felt: the cards near the window, drawn at once. */
const MOST_CHANGES_IN_A_TASK = 1000;
/** A tile's card is made once and changes a few times; its answer moves the bar and the counts. */
const MOST_CHANGES_A_TILE = 100;
const MOST_LAYOUTS_A_TILE = 3;
/** Folders of RSSCN7, by the class of the head of overhead scenes that means the same. @type {Record<string, string>} */
const SAME_CLASS = { field: 'Farmland', forest: 'Forest', grass: 'Meadow', industry: 'Industrial', parking: 'Parking' };
/** How far the confidences of two devices may lie apart. */
const AGREEMENT = 1e-3;

test('the same tiles get the same classes on the CPU and on WebGPU', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const url = await serve(t);
  const files = await tiles(t, 7);
  const paths = files.map((file) => file.path);

  const cpu = await visit(t, url, { query: '?device=cpu' });
  await cpu.visit.ready();
  assert.equal(await cpu.visit.device(), 'cpu');
  const expected = await cpu.visit.classify(paths);
  await cpu.visit.screenshot('cpu');
  await cpu.close();

  const gpu = await visit(t, url, { query: '?device=webgpu', flags: WEBGPU });
  await gpu.visit.ready();
  assert.equal(await gpu.visit.device(), 'webgpu');
  const found = await gpu.visit.classify(paths);
  await gpu.visit.screenshot('webgpu');
  await gpu.close();

  assert.equal(found.size, files.length);
  for (const { name } of files) {
    const [a, b] = [expected.get(name), found.get(name)];
    assert.ok(a && b, name);
    assert.equal(a.state, 'done', name);
    assert.equal(b.className, a.className, name);
    assert.ok(Math.abs(b.confidence - a.confidence) < AGREEMENT, `${name}: ${a.confidence} and ${b.confidence}`);
  }
});

test('100 tiles get 100 classes, and the page answers throughout', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const files = await tiles(t, 100);
  const { visit: seen, page, close } = await visit(t, url, { query: '?device=cpu' });
  await seen.ready();

  const work = await mainThreadWork(page, 'trace-100-tiles', async () => {
    await seen.drop(files.map((file) => file.path));
    await seen.settled(files.length);
  });

  const cards = await seen.cards();
  await seen.screenshot('100-tiles');
  // The worker, which deals the tiles, and a helper for each core, eight of them at most.
  const workers = 1 + Math.min(8, await page.evaluate(() => navigator.hardwareConcurrency));
  assert.equal(page.workers().length, workers);
  assert.deepEqual(cards.filter((card) => card.state !== 'done'), []);
  assert.equal(cards.length, files.length);
  assert.ok(cards.every((card) => card.className !== '' && card.confidence > 0 && card.confidence <= 1));

  t.diagnostic(JSON.stringify(work));
  assert.ok(work.mostInATask <= MOST_CHANGES_IN_A_TASK, `one task changed ${work.mostInATask} things in the document`);
  assert.ok(work.changes <= MOST_CHANGES_A_TILE * files.length, `${work.changes} changes to the document`);
  assert.ok(work.layouts <= MOST_LAYOUTS_A_TILE * files.length, `${work.layouts} layouts`);

  await close();
  await t.test('real tiles have their own class', { skip: WITHOUT_REAL_TILES }, () => {
    const truth = new Map(files.map((file) => [file.name, SAME_CLASS[file.className ?? '']]));
    const known = cards.filter((card) => truth.get(card.name));
    const right = known.filter((card) => card.className === truth.get(card.name)).length;
    t.diagnostic(`${right} of ${known.length} real tiles have their own class`);
    assert.ok(right > 0.8 * known.length, `only ${right} of ${known.length} tiles have their own class`);
  });
});

/** What PyTorch answers with the shipped weights: file, index of its class, confidence (models/recipe/predict.py). */
const HEAD = 'overhead-scenes.json';
const PYTORCH = path.join(ROOT, 'tests/fixtures/model', HEAD);
const AGREEING = 0.994;
/** Of the confidences' mean difference: decoding JPEG and scaling round by a level here and there. */
const CONFIDENCE_AGREEMENT = 0.01;

// A software GPU takes a second a tile: a sample of them shows that the shaders are right.
for (const [query, flags, every, without] of /** @type {const} */ ([
  ['?device=cpu', [], 1, false],
  ['?device=webgpu', WEBGPU, 20, WITHOUT_WEBGPU],
])) {
  const reason = WITHOUT_REAL_TILES || without;
  test(`the page calls the test tiles what PyTorch calls them (${query})`, { timeout: SLOW_MS, skip: reason }, async (t) => {
    /** The tile below the folder of the sets, its class, PyTorch's answer. @type {[string, string, number, number][]} */
    const answers = JSON.parse(await readFile(PYTORCH, 'utf8'));
    const { labels } = JSON.parse(await readFile(path.join(ROOT, 'models', HEAD), 'utf8'));
    const sample = answers.filter((_, index) => index % every === 0);
    const { visit: seen, close } = await visit(t, await serve(t), { query, flags: [...flags] });
    await seen.ready();
    const cards = await seen.classify(sample.map(([name]) => path.join(REAL_TILES, '..', name)));
    let agreeing = 0;
    let differences = 0;
    for (const [name, , index, confidence] of sample) {
      const card = cards.get(path.basename(name));
      assert.ok(card, name);
      if (card.className !== labels[index]) continue;
      agreeing += 1;
      differences += Math.abs(card.confidence - confidence);
    }
    const difference = differences / agreeing;
    t.diagnostic(`${agreeing} of ${sample.length} classes are PyTorch's; confidences differ by ${difference.toFixed(4)} on average`);
    // Of a small sample, too, one tile may lie between two classes.
    assert.ok(sample.length - agreeing <= Math.max(1, (1 - AGREEING) * sample.length), `${agreeing} of ${sample.length}`);
    assert.ok(difference <= CONFIDENCE_AGREEMENT, `confidences differ by ${difference}`);
    await close();
  });
}

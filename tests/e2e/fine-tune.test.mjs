/** Label tiles, train a head, keep it, take it away: the second main job. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, assertSameAnswers, labelledTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, WEBGPU, WITHOUT_REAL_TILES, WITHOUT_WEBGPU, fromMenu, serve } from './harness.mjs';

const LABELLED = 10;
const HELD_OUT = 20;
/** Five kinds. The shipped backbone saw other tiles of them; the card of the backbone has what it does for unseen classes. */
const KINDS = [...CLASSES, 'field'];
/** What ten labels a class should come to. */
const LEAST_ACCURACY = 0.9;
/** Features, head and labels are the same numbers as before. */
const SAME = 1e-6;

test('ten labels a class make a head that is kept, exported and imported again', { timeout: SLOW_MS }, async (t) => {
  const all = await labelledTiles(t, LABELLED + HELD_OUT, KINDS);
  // Every third of a class, so that all ground scales are among them.
  const labelled = all.filter((_, index) => index % ((LABELLED + HELD_OUT) / LABELLED) === 0);
  const heldOut = all.filter((tile) => !labelled.includes(tile));
  const { visit: seen, page, bench, close } = await openBench(t);

  await bench.drop(labelled);
  await bench.makeClasses(KINDS);
  // One key a label, and no other.
  await bench.labelByKeys(labelled, KINDS);
  assert.deepEqual(await bench.counts(), KINDS.map(() => LABELLED));
  await bench.drop(heldOut);
  await bench.train();
  await seen.screenshot('fine-tuned');

  const answers = await bench.answers();
  const right = heldOut.filter(({ name, className }) => answers.get(name)?.className === className).length;
  t.diagnostic(`${right} of ${heldOut.length} tiles that nobody labelled are right; ${await page.textContent('#training-status')}`);
  // Drawn tiles are told apart by any head.
  await t.test('real tiles are told apart', { skip: WITHOUT_REAL_TILES }, () => {
    assert.ok(right / heldOut.length >= LEAST_ACCURACY, `${right} of ${heldOut.length}`);
  });
  assert.match(await bench.report(), /5-fold cross-validation/);

  // The same labels and the same seed: the same head, to the last bit.
  await bench.train();
  assertSameAnswers(await bench.answers(), answers, 0);
  assert.match(await bench.report(), /No significant difference from the previous head.*had already learnt from 50 of them, so it looks better than it is/);

  await page.fill('#project-name', 'Five kinds');
  await page.keyboard.press('Enter');
  await bench.saved();
  await page.reload();
  await seen.ready();
  await bench.settled();
  assertSameAnswers(await bench.answers(), answers, SAME);
  assert.match(await bench.report(), /5-fold cross-validation/);

  const download = await bench.download(() => fromMenu(page, '#export-project'));
  assert.equal(download.suggestedFilename(), 'Five kinds.zip');
  const archive = await download.path();
  page.on('dialog', (dialog) => dialog.accept());
  await fromMenu(page, '#delete-project');
  await seen.holds(0);
  await page.waitForFunction(() => document.querySelectorAll('#project-picker option').length === 1);

  await page.setInputFiles('#project-file', archive);
  await seen.holds(all.length);
  await bench.settled();
  await page.waitForFunction(() => document.querySelector('#report')?.textContent?.includes('cross-validation'));
  await bench.settled();
  assertSameAnswers(await bench.answers(), answers, SAME);
  assert.equal(await page.inputValue('#project-name'), 'Five kinds');
  // The report still knows its tiles.
  await bench.showReport();
  await page.locator('.confusion td.right button').first().click();
  assert.match(await page.locator('#spotlight').innerText(), /forest predicted as forest: \d+ tiles/);
  await close();
});

test('on WebGPU features, head and training give what the CPU gives', { timeout: SLOW_MS, skip: WITHOUT_WEBGPU }, async (t) => {
  const url = await serve(t);
  const tiles = await labelledTiles(t, 3);
  /** @param {string} device @param {string[]} flags @param {string} trainOn */
  const trained = async (device, flags, trainOn) => {
    const { visit: seen, page, bench, close } = await openBench(t, { url, query: `?device=${device}`, flags });
    await bench.dropAndLabel(tiles);
    await bench.set({ augmentation: false, epochs: 4, device: trainOn });
    await bench.train();
    const status = await page.textContent('#training-status');
    const answers = await bench.answers();
    await seen.screenshot(`fine-tuned-${device}`);
    await close();
    return { status, answers };
  };
  const cpu = await trained('cpu', [], 'cpu');
  const gpu = await trained('webgpu', WEBGPU, 'webgpu');
  assert.match(cpu.status ?? '', /on the CPU/);
  assert.match(gpu.status ?? '', /on the GPU/);
  // Sums in another order, over the backbone and four epochs of Adam.
  assertSameAnswers(gpu.answers, cpu.answers, 5e-3);
  // A page on the CPU has the engine for the CPU alone: that for the GPU comes when training asks for it.
  const fetched = await trained('cpu', WEBGPU, 'webgpu');
  assert.match(fetched.status ?? '', /on the GPU/);
  assertSameAnswers(fetched.answers, cpu.answers, 5e-3);
  const measured = await trained('webgpu', WEBGPU, 'auto');
  assert.match(measured.status ?? '', /four batches take [\d.]+ ms on the CPU and [\d.]+ ms on the GPU/);
});

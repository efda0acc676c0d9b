/** The fine-tuned model leaves the page in three forms, and answers elsewhere as it does here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CLASSES, labelledTiles, openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS, openMenuOf, serve, temporaryFolder } from './harness.mjs';

const TILELENS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const PYTHON = process.env.PYTHON ?? 'python3';
/** The same engine on another processor path. */
const SAME_ENGINE = 1e-3;
/** Pillow decodes and scales with other roundings than this crate; see the test of the Ray example. */
const OTHER_DECODER = 0.03;

const run = promisify(execFile);

test('the model file, safetensors and ONNX give elsewhere what the page gives', { timeout: SLOW_MS }, async (t) => {
  const url = await serve(t);
  const { visit: seen, page, bench, close } = await openBench(t, { url });
  const tiles = await labelledTiles(t, 6);
  await bench.dropAndLabel(tiles);
  await bench.set({ augmentation: false });
  await page.fill('#project-name', 'Four kinds / of ground');
  await page.keyboard.press('Enter');
  await bench.train();
  const answers = await bench.answers();

  const folder = await temporaryFolder(t);
  /** @param {string} form */
  const take = async (form) => {
    await bench.showReport();
    const download = await bench.download(() => page.locator(`[data-form="${form}"] button`).first().click());
    const file = path.join(folder, download.suggestedFilename());
    await download.saveAs(file);
    return file;
  };
  const modelFile = await take('modelFile');
  assert.equal(path.basename(modelFile), 'four-kinds-of-ground.safetensors');
  const f32 = await take('safetensors');
  const onnx = await take('onnx');

  // The command line reads both files, and classifies as the page does.
  for (const model of [modelFile, f32]) {
    const { stdout } = await run(TILELENS, ['classify', path.dirname(tiles[0].path), '--model', model, '--format', 'json']);
    const rows = stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(rows.length, tiles.length);
    for (const row of rows) assertAnswer(answers, path.basename(row.file), row.class, row.confidence, SAME_ENGINE);
  }

  // The snippet as the page shows it, run as it says.
  const snippet = await page.locator('[data-form="onnx"] code').textContent();
  assert.ok(snippet?.includes(path.basename(onnx)));
  for (const { path: file, name } of tiles.slice(0, 3)) {
    const { stdout } = await run(PYTHON, ['-c', snippet ?? '', file], { cwd: folder });
    const lines = stdout.trim().split('\n').map((line) => line.split('\t'));
    assert.deepEqual(lines.map(([label]) => label), CLASSES);
    const [label, confidence] = lines.toSorted((a, b) => Number(b[1]) - Number(a[1]))[0];
    assertAnswer(answers, name, label, Number(confidence), OTHER_DECODER);
  }
  await seen.screenshot('take-away');
  await close();

  // Another visit opens the file as a model of its own.
  const other = await openBench(t, { url });
  await other.page.setInputFiles('#model-file', modelFile);
  await openMenuOf(other.page, '#model-description');
  await other.page.locator('#model-description').getByText('4 classes').waitFor();
  await other.page.keyboard.press('Escape');
  await other.bench.drop(tiles);
  for (const [name, answer] of await other.bench.answers()) assertAnswer(answers, name, answer.className, answer.confidence, 1e-6);
  await other.close();
});

/**
 * @param {Map<string, { className: string, confidence: number }>} answers of the page
 * @param {string} name
 * @param {string} className
 * @param {number} confidence
 * @param {number} tolerance
 */
function assertAnswer(answers, name, className, confidence, tolerance) {
  const expected = answers.get(name);
  assert.equal(className, expected?.className, name);
  const difference = Math.abs(confidence - (expected?.confidence ?? Number.NaN));
  assert.ok(difference <= tolerance, `${name}: ${confidence} for ${expected?.confidence}`);
}

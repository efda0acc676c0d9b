/** Checkpoints of PyTorch, ONNX and Keras dropped on the page, with and without the list of their labels. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openBench } from './fine-tuning-harness.mjs';
import { ROOT, SLOW_MS, temporaryFolder } from './harness.mjs';

/** @typedef {import('./harness.mjs').TestContext} TestContext */
/** @typedef {import('./fine-tuning-harness.mjs').Bench} Bench */

const FIXTURES = path.join(ROOT, 'tests/fixtures');
const TILE = path.join(FIXTURES, 'parity/input.png');
const LABELS = path.join(ROOT, 'models/imagenet_labels.txt');
const ASSETS = path.join(ROOT, 'dist/assets.json');
/** Why they are skipped: where rustup could not add the importer's target, the page is without it. */
const WITHOUT_IMPORTER = existsSync(ASSETS) && !JSON.parse(readFileSync(ASSETS, 'utf8')).engines.importer && 'the page was built without the importer';
const OPTIONS = { timeout: SLOW_MS, skip: WITHOUT_IMPORTER };

/** @param {TestContext} t @param {Record<string, Uint8Array | string>} files by their names */
async function written(t, files) {
  const folder = await temporaryFolder(t);
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      await writeFile(path.join(folder, name), content);
      return path.join(folder, name);
    }),
  );
}

/** @param {string} name */
async function fixture(name) {
  return gunzipSync(await readFile(path.join(FIXTURES, `${name}.gz`)));
}

/** What the page says of the one tile, once the model answers. @param {Bench} bench @param {string} name of the model's file */
async function answer(bench, name) {
  await bench.page.locator('.notice').getByText(`“${name}” was imported, and answers now.`).waitFor();
  await bench.settled();
  const [{ className, confidence }] = [...(await bench.answers()).values()];
  return { className, confidence };
}

test('the same network as PyTorch and as ONNX gives the same class, under the labels that came with it', OPTIONS, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  await bench.drop([{ path: TILE }]);
  const before = seen.files.length;
  const [pth, onnx] = await written(t, { 'best.pth.tar': await fixture('parity/classifier.pth'), 'exported.onnx': await fixture('parity/folded.onnx') });
  await seen.drop([pth, LABELS]);
  const first = await answer(bench, 'best.pth.tar');
  assert.ok(seen.files.slice(before).some((file) => file.startsWith('importer-')), 'the importer is fetched when it is needed');
  assert.match(await page.locator('#notices').innerText(), /ImageNet's mean and deviation are assumed.*Options such as --mean/);
  await seen.screenshot('imported');
  await seen.drop([onnx, LABELS]);
  const second = await answer(bench, 'exported.onnx');
  assert.equal(first.className, second.className);
  assert.ok(first.confidence > 0.01 && Math.abs(first.confidence - second.confidence) < 1e-3, `${first.confidence} and ${second.confidence}`);

  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.notice').getByRole('button', { name: 'Save as a model file' }).last().click()]);
  assert.equal(download.suggestedFilename(), 'exported.safetensors');
  await close();
});

test('a Keras model without names asks for them, takes a list, and gives the answers of Keras', OPTIONS, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  await bench.drop([{ path: TILE }]);
  const list = Buffer.from('\ufeff0 sea\r\n1 forest\r\n2 land\r\n', 'utf16le');
  const [keras, labels] = await written(t, { 'tuned.keras': await fixture('keras/tuned.keras'), 'labels.txt': list });
  await seen.drop([keras]);
  await page.locator('.notice').getByText('“tuned.keras” has 3 classes and no names for them. Drop their list here').waitFor();
  await seen.screenshot('labels-wanted');
  await seen.drop([labels]);
  const found = await answer(bench, 'tuned.keras');
  const { 'tuned.keras': expected } = JSON.parse(await readFile(path.join(FIXTURES, 'keras/answers.json'), 'utf8'));
  assert.equal(found.className, 'forest');
  assert.ok(Math.abs(found.confidence - expected[1]) < 1e-3, `${found.confidence} for ${expected[1]}`);
  assert.match(await page.locator('#notices').innerText(), /turned by 180°/);
  await close();
});

test('what is no such checkpoint is called what it is, and the model before goes on', OPTIONS, async (t) => {
  const { visit: seen, page, bench, close } = await openBench(t);
  await bench.drop([{ path: TILE }]);
  const before = [...(await bench.answers()).values()];
  const whole = await fixture('parity/classifier.pth');
  const files = await written(t, {
    'pointer.pth': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
    'page.onnx': '<!doctype html><title>Sign in</title>',
    'half.pt': whole.subarray(0, whole.length / 2),
    'large.keras': await fixture('keras/large.keras'),
    'mobile.tflite': Buffer.from('\x1c\0\0\0TFL3\0\0\0\0', 'latin1'),
  });
  const sentences = [/a Git LFS pointer/, /a web page/, /half of a zip archive/, /It looks like MobileNetV3Large/, /a TensorFlow Lite model/];
  for (const [index, file] of files.entries()) {
    await seen.drop([file]);
    const notice = page.locator('.notice').filter({ hasText: `“${path.basename(file)}” was not imported: ` });
    await notice.waitFor();
    assert.match(await notice.innerText(), sentences[index]);
  }
  assert.deepEqual([...(await bench.answers()).values()], before);
  await close();
});

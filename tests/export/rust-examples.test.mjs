/** The Rust examples, as their headers say, beside the command line. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { ROOT, SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';

const RELEASE = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release');
const BACKBONE = path.join(ROOT, 'models/overhead.safetensors');
const HEAD = path.join(ROOT, 'models/overhead-scenes.safetensors');
const SAMPLES = path.join(ROOT, 'www/samples');
const FOREST = path.join(SAMPLES, 'synthetic-forest.jpg');
/** Half of the last digit that the example prints. */
const ROUNDED = 0.0005001;
/** The tiles that `train_head.rs` names in its header. */
const TILES = { built: ['industry', 'parking', 'residential'], green: ['field', 'forest', 'grass'] };

/**
 * @param {string} name
 * @param {string[]} args
 */
async function example(name, ...args) {
  const { stdout } = await promisify(execFile)(path.join(RELEASE, 'examples', name), args, { cwd: ROOT });
  return stdout.trim().split('\n');
}

/**
 * Class and probability by file, as `tilelens classify` gives them.
 * @param {string} head
 * @param {string} folder
 */
async function classes(head, folder) {
  const args = ['classify', folder, '--model', BACKBONE, '--head', head];
  const { stdout } = await promisify(execFile)(path.join(RELEASE, 'tilelens'), args, { cwd: ROOT });
  const rows = /** @type {Record<string, string>[]} */ (Papa.parse(stdout.trim(), { header: true }).data);
  return rows.map((row) => ({ file: row.file, class: row.class, probability: Number(row[row.class]) }));
}

/** @param {string[]} lines */
const answers = (lines) => lines.map((line) => line.split('\t')).map(([file, name, probability]) => ({ file, class: name, probability: Number(probability) }));

/**
 * @param {{ file: string, class: string, probability: number }[]} found
 * @param {{ file: string, class: string, probability: number }[]} expected
 */
function assertAlike(found, expected) {
  assert.deepEqual(found.map(({ file, class: name }) => [file, name]), expected.map(({ file, class: name }) => [file, name]));
  for (const [index, { file, probability }] of found.entries()) {
    assert.ok(Math.abs(probability - expected[index].probability) < ROUNDED, `${file}: ${probability}, not ${expected[index].probability}`);
  }
}

test('classify_folder gives the classes that the command line gives', { timeout: SLOW_MS }, async () => {
  const found = answers(await example('classify_folder', SAMPLES, BACKBONE, HEAD));
  assert.equal(found.length, 7);
  assertAlike(found, await classes(HEAD, SAMPLES));
});

test('train_head writes a head that knows its classes, and says how good it is', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  const [tiles, head] = ['tiles', 'head.safetensors'].map((name) => path.join(folder, name));
  for (const [name, files] of Object.entries(TILES)) {
    await mkdir(path.join(tiles, name), { recursive: true });
    for (const file of files) await cp(path.join(SAMPLES, `synthetic-${file}.jpg`), path.join(tiles, name, `${file}.jpg`));
  }
  const [data, accuracy] = await example('train_head', tiles, BACKBONE, head);
  assert.equal(data, '6 tiles in 2 classes: built, green');
  assert.match(accuracy, /^accuracy [01]\.\d{3} \(95 % interval .*\) on 6 tiles that the judged head never saw$/);
  const found = answers(await example('classify_folder', tiles, BACKBONE, head));
  assert.deepEqual(found.map((answer) => answer.class), found.map(({ file }) => path.basename(path.dirname(file))));
  assertAlike(found, await classes(head, tiles));
});

test('the server answers with the classes of a tile, and says what is wrong with a file that is none', { timeout: SLOW_MS }, async (t) => {
  const cargo = ['run', '--quiet', '--locked', '--manifest-path', 'examples/server/Cargo.toml', '--', BACKBONE, HEAD, '0'];
  const environment = { ...process.env, CARGO_TARGET_DIR: path.join(RELEASE, '../server') };
  const server = spawn('cargo', cargo, { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  // Cargo, and what it runs.
  t.after(() => process.kill(-Number(server.pid)));
  const [url] = await Promise.race([
    once(createInterface(server.stdout), 'line'),
    once(server, 'exit').then(([status]) => assert.fail(`the server ended with status ${status}`)),
  ]);

  const answer = await fetch(url, { method: 'POST', body: await readFile(FOREST) });
  assert.equal(answer.status, 200);
  const [first, ...others] = (await answer.json()).classes;
  const expected = (await classes(HEAD, FOREST))[0];
  assert.equal(first.label, expected.class);
  assert.ok(Math.abs(first.probability - expected.probability) < ROUNDED, `${first.probability}, not ${expected.probability}`);
  assert.equal(others.length, 29);

  const refused = await fetch(url, { method: 'POST', body: 'no picture' });
  assert.equal(refused.status, 422);
  const { code, message } = await refused.json();
  assert.match(code, /^image\./);
  assert.ok(message.length > 20, message);
});

/** The example of Ray Data on an exported model, beside the command line on the model file itself. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { IMAGES, ROOT, SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';

const TILELENS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const PYTHON = process.env.PYTHON ?? 'python3';
const BACKBONE = path.join(ROOT, 'models/overhead.safetensors');
const HEAD = path.join(ROOT, 'models/sentinel-2.safetensors');
const SAMPLES = path.join(ROOT, 'www/samples');
/** A script, which the command line skips, and a transparent picture, which it fills and the example lays on white. */
const OTHERWISE = /\.py$|alpha\.png$/;

/**
 * How far probabilities may lie apart. Pillow and this crate round a pixel to levels that differ by one of 255 when
 * they decode a JPEG and when they scale: 0.012 on these tiles. The least mistake in preparing a tile, its EXIF
 * orientation forgotten, makes 0.033; another filter makes 0.2.
 */
const AGREEMENT = 0.03;

/**
 * Runs a program that ends with a status of its own because files of the folder are bad.
 * @param {number} status
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [environment]
 */
async function runOverBadFiles(status, program, args, environment) {
  try {
    await promisify(execFile)(program, args, { cwd: ROOT, env: { ...process.env, ...environment } });
  } catch (error) {
    const { code, stdout, stderr } = /** @type {{ code: number, stdout: string, stderr: string }} */ (error);
    assert.match(stderr, /files gave no class: their error says why/);
    assert.equal(code, status);
    return stdout;
  }
  throw new assert.AssertionError({ message: `${program} says nothing of the bad files` });
}

/**
 * The rows of a table, and the names of its columns.
 * @param {string} csv
 */
function table(csv) {
  const { data, meta } = Papa.parse(csv.trim(), { header: true });
  return { rows: /** @type {Record<string, string>[]} */ (data), columns: meta.fields ?? [] };
}

/** What only the program knows of a tile. */
const OF_PIXELS = ['no_data_share', 'notes'];

test('Ray Data gives the tiles of a folder the classes that the command line gives', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  const [tiles, model, output] = ['tiles', 'mine.onnx', 'classes.csv'].map((name) => path.join(folder, name));
  await cp(SAMPLES, tiles, { recursive: true, filter: (file) => !OTHERWISE.test(file) });
  // One file of each kind that is read, and broken ones.
  await cp(IMAGES, path.join(tiles, 'kinds'), { recursive: true, filter: (file) => !OTHERWISE.test(file) });
  await promisify(execFile)(TILELENS, ['export', BACKBONE, '--head', HEAD, '--output', model]);
  // Ray leaves a token in the home folder, and the logs of each session.
  const ray = { HOME: folder, RAY_TMPDIR: folder, RAY_ADDRESS: '', RAY_USAGE_STATS_ENABLED: '0' };

  const expected = table(await runOverBadFiles(3, TILELENS, ['classify', tiles, '--model', BACKBONE, '--head', HEAD]));
  const example = ['examples/ray/classify_folder.py', model, tiles, output, '--batch-size', '8', '--concurrency', '2'];
  await runOverBadFiles(1, PYTHON, example, ray);
  const found = table(await readFile(output, 'utf8'));

  assert.deepEqual(found.columns, expected.columns.filter((column) => !OF_PIXELS.includes(column)));
  const files = expected.rows.map((row) => path.relative(tiles, row.file));
  assert.deepEqual(found.rows.map((row) => row.file), files.toSorted());
  const labels = found.columns.slice(3, -1);
  let worst = 0;
  for (const row of expected.rows) {
    const file = path.relative(tiles, row.file);
    const answer = found.rows.find((other) => other.file === file);
    assert.ok(answer, file);
    assert.equal(answer.error !== '', row.error !== '', `${file}: ${answer.error}`);
    assert.equal(answer.class, row.class, file);
    for (const label of labels) {
      const difference = Math.abs(Number(answer[label]) - Number(row[label]));
      assert.ok(difference < AGREEMENT, `${file}, ${label}: ${row[label]} and ${answer[label]}`);
      worst = Math.max(worst, difference);
    }
  }
  t.diagnostic(`${files.length} files, probabilities differ by ${worst.toFixed(4)} at most`);
});

/** What the documents say of the repository: links lead somewhere, commands exist. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
/** Of Markdown alone; code spans and blocks are where commands stand. */
const CODE = /```[^]*?```|`[^`\n]+`|^ {4}.*$/gm;
/** What in code is a path of this repository, also with a wildcard or a folder's slash. */
const PATH = /(?<![\w./-])(?:src|www|tests|tools|docs|models|examples|package|benches|fuzz)\/[\w./*-]*/g;
/** What the build or a user makes. */
const MADE = /^(models\/local|package\/node_modules)\b/;

/** Codes that the package answers itself, or that belong to what only the page and the command line do. */
const WITHIN = [
  'image.needs_reader', 'image.needs_stretch', 'raster.unseen', 'raster.outside', 'engine.not_started', 'engine.replaced', 'device.unknown',
  'features.missing', 'features.size', 'features.shape', 'heatmap.no_head', 'model.none', 'model.no_classifier', 'model.no_such_head', 'model.no_such_class',
  'export.no_classifier', 'export.head_alone', 'export.manifest', 'export.layer', 'training.one_class', 'import.not_built',
];

async function documents() {
  const { stdout } = await run('git', ['ls-files', '*.md'], { cwd: ROOT });
  return Promise.all(stdout.trim().split('\n').map(async (name) => ({ name, text: await readFile(path.join(ROOT, name), 'utf8') })));
}

/** @param {string} text */
function codeIn(text) {
  return Array.from(text.matchAll(CODE), ([code]) => code).join('\n');
}

test('every link between documents leads to a file and a heading that are there', async () => {
  const names = (await documents()).map(({ name }) => name);
  await run(path.join(ROOT, 'node_modules/.bin/remark'), ['--no-stdout', '--quiet', '--frail', '--use', 'remark-validate-links=repository:false', ...names], { cwd: ROOT }).catch(({ stderr }) => {
    assert.fail(stderr);
  });
});

test('every file that a document names is there', async () => {
  for (const { name, text } of await documents()) {
    // The recipe's own folder is where its commands are run.
    if (name.startsWith('models/recipe/')) continue;
    for (const [found] of codeIn(text).matchAll(PATH)) {
      const file = found.replace(/\*.*$/, '').replace(/[.:]+$/, '');
      if (!MADE.test(file)) assert.ok(existsSync(path.join(ROOT, file)), `${name} names ${found}`);
    }
  }
});

test('every command of build.sh, suite and Rust test that a document names exists', async () => {
  const { stdout: usage } = await run('./build.sh', ['help'], { cwd: ROOT });
  const commands = Array.from(usage.matchAll(/^ {2}(\w+)/gm), ([, command]) => command);
  const cargo = await readFile(path.join(ROOT, 'Cargo.toml'), 'utf8');
  let checked = 0;
  for (const { name, text } of await documents()) {
    const code = codeIn(text);
    for (const [, command] of code.matchAll(/\.\/build\.sh ([a-z]+)/g)) {
      assert.ok(commands.includes(command), `${name} names ./build.sh ${command}`);
      checked += 1;
    }
    const rustTests = Array.from(code.matchAll(/cargo test.*/g), ([line]) => line).join('\n');
    for (const [, target] of rustTests.matchAll(/--test ([a-z_]+)\b/g)) {
      assert.ok(existsSync(path.join(ROOT, `tests/${target}.rs`)), `${name} names the Rust test ${target}`);
      checked += 1;
    }
    for (const [, features] of code.matchAll(/--features ([\w,]+)/g)) {
      for (const feature of features.split(',')) assert.match(cargo, new RegExp(`^${feature} = \\[`, 'm'), `${name} names the feature ${feature}`);
      checked += 1;
    }
  }
  assert.ok(checked > 15, `the commands were found: ${checked}`);
});

test('the table of features in the documents is that of the crate\'s documentation, and has every feature', async () => {
  const [architecture, lib, cargo] = await Promise.all(['docs/architecture.md', 'src/lib.rs', 'Cargo.toml'].map((file) => readFile(path.join(ROOT, file), 'utf8')));
  /** @param {string} text */
  const rows = (text) => Array.from(text.matchAll(/^(?:\/\/! )?(\| `\w+` \| .* \| (?:yes|no|with `\w+`) \|)$/gm), ([, row]) => row);
  assert.deepEqual(rows(lib), rows(architecture));
  const features = Array.from(cargo.slice(cargo.indexOf('[features]')).split('\n[')[0].matchAll(/^(\w+) = \[/gm), ([, name]) => name);
  assert.deepEqual(rows(lib).map((row) => row.split('`')[1]).toSorted(), features.filter((name) => name !== 'default').toSorted());
});

test('the package\'s README explains every error code that its users can meet', async () => {
  const { stdout } = await run('git', ['ls-files', 'package/src', 'www/engine', 'src/model', 'src/training', 'src/export', 'src/tile', 'src/raster', 'src/device.rs'], { cwd: ROOT });
  const files = stdout.trim().split('\n').filter((file) => /\.(js|rs)$/.test(file) && !/scene|importer/.test(file));
  const sources = (await Promise.all(files.map((file) => readFile(path.join(ROOT, file), 'utf8')))).join('\n');
  const thrown = Array.from(sources.matchAll(/(?:EngineError\(|TilelensError\(|Self::.*=> )["']([a-z]+\.[a-z_]+)["']/g), ([, code]) => code);
  const explained = Array.from((await readFile(path.join(ROOT, 'package/README.md'), 'utf8')).matchAll(/`([a-z]+\.[a-z_]+)`/g), ([, code]) => code);
  const known = new Set([...explained, ...WITHIN]);
  assert.ok(thrown.length > 50, `the codes were found: ${thrown.length}`);
  assert.deepEqual(thrown.filter((code) => !known.has(code)), [], 'codes without an explanation');
});

test('the README fits on a screen and a half', async () => {
  const lines = (await readFile(path.join(ROOT, 'README.md'), 'utf8')).split('\n').length;
  assert.ok(lines <= 75, `${lines} lines`);
});

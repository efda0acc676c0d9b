/** What is in the package: entries, types, licences, sizes. */
import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { PACKAGE, project, tarball, tool } from './packed.mjs';

/** What a page loads beside the engine and the model, by brotli. */
const MOST_SCRIPT_BYTES = 26_500;
/** The element alone, without what every page loads. */
const MOST_ELEMENT_BYTES = 4000;
/** The goals are 0.28 MB for the engine and 0.35 for rasters; compilers differ by a little. */
const MOST_ENGINE_BYTES = 287e3;
const MOST_TRAINING_BYTES = 215e3;
const MOST_RASTER_BYTES = 354e3;

/** @param {string} name */
async function brotliBytes(name) {
  return zlib.brotliCompressSync(await readFile(path.join(PACKAGE, name))).length;
}

test('publint finds nothing', async (t) => {
  const { stdout } = await tool('publint', ['--strict', await tarball()], PACKAGE);
  assert.match(stdout, /All good/);
});

test('every entry has types under every way to resolve it as an ES module', async (t) => {
  await tool('attw', [await tarball(), '--profile', 'esm-only', '--exclude-entrypoints', './assets/*'], PACKAGE);
});

// A project for Node.js alone has no types of the DOM of its own.
for (const [module, moduleResolution, ...lib] of [['NodeNext', 'NodeNext', 'DOM', 'DOM.Iterable'], ['ESNext', 'Bundler', 'DOM', 'DOM.Iterable'], ['NodeNext', 'NodeNext']]) {
  test(`a strict project compiles against it, resolved as ${moduleResolution} does, with the types of ${lib[0] ?? 'no DOM'}`, async (t) => {
    const folder = await project(t, ['consumer.ts']);
    const compilerOptions = { strict: true, skipLibCheck: false, noEmit: true, target: 'ES2022', lib: ['ES2022', ...lib], types: [], module, moduleResolution };
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    await tool('tsc', ['--project', '.'], folder);
  });
}

test('everything that a classifier can do is explained where an editor shows it', async () => {
  const types = await readFile(path.join(PACKAGE, 'types/package/src/classifier.d.ts'), 'utf8');
  const members = types.slice(types.indexOf('export declare class Classifier')).match(/^ {4}(?:static |get )?\w+\(.*$/gm) ?? [];
  assert.equal(members.length, 13);
  for (const member of members) assert.ok(types.includes(`*/\n${member}`), member);
});

test('its papers are there: licences, notice, and a card for each model', async () => {
  for (const name of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'LICENSE-torchvision', 'NOTICE', 'models/overhead.md', 'models/overhead-scenes.md', 'models/sentinel-2.md']) {
    assert.ok((await readFile(path.join(PACKAGE, name))).length > 0, name);
  }
});

test('no paper of it links to what is not there', async () => {
  const papers = ['README.md', ...['overhead', 'overhead-scenes', 'sentinel-2'].map((name) => `models/${name}.md`)];
  let links = 0;
  for (const paper of papers) {
    const text = await readFile(path.join(PACKAGE, paper), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      links += 1;
      await access(path.join(PACKAGE, path.dirname(paper), target));
    }
  }
  assert.ok(links > 5, `${links} links`);
});

test('scripts, engine, training and reader of rasters stay as small as they are', async (t) => {
  const index = await readFile(path.join(PACKAGE, 'index.js'), 'utf8');
  const shared = Array.from(index.matchAll(/from"\.\/([^"]+)"/g), ([, name]) => name);
  const sizes = await Promise.all(['index.js', ...shared, 'assets/worker.js'].map(brotliBytes));
  const scripts = sizes.reduce((sum, size) => sum + size, 0);
  const parts = ['assets/engine.wasm', 'assets/training.wasm', 'assets/raster.wasm', 'element.js'];
  const [engine, training, raster, element] = await Promise.all(parts.map(brotliBytes));
  t.diagnostic(`by brotli: scripts ${scripts} B, element ${element} B, engine ${engine} B; in all without the model ${scripts + engine} B; training besides ${training} B, rasters ${raster} B`);
  assert.ok(scripts <= MOST_SCRIPT_BYTES, `${scripts} B of scripts`);
  assert.ok(element <= MOST_ELEMENT_BYTES, `${element} B of the element`);
  assert.ok(engine <= MOST_ENGINE_BYTES, `${engine} B of the engine`);
  assert.ok(training <= MOST_TRAINING_BYTES, `${training} B of what trains heads`);
  assert.ok(raster <= MOST_RASTER_BYTES, `${raster} B of the reader of rasters`);
});

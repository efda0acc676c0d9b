/** The rooms of the page: who may import from whom. Types count like code: whoever needs a type knows the room. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WWW = fileURLToPath(new URL('../../www/', import.meta.url));
const DOOR = 'engine/index.js';
/** The service worker is another program: of the engine room it needs this alone. */
const SERVICE_WORKER = { file: 'service-worker.js', needs: 'engine/digest.js' };
/** What each room may import from beside itself; whoever is not named here may import from all. @type {Record<string, string[]>} */
const ROOMS = {
  engine: [],
  tiles: ['engine'],
  labels: ['engine', 'tiles'],
  scene: ['engine', 'tiles', 'labels'],
  similarity: ['engine', 'tiles', 'labels'],
  project: ['engine', 'tiles', 'scene', 'labels'],
  models: ['engine', 'tiles', 'scene', 'labels', 'project'],
  training: ['engine', 'tiles', 'scene', 'labels', 'project', 'models'],
  app: ['engine', 'tiles', 'scene', 'labels', 'project', 'models', 'training'],
};
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)'(\.{1,2}\/[^']+)'/g;

/** @returns {Promise<Map<string, string[]>>} what each script of the page imports from the page, by their paths in www/ */
async function imports() {
  const files = (await readdir(WWW, { recursive: true })).map((name) => name.replaceAll(path.sep, '/')).filter((name) => name.endsWith('.js'));
  const found = await Promise.all(
    files.map(async (file) => {
      const source = await readFile(path.join(WWW, file), 'utf8');
      const targets = [...source.matchAll(IMPORT)].map(([, target]) => path.posix.join(path.posix.dirname(file), target));
      // The engine itself is made by the build.
      return /** @type {[string, string[]]} */ ([file, targets.filter((target) => !target.startsWith('../pkg/'))]);
    }),
  );
  return new Map(found);
}

/** @param {string} file */
function roomOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
}

test('every import leads to a script of the page', async () => {
  const all = await imports();
  assert.ok(all.size > 50, 'the scripts were found');
  for (const [file, targets] of all) for (const target of targets) assert.ok(all.has(target), `${file} imports ${target}, which is not there`);
});

test('the engine room has one door, and nothing leads out of it', async () => {
  for (const [file, targets] of await imports()) {
    for (const target of targets) {
      if (roomOf(file) === 'engine') assert.equal(roomOf(target), 'engine', `${file} imports ${target}`);
      else if (roomOf(target) !== 'engine') continue;
      else if (file === SERVICE_WORKER.file) assert.equal(target, SERVICE_WORKER.needs);
      else assert.equal(target, DOOR, `${file} goes past the door`);
    }
  }
});

test('the npm package goes through the same door, and takes nothing else but sentences', async () => {
  const folder = path.join(WWW, '../package/src');
  /** The worker of Node.js begins with what a browser has, and goes on as the page's does. */
  const worker = { file: 'node-worker.js', needs: '../../www/engine/worker/worker.js' };
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.js'))) {
    const source = await readFile(path.join(folder, file), 'utf8');
    for (const [, target] of [...source.matchAll(IMPORT)].filter(([, name]) => name.startsWith('../'))) {
      const allowed = ['../../www/engine/index.js', '../../www/views/sentences.js', ...(file === worker.file ? [worker.needs] : [])];
      assert.ok(allowed.includes(target), `${file} imports ${target}`);
    }
  }
});

test('rooms import one way', async () => {
  for (const [file, targets] of await imports()) {
    const allowed = ROOMS[roomOf(file)];
    for (const target of allowed ? targets : []) {
      assert.ok(roomOf(target) === roomOf(file) || allowed.includes(roomOf(target)), `${file} imports ${target}`);
    }
  }
});

test('no import leads in a circle', async () => {
  const all = await imports();
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} file @param {string[]} way */
  const walk = (file, way) => {
    const start = way.indexOf(file);
    assert.equal(start, -1, `a circle: ${[...way.slice(start), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const target of all.get(file) ?? []) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of all.keys()) walk(file, []);
});

/** `./build.sh weights imagenet` against a server and a checkpoint of our own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { ROOT, SLOW_MS, buildScript, serve, temporaryFile, temporaryFolder, tiles, visit } from './harness.mjs';

const CHECKPOINT = path.join(ROOT, 'tests/fixtures/parity/classifier.pth.gz');

async function checkpoint() {
  const bytes = gunzipSync(await readFile(CHECKPOINT));
  const digits = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return { bytes, name: `mobilenet_v3_small-${digits}.pth` };
}

/**
 * Offers one file, and counts how often it is asked for.
 * @param {import('node:test').TestContext} t
 * @param {string} name
 * @param {Uint8Array} bytes
 */
async function offer(t, name, bytes) {
  const counter = { requests: 0 };
  const server = http.createServer((request, response) => {
    counter.requests += 1;
    if (request.url === `/${name}`) response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/${name}`, counter };
}

/**
 * A cache and a models folder of the test's own, so that those of this machine stay as they are.
 * @param {import('node:test').TestContext} t
 */
async function ownFolders(t) {
  const folder = await temporaryFolder(t);
  return {
    models: path.join(folder, 'models'),
    environment: { TILELENS_CACHE: path.join(folder, 'cache'), TILELENS_LOCAL_MODELS: path.join(folder, 'models') },
  };
}

test('a checkpoint is fetched once, verified, converted and served like any model', { timeout: SLOW_MS }, async (t) => {
  const { bytes, name } = await checkpoint();
  const { url, counter } = await offer(t, name, bytes);
  const { models, environment } = await ownFolders(t);
  for (let run = 0; run < 2; run += 1) {
    const { ok, stderr } = await buildScript(['weights', 'imagenet'], { ...environment, TILELENS_IMAGENET_URL: url });
    assert.ok(ok, stderr);
  }
  assert.equal(counter.requests, 1);

  const site = await temporaryFolder(t);
  await promisify(execFile)('node', ['tools/build-page.mjs', '--cpu-only', '--uncompressed', '--output', site, '--local-models', models], { cwd: ROOT });
  const page = await visit(t, await serve(t, site), { query: '?device=cpu' });
  await page.visit.ready();
  await page.page.locator('#model-picker').selectOption('imagenet');
  await page.page.waitForFunction(() => document.documentElement.dataset.engine === 'ready');
  const [tile] = await tiles(t, 1);
  const card = (await page.visit.classify([tile.path])).get(tile.name);
  assert.equal(card?.state, 'done', card?.error);
  const labels = (await readFile(path.join(ROOT, 'models/imagenet_labels.txt'), 'utf8')).split('\n');
  assert.ok(labels.includes(card.className), `${card.className} is an ImageNet label`);
  await page.close();
});

test('a checkpoint given by its path needs no network', { timeout: SLOW_MS }, async (t) => {
  const { bytes, name } = await checkpoint();
  const { models, environment } = await ownFolders(t);
  const file = await temporaryFile(t, name, bytes);
  const { ok, stderr } = await buildScript(['weights', 'imagenet', file], environment);
  assert.ok(ok, stderr);
  assert.ok(existsSync(path.join(models, 'imagenet.safetensors')));
});

test('a checkpoint with other bytes than its name says is refused and not kept', { timeout: SLOW_MS }, async (t) => {
  const { bytes } = await checkpoint();
  const name = 'mobilenet_v3_small-00000000.pth';
  const { url } = await offer(t, name, bytes);
  const { models, environment } = await ownFolders(t);
  const { ok, stderr } = await buildScript(['weights', 'imagenet'], { ...environment, TILELENS_IMAGENET_URL: url });
  assert.equal(ok, false);
  assert.match(stderr, /its name says 00000000/);
  assert.equal(existsSync(path.join(environment.TILELENS_CACHE, 'downloads', name)), false);
  assert.equal(existsSync(models), false);
});

test('without a network one line says what to do', { timeout: SLOW_MS }, async (t) => {
  const { environment } = await ownFolders(t);
  const url = 'http://127.0.0.1:9/mobilenet_v3_small-047dcff4.pth';
  const { ok, stderr } = await buildScript(['weights', 'imagenet'], { ...environment, TILELENS_IMAGENET_URL: url });
  assert.equal(ok, false);
  assert.match(stderr, /download it on another machine, then run \.\/build\.sh weights imagenet PATH/);
});

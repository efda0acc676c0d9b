/** The archives of a release: all are there, whole, and the same when they are made again. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile, truncate } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, SLOW_MS, buildScript, temporaryFolder } from '../e2e/harness.mjs';
import { PACKAGE } from './packed.mjs';

const run = promisify(execFile);
const ARCHIVES = path.join(ROOT, 'target/archives');
/** Of the package that is there: the other tests look at it, too. */
const CPU_ONLY = existsSync(path.join(PACKAGE, 'webgpu.js')) ? [] : ['--cpu-only'];

/** @returns {Promise<Map<string, string>>} the digest of each archive */
async function release() {
  const { ok, stderr } = await buildScript(['release', ...CPU_ONLY, '--without-command-line'], {});
  assert.ok(ok, stderr);
  await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: ARCHIVES });
  const sums = await readFile(path.join(ARCHIVES, 'SHA256SUMS'), 'utf8');
  return new Map(sums.trim().split('\n').map((line) => /** @type {[string, string]} */ (line.split(/ +/).reverse())));
}

/** @param {string} archive */
async function contents(archive) {
  const { stdout } = await run('tar', ['--list', '--gzip', '--file', path.join(ARCHIVES, archive)]);
  return stdout.trim().split('\n').map((name) => name.replace(/^\.\//, ''));
}

test('the archives of a release are whole, and the same when they are made again', { timeout: SLOW_MS }, async () => {
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  const made = await release();
  const [site, models, npm, bill] = [`tilelens-${version}-site.tar.gz`, `tilelens-${version}-models.tar.gz`, `tilelens-${version}.tgz`, `tilelens-${version}.cdx.json`];
  assert.deepEqual([...made.keys()].sort(), [site, models, npm, bill].sort());
  const ofSite = await contents(site);
  for (const name of ['index.html', 'service-worker.js', '_headers', '.nojekyll', 'NOTICE.txt']) assert.ok(ofSite.includes(name), name);
  assert.ok(!ofSite.includes('_headers.br'), 'hosts read _headers as it is');
  for (const name of ['overhead.safetensors', 'overhead-scenes.safetensors', 'sentinel-2.safetensors', 'overhead.md', 'overhead.stac.json', 'sentinel-2.svg', 'LICENSE-torchvision']) {
    assert.ok((await contents(models)).includes(name), name);
  }
  const { components } = JSON.parse(await readFile(path.join(ARCHIVES, bill), 'utf8'));
  for (const name of ['safetensors', 'wasm-bindgen', 'idb']) assert.ok(components.some((/** @type {{ name: string }} */ one) => one.name === name), name);
  assert.deepEqual(await release(), made);
});

test('a release that was fetched is served without a compiler, and not if it is damaged', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await cp(ARCHIVES, folder, { recursive: true });
  const serving = spawn('./build.sh', ['serve', '--release', folder, '0'], { cwd: ROOT });
  t.after(() => serving.kill());
  let said = '';
  for await (const part of serving.stdout) {
    said += part;
    if (/http:\S+/.test(said)) break;
  }
  const [url] = /** @type {RegExpExecArray} */ (/http:\S+/.exec(said));
  const page = await (await fetch(url)).text();
  assert.match(page, /<title>Tilelens/);
  const [, site] = /** @type {RegExpExecArray} */ (/(tilelens-.*-site\.tar\.gz)/.exec(said));
  await truncate(path.join(folder, site), 1000);
  const { ok, stderr } = await buildScript(['serve', '--release', folder, '0'], {});
  assert.ok(!ok);
  assert.equal(stderr.trim(), `build.sh: ${site} is not the one that SHA256SUMS beside it names: fetch both again`);
});

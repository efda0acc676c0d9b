/** A thousand bad files on the page: each is classified or says why not, and the engine works on. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, SLOW_MS, serve, temporaryFolder, tiles, visit } from './harness.mjs';

const FILES = 1000;
/** Others than those of the native test, which has ten thousand. */
const SEED = 2;

test('a thousand bad files never stop the page, nor its engine', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  const cargo = ['run', '--release', '--quiet', '--example', 'hostile_images', '--', folder, String(FILES), String(SEED)];
  await promisify(execFile)('cargo', cargo, { cwd: ROOT });
  const names = (await readdir(folder)).sort();
  assert.equal(names.length, FILES);

  const { visit: seen, page, close } = await visit(t, await serve(t), { query: '?device=cpu' });
  await seen.ready();
  /** @type {string[]} */
  const ended = [];
  for (const worker of page.workers()) worker.on('close', () => ended.push(worker.url()));
  page.on('worker', (worker) => worker.on('close', () => ended.push(worker.url())));
  await seen.dropAndSettle(names.map((name) => path.join(folder, name)));
  const [good] = await tiles(t, 1);
  await seen.dropAndSettle([good.path]);
  assert.deepEqual(ended, [], 'neither the engine nor a helper was ever restarted');

  const rows = await seen.results();
  assert.deepEqual(rows.map(({ file }) => file), [...names, good.name]);
  const refused = rows.filter((row) => row.error !== '');
  t.diagnostic(`${refused.length} of ${names.length} bad files were refused, the others classified`);
  for (const row of rows) {
    // Exactly one of both, and a sentence for people.
    assert.equal(row.class === '', row.error !== '', JSON.stringify(row));
    if (row.error) assert.match(row.error, /^\p{L}.* .*: |pixels/u, row.file);
  }
  assert.ok(refused.length > FILES / 2 && refused.length < FILES);
  assert.equal(rows.at(-1)?.error, '');
  await seen.screenshot('hostile-images');
  await close();
});

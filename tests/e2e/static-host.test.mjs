/** The page on a host that is not ours: under a path of a larger site, and where the host takes its headers from a file. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sirv from 'sirv';
import { ROOT, SLOW_MS, serve, visit } from './harness.mjs';
import { keptForOffline, plainListener } from './site.mjs';

const DIST = path.join(ROOT, 'dist');
const options = { timeout: SLOW_MS };

/**
 * A host with the page in a folder of its own, among what others have there.
 * @param {string} folder such as `/imagery/tilelens`
 * @returns {import('node:http').RequestListener}
 */
function under(folder) {
  const page = plainListener(DIST);
  return (request, response) => {
    if (!request.url?.startsWith(`${folder}/`)) {
      response.writeHead(404).end();
      return;
    }
    request.url = request.url.slice(folder.length);
    page(request, response);
  };
}

/** The headers of each path, as a host reads them in `_headers`. @param {string} text */
function headerRules(text) {
  /** @type {{ path: string, headers: [string, string][] }[]} */
  const rules = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const header = /^\s+([^:]+):\s*(.*)$/.exec(line);
    if (header) rules.at(-1)?.headers.push([header[1], header[2]]);
    else rules.push({ path: line, headers: [] });
  }
  return (/** @type {string} */ pathname) => rules.filter((rule) => rule.path === '/*' || rule.path === pathname).flatMap(({ headers }) => headers);
}

test('under a path the page classifies, also when its host is gone', options, async (t) => {
  let isGone = false;
  const host = under('/imagery/tilelens');
  const origin = await serve(t, DIST, (request, response) => (isGone ? request.socket.destroy() : host(request, response)));
  const { visit: seen, page, close } = await visit(t, `${origin}imagery/tilelens/`);
  await seen.ready();
  await page.click('#try-samples');
  await seen.settled(7);
  await keptForOffline(page);
  const elsewhere = seen.requests.filter((url) => url.startsWith(origin) && !url.startsWith(seen.url));
  assert.deepEqual(elsewhere, [], 'nothing is asked for outside of its folder');
  isGone = true;
  seen.expectsProblems = true;
  await page.reload();
  await seen.ready();
  await page.click('#try-samples');
  await seen.settled(7);
  assert.equal(await page.locator('article.tile[data-state="done"]').count(), 7);
  await close();
});

test('a host that reads _headers sends what it says, and the page works under it', options, async (t) => {
  const headersOf = headerRules(await readFile(path.join(DIST, '_headers'), 'utf8'));
  const files = sirv(DIST, { dev: true });
  const url = await serve(t, DIST, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host/');
    for (const [name, value] of headersOf(pathname)) response.setHeader(name, value);
    files(request, response);
  });
  const answer = await fetch(url);
  assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  const { visit: seen, page, close } = await visit(t, url);
  await seen.ready();
  await page.click('#try-samples');
  await seen.settled(7);
  assert.ok(await page.evaluate(() => crossOriginIsolated));
  await close();
});

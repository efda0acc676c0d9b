/** Nothing leaves the page, and nothing gets into it: by what it does, and by what its policy lets it do. */
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { pageListener } from '../../tools/serve.mjs';
import { CLASSES, drawnTiles, openBench } from './fine-tuning-harness.mjs';
import { SLOW_MS, fromMenu, temporaryFolder, visit } from './harness.mjs';
import { netLogTo, trafficOf } from './net-log.mjs';
import { keptForOffline, openSite, plainListener } from './site.mjs';

/** @typedef {import('playwright-core').Page} Page */

const options = { timeout: SLOW_MS };

test('a whole session asks for files of the site and sends nothing', options, async (t) => {
  const site = await openSite(t);
  const { log, ...recorded } = await recordedBrowser(t);
  const { visit: seen, page, bench, close } = await openBench(t, { url: site.url, ...recorded });
  const classNames = CLASSES.slice(0, 2);
  await bench.dropAndLabel(await drawnTiles(t, 6, classNames), classNames);
  await bench.set({ epochs: 5 });
  await bench.train();
  await bench.showReport();
  for (const form of ['modelFile', 'safetensors', 'onnx']) await bench.download(() => page.locator(`[data-form="${form}"] button`).first().click());
  await page.click('#view-grid');
  await bench.download(() => page.click('#download-csv'));
  await bench.download(() => fromMenu(page, '#export-project'));
  await fromMenu(page, '#add-samples');
  await seen.settled(19);
  await bench.saved();
  await keptForOffline(page);
  await page.reload();
  await seen.ready();
  await seen.settled(19);
  await site.stop();
  seen.expectsProblems = true;
  await page.reload();
  await seen.ready();
  await seen.settled(19);
  await close();

  assert.deepEqual(site.asked.filter(({ method, hasBody }) => method !== 'GET' || hasBody), []);
  const { requests, lookUps } = await trafficOf(log, site.url);
  assert.ok(requests.length > 20, `${requests.length} requests were recorded`);
  assert.deepEqual(requests.filter(({ url, method, hasBody }) => !url.startsWith(site.url) || method !== 'GET' || hasBody), []);
  assert.deepEqual(lookUps, []);
});

test('the record shows each way by which a page without a policy sends something', options, async (t) => {
  const url = await serveBlank(t);
  const otherSite = await openSite(t);
  const other = otherSite.url.replace('127.0.0.1', 'localhost');
  const { log, ...recorded } = await recordedBrowser(t);
  const { page } = await visit(t, url, recorded);
  await page.evaluate(async (address) => {
    const hint = Object.assign(document.createElement('link'), { rel: 'dns-prefetch', href: 'http://looked-up.example' });
    document.head.append(hint);
    await fetch(`${address}fetched`, { method: 'POST', body: 'tile', mode: 'no-cors' }).catch(() => undefined);
    navigator.sendBeacon(`${address}beacon`, 'tile');
    new Image().src = `${address}image`;
    const socket = new WebSocket(`${address.replace('http', 'ws')}socket`);
    await new Promise((resolve) => socket.addEventListener('close', resolve));
    const inWorker = new Blob([`fetch(${JSON.stringify(`${address}worker`)}, { mode: 'no-cors' })`], { type: 'text/javascript' });
    new Worker(URL.createObjectURL(inWorker));
  }, other);
  while (!['beacon', 'image', 'worker'].every((name) => otherSite.asked.some((asked) => asked.name === name))) await nextTurn();
  await page.context().close();
  const { requests, lookUps } = await trafficOf(log, url);
  const sent = requests.map((request) => `${request.method} ${new URL(request.url).pathname} ${request.hasBody}`);
  for (const expected of ['POST /fetched true', 'POST /beacon true', 'GET /image false', 'GET /socket false', 'GET /worker false']) {
    assert.ok(sent.includes(expected), `${expected} among ${sent}`);
  }
  assert.ok(lookUps.some((host) => host.includes('looked-up.example')), `looked-up.example among ${lookUps}`);
});

for (const { how, listener } of [
  { how: 'by the headers', listener: pageListener },
  { how: 'by index.html alone, on a host without our headers', listener: plainListener },
]) {
  test(`the policy lets nothing out and runs nothing that is not the site's, ${how}`, options, async (t) => {
    const site = await openSite(t, { listener });
    const other = await openSite(t);
    const { visit: seen, page } = await visit(t, site.url, { query: '?device=cpu' });
    await seen.ready();
    const refused = await attack(page, other.url);
    // The browser tells of a violation later, in a task of its own.
    for (const directive of ['connect-src', 'img-src', 'script-src-elem', 'style-src-elem', 'frame-src', 'form-action', 'require-trusted-types-for']) {
      await page.waitForFunction((wanted) => /** @type {any} */ (globalThis).violated.includes(wanted), directive);
    }
    for (const [what, error] of Object.entries(refused)) assert.notEqual(error, '', `${what} is refused`);
    assert.equal(await page.evaluate(() => document.title), 'Tilelens: satellite tiles, classified in your browser');

    // From the second visit on the service worker adds the headers: workers are bound, too, and the page is isolated.
    await keptForOffline(page);
    await page.reload();
    await seen.ready();
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    const [worker] = page.workers().filter((one) => one.url().includes('worker-'));
    const inWorker = await worker.evaluate((address) => fetch(`${address}from-worker`, { mode: 'no-cors' }).then(() => 'sent', String), other.url);
    assert.match(inWorker, /TypeError/);
    const allowed = await page.evaluate(() => /** @type {any} */ (document).featurePolicy.allowedFeatures());
    for (const feature of ['camera', 'microphone', 'geolocation', 'usb', 'serial', 'hid', 'display-capture', 'clipboard-read', 'local-fonts', 'payment', 'sync-xhr']) {
      assert.ok(!allowed.includes(feature), feature);
    }
    assert.ok(allowed.includes('clipboard-write'), 'Copy works');
    assert.deepEqual(other.asked, []);
  });
}

/**
 * Tries to get something out of the page and something foreign into it; `violated` in the page then has what the browser
 * tells of it.
 * @param {Page} page
 * @param {string} other another origin
 */
async function attack(page, other) {
  return page.evaluate(async (address) => {
    // What a debugger runs at once may evaluate strings.
    await new Promise((resolve) => setTimeout(resolve));
    /** @type {string[]} */
    const violated = [];
    Object.assign(globalThis, { violated });
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.push(effectiveDirective));
    /** @type {Record<string, string>} */
    const refused = {};
    const attempt = async (/** @type {string} */ what, /** @type {() => unknown} */ act) => {
      refused[what] = '';
      try {
        await act();
      } catch (thrown) {
        refused[what] = String(thrown);
      }
    };
    const element = (/** @type {string} */ name, /** @type {object} */ properties) => Object.assign(document.createElement(name), properties);
    await attempt('fetch', () => fetch(`${address}fetch`, { mode: 'no-cors' }));
    await attempt('eval', () => globalThis.eval('document.title = "eval"'));
    await attempt('Function', () => new Function('document.title = "Function"'));
    await attempt('innerHTML', () => (element('div', {}).innerHTML = '<img src=x>'));
    await attempt('a script of another origin', () => document.head.append(element('script', { src: `${address}script.js` })));
    await attempt('a handler in an attribute', () => document.body.setAttribute('onclick', 'document.title = "handler"'));
    await attempt('a worker of another origin', () => new Worker(`${address}worker.js`));
    await attempt('a module of another origin', () => import(`${address}module.js`));
    await attempt('a module in an address', () => import(`data:text/javascript,document.title=${'"data"'}`));
    await attempt('another Trusted Types policy', () => /** @type {any} */ (globalThis).trustedTypes.createPolicy('mine', { createHTML: String }));
    const inline = element('script', {});
    inline.append('document.title = "inline"');
    document.head.append(inline);
    navigator.sendBeacon(`${address}beacon`, 'tile');
    document.body.append(element('img', { src: `${address}image.png` }), element('iframe', { src: address }));
    document.head.append(element('style', { textContent: 'body { display: none }' }), element('link', { rel: 'stylesheet', href: `${address}style.css` }));
    try {
      new WebSocket(`${address.replace('http', 'ws')}socket`);
    } catch {
      // Refused at once.
    }
    const form = /** @type {HTMLFormElement} */ (element('form', { action: address, method: 'post' }));
    document.body.append(form);
    form.submit();
    return refused;
  }, other);
}

/** Lets the server answer. */
function nextTurn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Options for a browser that writes down what it asks of the network, to be read when it has ended.
 * @param {import('./harness.mjs').TestContext} t
 */
async function recordedBrowser(t) {
  const folder = await temporaryFolder(t);
  const log = path.join(folder, 'net-log.json');
  return { log, flags: [netLogTo(log)], profile: path.join(folder, 'profile') };
}

/**
 * A page without a policy.
 * @param {import('./harness.mjs').TestContext} t
 */
async function serveBlank(t) {
  const server = http.createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Blank</title>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => void server.close());
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`;
}

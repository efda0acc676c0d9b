/** The package in a browser, put there by each bundler that its README names, and by none. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { By } from 'selenium-webdriver';
import sirv from 'sirv';
import { createServer } from 'vite';
import { WITHOUT_FIREFOX, openFirefox } from '../e2e/firefox.mjs';
import { SLOW_MS, WEBGPU, serve, visit } from '../e2e/harness.mjs';
import { PACKAGE, SAMPLES, project, tool } from './packed.mjs';

/** @typedef {import('./packed.mjs').Outcome} Outcome */
/** @typedef {import('../e2e/harness.mjs').TestContext} TestContext */

const withoutWebGpu = !existsSync(path.join(PACKAGE, 'webgpu.js')) && 'the package was built with --cpu-only';
const IMPORT_MAP = '<script type="importmap">{ "imports": { "tilelens": "./node_modules/tilelens/index.js", "tilelens/element": "./node_modules/tilelens/element.js" } }</script>';

/** A host that knows nothing of us. @param {string} root */
function plainHost(root) {
  return sirv(root, { dev: true, setHeaders: (response) => response.setHeader('Access-Control-Allow-Origin', '*') });
}

/** @param {Outcome} outcome */
function verify(outcome) {
  assert.equal(outcome.failed, undefined);
  assert.equal(outcome.label, 'Forest');
  const [probability, ...others] = outcome.probabilities.slice(0, outcome.sources.length).map(Number);
  assert.ok(probability > 0.5);
  for (const [index, other] of others.entries()) {
    // A browser's JPEG decoder rounds otherwise than ours.
    assert.ok(Math.abs(other - probability) < 0.05, `${outcome.sources[index + 1]}: ${other}, not ${probability}`);
  }
  const [bitmap, canvas, pixels, video] = ['bitmap', 'canvas', 'pixels', 'video'].map((name) => outcome.probabilities[outcome.sources.indexOf(name)]);
  assert.deepEqual([canvas, pixels], [bitmap, bitmap], 'the same pixels have the same answer');
  assert.equal(typeof video, 'number');
  assert.match(String(outcome.probabilities.at(-1)), /^image\./);
  assert.equal(outcome.features, 576);
  assert.deepEqual(outcome.trained.labels, ['drawn over', 'as it is']);
  assert.ok(outcome.trained.epochs > 0 && outcome.trained.onnxBytes > 1e6);
  assert.equal(outcome.disposed, 'engine.disposed');
}

/**
 * @param {TestContext} t
 * @param {string} url
 * @param {string[]} [flags]
 */
async function outcomeInChromium(t, url, flags = []) {
  const { visit: seen, page } = await visit(t, url, { serviceWorkers: 'block', flags });
  await page.waitForFunction(() => document.body.dataset.outcome !== undefined);
  const outcome = JSON.parse((await page.locator('body').getAttribute('data-outcome')) ?? '');
  return { page, outcome, requests: seen.requests };
}

/** @param {TestContext} t @param {string} root */
async function verifyInChromium(t, root) {
  const { outcome, requests } = await outcomeInChromium(t, await serve(t, root, plainHost(root)));
  verify(outcome);
  assert.ok(requests.some((address) => address.includes('.wasm')), 'requests of workers are seen');
  assert.deepEqual(requests.filter((address) => /raster|webgpu|sentinel/.test(address)), [], 'what is not used is not downloaded');
}

test('Vite, built', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  await tool('vite', ['build', '--base', './', '--logLevel', 'warn'], folder);
  await verifyInChromium(t, path.join(folder, 'dist'));
});

test('Vite, its development server', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  const server = await createServer({ root: folder, configFile: false, logLevel: 'error', server: { port: 0, host: '127.0.0.1' } });
  t.after(() => server.close());
  await server.listen();
  const { outcome } = await outcomeInChromium(t, /** @type {string} */ (server.resolvedUrls?.local[0]));
  verify(outcome);
});

test('webpack', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  await tool('webpack', ['--mode', 'production', '--entry', './main.js'], folder);
  await rename(path.join(folder, 'dist/main.js'), path.join(folder, 'dist/bundle.js'));
  const html = (await readFile(path.join(folder, 'index.html'), 'utf8')).replace('./main.js', './bundle.js');
  await writeFile(path.join(folder, 'dist/index.html'), html);
  await cp(path.join(folder, 'tile.jpg'), path.join(folder, 'dist/tile.jpg'));
  await verifyInChromium(t, path.join(folder, 'dist'));
});

test('esbuild, with the assets copied beside the bundle', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  await build({ entryPoints: [path.join(folder, 'main.js')], outfile: path.join(folder, 'dist/main.js'), bundle: true, format: 'esm', logLevel: 'warning' });
  await cp(path.join(folder, 'node_modules/tilelens/assets'), path.join(folder, 'dist/assets'), { recursive: true });
  for (const file of ['index.html', 'tile.jpg']) await cp(path.join(folder, file), path.join(folder, 'dist', file));
  await verifyInChromium(t, path.join(folder, 'dist'));
});

test('no bundler: script tags, and the assets of another place', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  const html = await readFile(path.join(folder, 'index.html'), 'utf8');
  await writeFile(path.join(folder, 'index.html'), html.replace('</head>', `${IMPORT_MAP}</head>`));
  await verifyInChromium(t, folder);
  await writeFile(path.join(folder, 'elsewhere.html'), html.replace('</head>', `${IMPORT_MAP}</head>`).replace('<body>', '<body data-assets="./node_modules/tilelens/assets">'));
  const { outcome } = await outcomeInChromium(t, `${await serve(t, folder, plainHost(folder))}elsewhere.html`);
  verify(outcome);
});

test('from another origin, as from a CDN', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t);
  const cdn = await serve(t, path.join(folder, 'node_modules/tilelens'), plainHost(path.join(folder, 'node_modules/tilelens')));
  const html = await readFile(path.join(folder, 'index.html'), 'utf8');
  await writeFile(path.join(folder, 'index.html'), html.replace('</head>', `${IMPORT_MAP.replaceAll('./node_modules/tilelens/', cdn)}</head>`));
  const { page, outcome } = await outcomeInChromium(t, await serve(t, folder, plainHost(folder)));
  verify(outcome);
  assert.ok(page.workers().length === 0, 'its workers ended with it');
});

test('the element classifies what is chosen and says why a file is none', { timeout: SLOW_MS }, async (t) => {
  const folder = await project(t, []);
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Element</title><script type="module" src="node_modules/tilelens/element.js"></script><tile-classifier head="sentinel-2" prompt="Your tile"></tile-classifier>');
  const { page } = await visit(t, await serve(t, folder, plainHost(folder)));
  await page.locator('tile-classifier input').setInputFiles(path.join(SAMPLES, 'synthetic-forest.jpg'));
  await page.locator('tile-classifier figure li').first().waitFor();
  assert.equal(await page.locator('tile-classifier li').count(), 3);
  assert.match(await page.locator('tile-classifier label').innerText(), /Your tile/);
  await page.locator('tile-classifier input').setInputFiles([path.join(folder, 'package.json'), path.join(SAMPLES, 'synthetic-grass.jpg')]);
  await page.locator('tile-classifier figure').nth(1).waitFor();
  assert.match(await page.locator('tile-classifier p[role=alert]').innerText(), /^package\.json: /, 'what is said of one file stays when the next is read');
  await page.screenshot({ path: 'target/screenshots/element.png' });
});

test('WebGPU, on a software adapter', { timeout: SLOW_MS, skip: withoutWebGpu }, async (t) => {
  const folder = await project(t, []);
  const script = `
    import { Classifier } from 'tilelens';
    import { webgpu } from './node_modules/tilelens/webgpu.js';
    const [onGpu, onCpu] = await Promise.all([Classifier.open({ webgpu, device: 'webgpu' }), Classifier.open()]);
    const [a, b] = await Promise.all([onGpu, onCpu].map((classifier) => classifier.classify('tile.jpg')));
    document.body.dataset.outcome = JSON.stringify({ devices: [onGpu.device.device, onCpu.device.device], labels: [a.label, b.label], difference: Math.abs(a.probability - b.probability) });
  `;
  await writeFile(path.join(folder, 'index.html'), `<!doctype html><title>WebGPU</title>${IMPORT_MAP}<body><script type="module">${script}</script>`);
  const { outcome } = await outcomeInChromium(t, await serve(t, folder, plainHost(folder)), WEBGPU);
  assert.deepEqual(outcome.devices, ['webgpu', 'cpu']);
  assert.deepEqual(outcome.labels, ['Forest', 'Forest']);
  assert.ok(outcome.difference < 1e-3, `${outcome.difference}`);
});

test('Firefox, without a bundler', { timeout: SLOW_MS, skip: WITHOUT_FIREFOX }, async (t) => {
  const folder = await project(t);
  const html = await readFile(path.join(folder, 'index.html'), 'utf8');
  await writeFile(path.join(folder, 'index.html'), html.replace('</head>', `${IMPORT_MAP}</head>`));
  const url = await serve(t, folder, plainHost(folder));
  const driver = await openFirefox(t);
  await driver.get(url);
  const body = await driver.findElement(By.css('body'));
  await driver.wait(async () => (await body.getAttribute('data-outcome')) !== null, SLOW_MS);
  verify(JSON.parse(/** @type {string} */ (await body.getAttribute('data-outcome'))));
});

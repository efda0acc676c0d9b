/** The built page with a bench beside it, in a temporary folder: nothing of this ever gets into dist/. */
import { copyFile, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { CLASSES, drawnTiles } from '../../tests/e2e/fine-tuning-harness.mjs';
import { REAL_TILES, ROOT, hasRealTiles, serve, temporaryFolder } from '../../tests/e2e/harness.mjs';
import { SECURITY_HEADERS } from '../headers.mjs';
import { pageListener } from '../serve.mjs';
import { networkFiles } from './network-files.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */

const TFJS_WASM = path.join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');

const ONNXRUNTIME = path.join(ROOT, 'node_modules/onnxruntime-web/dist');

/**
 * The engines of others start workers from addresses that no policy of Trusted Types has seen, and so does the page that
 * starts them: they run under the page's policy without these.
 */
const PEER = /^\/(onnxruntime|tfjs|bench\.html)/;
const PEER_HEADERS = {
  ...SECURITY_HEADERS,
  'Content-Security-Policy': SECURITY_HEADERS['Content-Security-Policy']
    .replaceAll(/; (require-trusted-types-for|trusted-types) [^;]+/g, '')
    // A page that is written in an afternoon shows a file by an address of its own.
    .replace("img-src 'self'", "img-src 'self' blob:"),
};

/**
 * Serves a bench's site.
 * @param {Context} context
 * @param {string} root
 */
export function serveBench(context, root) {
  return serve(context, root, pageListener(root, (pathname) => (PEER.test(pathname) ? PEER_HEADERS : SECURITY_HEADERS)));
}

/** @param {string} script @param {string} [body] */
function pageOf(script, body = '') {
  return `<!doctype html>
<title>Bench</title>
<link rel="icon" href="icon.svg">
<script type="module" src="${script}"></script>
${body}`;
}

/**
 * The files of a class, taken with a step over the whole list, so that all ground scales are among them.
 * @param {string} className
 * @param {number} count
 */
async function realTiles(className, count) {
  const files = (await readdir(path.join(REAL_TILES, className))).sort();
  return Array.from({ length: count }, (_, index) => path.join(REAL_TILES, className, files[Math.floor((index * files.length) / count)]));
}

/**
 * @param {Context} context
 * @param {number} count of each class
 */
async function drawnByClass(context, count) {
  const drawn = await drawnTiles(context, count);
  return CLASSES.map((name) => drawn.filter(({ className }) => className === name).map((tile) => tile.path));
}

/**
 * The files of tiles of four classes, one of each class in turn: real ones, where there are any.
 * @param {Context} context
 * @param {number} count of each class
 */
export async function tilesInTurn(context, count) {
  const byClass = hasRealTiles ? await Promise.all(CLASSES.map((name) => realTiles(name, count))) : await drawnByClass(context, count);
  return Array.from({ length: count }, (_, index) => byClass.map((files) => files[index])).flat();
}

/**
 * Bundles scripts of browser/ into a folder.
 * @param {string} folder
 * @param {Record<string, string>} scripts each by its name without `.js`
 */
async function bundle(folder, scripts) {
  await build({
    absWorkingDir: path.join(ROOT, 'tools/bench/browser'),
    entryPoints: scripts,
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // onnxruntime's threads are then scripts of their own, and not the whole bundle once more.
    conditions: ['onnxruntime-web-use-extern-wasm'],
    logLevel: 'error',
  });
}

/**
 * A folder with the built page, tfjs's engine and the tiles, which are served as tiles/0, tiles/1 and so on.
 * @param {Context} context
 * @param {string[]} tiles
 */
async function siteWith(context, tiles) {
  const root = await temporaryFolder(context);
  await cp(path.join(ROOT, 'dist'), root, { recursive: true });
  await copyFile(TFJS_WASM, path.join(root, path.basename(TFJS_WASM)));
  await mkdir(path.join(root, 'tiles'));
  await Promise.all(tiles.map((tile, index) => copyFile(tile, path.join(root, 'tiles', String(index)))));
  return root;
}

/**
 * The folder of the training bench's site: the page is bench.html.
 * @param {Context} context
 * @param {string[]} tiles
 */
export async function trainingSite(context, tiles) {
  const root = await siteWith(context, tiles);
  await bundle(root, { bench: './bench.js', tfjs: './tfjs-worker.js' });
  await writeFile(path.join(root, 'bench.html'), pageOf('bench.js'));
  return root;
}

/**
 * The folder of the inference bench's site: the page is inference.html, and the engines have the network in network.onnx
 * and network.safetensors.
 * @param {Context} context
 * @param {string[]} tiles
 */
export async function inferenceSite(context, tiles) {
  const root = await siteWith(context, tiles);
  await bundle(root, {
    inference: './inference.js',
    tilelens: './tilelens-worker.js',
    'tilelens-pool': './tilelens-pool-worker.js',
    'onnxruntime-wasm': './onnxruntime-wasm-worker.js',
    'onnxruntime-webgpu': './onnxruntime-webgpu-worker.js',
    tfjs: './tfjs-inference-worker.js',
  });
  await writeFile(path.join(root, 'inference.html'), pageOf('inference.js'));
  await addOnnxruntime(root);
  return root;
}

/**
 * The folder of the site with the page, and beside it the pages onnxruntime-page.html and workers-alone.html.
 * @param {Context} context
 */
export async function throughputSite(context) {
  const root = await siteWith(context, []);
  await bundle(root, { 'onnxruntime-page': './onnxruntime-page.js', 'workers-alone': './workers-alone.js' });
  // In all three pages it says how many tiles are shown.
  const progress = '<progress id="batch-bar" value="0"></progress>';
  for (const page of ['onnxruntime-page', 'workers-alone']) await writeFile(path.join(root, `${page}.html`), pageOf(`${page}.js`, progress));
  await addOnnxruntime(root);
  return root;
}

/**
 * Adds onnxruntime's engine and the network.
 * @param {string} root
 */
async function addOnnxruntime(root) {
  await mkdir(path.join(root, 'onnxruntime'));
  const parts = (await readdir(ONNXRUNTIME)).filter((name) => name.startsWith('ort-wasm-'));
  await Promise.all(parts.map((name) => copyFile(path.join(ONNXRUNTIME, name), path.join(root, 'onnxruntime', name))));
  const { onnx, safetensors, labels } = await networkFiles();
  await writeFile(path.join(root, 'network.onnx'), onnx);
  await writeFile(path.join(root, 'network.safetensors'), safetensors);
  await writeFile(path.join(root, 'labels.json'), JSON.stringify(labels));
}

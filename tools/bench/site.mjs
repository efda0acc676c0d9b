/** The built page with the training bench beside it, in a temporary folder: nothing of this ever gets into dist/. */
import { copyFile, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { CLASSES, drawnTiles } from '../../tests/e2e/fine-tuning-harness.mjs';
import { REAL_TILES, ROOT, hasRealTiles, temporaryFolder } from '../../tests/e2e/harness.mjs';

/** @typedef {import('./measuring.mjs').Context} Context */

const TFJS_WASM = path.join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');

const PAGE = `<!doctype html>
<title>Training bench</title>
<link rel="icon" href="icon.svg">
<script type="module" src="bench.js"></script>
`;

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
 * The folder of the site: the page is bench.html, and the tiles are served as tiles/0, tiles/1 and so on.
 * @param {Context} context
 * @param {string[]} tiles
 */
export async function trainingSite(context, tiles) {
  const root = await temporaryFolder(context);
  await cp(path.join(ROOT, 'dist'), root, { recursive: true });
  const sources = path.join(ROOT, 'tools/bench/browser');
  await build({
    entryPoints: { bench: path.join(sources, 'bench.js'), tfjs: path.join(sources, 'tfjs-worker.js') },
    outdir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  await writeFile(path.join(root, 'bench.html'), PAGE);
  await copyFile(TFJS_WASM, path.join(root, path.basename(TFJS_WASM)));
  await mkdir(path.join(root, 'tiles'));
  await Promise.all(tiles.map((tile, index) => copyFile(tile, path.join(root, 'tiles', String(index)))));
  return root;
}

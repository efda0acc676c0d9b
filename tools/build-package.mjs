/**
 * Puts the npm package together: package/ and www/engine/ and pkg/ and models/ become target/npm/, ready for `npm pack`.
 *
 *     node tools/build-package.mjs [--output target/npm] [--cpu-only]
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import zlib from 'node:zlib';
import { build } from 'esbuild';
import { sha256 } from './service-worker-build.mjs';

/** @typedef {{ bytes: number, sha256: string }} Facts */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = path.join(ROOT, 'package/src');
const WORKER = path.join(ROOT, 'www/engine/worker/worker.js');
const MODELS = ['overhead', 'overhead-scenes', 'sentinel-2'];
/** Files beside the scripts, by their places here. @type {Record<string, string>} */
const PAPERS = {
  'README.md': 'package/README.md',
  'LICENSE-MIT': 'LICENSE-MIT',
  'LICENSE-APACHE': 'LICENSE-APACHE',
  'LICENSE-torchvision': 'models/LICENSE-torchvision',
  NOTICE: 'NOTICE',
  ...Object.fromEntries(MODELS.map((model) => [`models/${model}.md`, `models/${model}.md`])),
};
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)['"](\.{1,2}\/[^'"]+)['"]/g;
/** What stands before and behind the declarations of an entry, which the compiler cannot know. @type {Record<string, { before?: string, behind?: string }>} */
const DECLARATIONS = {
  // A project for Node.js alone has no types of pictures and workers.
  'package/src/index.d.ts': { before: '/// <reference lib="dom" />\n' },
  'package/src/element.d.ts': {
    before: '/// <reference lib="dom" />\n',
    behind: `declare global {
    interface HTMLElementTagNameMap {
        'tile-classifier': TileClassifierElement;
    }
    interface HTMLElementEventMap {
        classified: CustomEvent<{ file: File; classification: Classification }>;
        failed: CustomEvent<{ file: File; error: import('./errors.js').TilelensError }>;
    }
}
`,
  },
};
/** What wasm-bindgen writes for the classes and functions of the engine, which nobody outside of the worker sees. */
const AFTER_THE_INTERFACES = /\n\/\*\*(?:(?!\*\/)[^])*\*\/\nexport class [^]*/;

/** What all scripts share. @type {import('esbuild').BuildOptions} */
const OPTIONS = { bundle: true, target: 'es2022', minify: true, format: 'esm', logLevel: 'warning', legalComments: 'none' };

/** @param {string} file @returns {Promise<Facts>} */
async function factsOf(file) {
  const bytes = await readFile(file);
  return { bytes: bytes.length, sha256: sha256(bytes) };
}

/**
 * A worker goes without what it is never asked for.
 * @param {string} name
 * @param {RegExp} filter
 * @param {string} contents what stands in its place
 * @returns {import('esbuild').Plugin}
 */
function without(name, filter, contents) {
  return {
    name: `without-${name}`,
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter }, ({ path: file }) => ({ path: file, namespace: name }));
      onLoad({ filter: /./, namespace: name }, () => ({ contents }));
    },
  };
}

const WITHOUT_WEBGPU = without('webgpu', /\/pkg\/webgpu\/tilelens\.js$/, 'export default null');
/** The package imports no checkpoints of other frameworks. */
const WITHOUT_IMPORTER = without('importer', /^\.\/importer\.js$/, 'export const importCheckpoint = null');

/**
 * The worker as one script that imports nothing, so that a bundler may copy it as it is.
 * @param {string} outfile
 * @param {boolean} withWebGpu
 */
async function buildWorker(outfile, withWebGpu) {
  // The glue of the engine would find its file by this address, if it were not given it.
  const define = { 'import.meta.url': '""' };
  await build({ ...OPTIONS, entryPoints: [WORKER], outfile, format: 'iife', plugins: withWebGpu ? [WITHOUT_IMPORTER] : [WITHOUT_IMPORTER, WITHOUT_WEBGPU], define });
}

/** For Node.js, `platform-node.js` is what the others find in place of `platform-browser.js`. @type {import('esbuild').Plugin} */
const NODE_PLATFORM = {
  name: 'node-platform',
  setup: ({ onResolve }) => onResolve({ filter: /\/platform-browser\.js$/ }, () => ({ path: path.join(SOURCE, 'platform-node.js') })),
};

/** @param {string} folder @param {boolean} withWebGpu */
async function buildScripts(folder, withWebGpu) {
  const assets = path.join(folder, 'assets');
  await mkdir(assets, { recursive: true });
  const modules = [['cpu', 'engine'], ['training', 'training'], ['raster', 'raster']];
  const copies = [...modules.map(([build, name]) => [`pkg/${build}/tilelens_bg.wasm`, `${name}.wasm`]), ...MODELS.map((name) => [`models/${name}.safetensors`, `${name}.safetensors`])];
  if (withWebGpu) copies.push(['pkg/webgpu/tilelens_bg.wasm', 'engine-webgpu.wasm']);
  for (const [from, to] of copies) await cp(path.join(ROOT, from), path.join(assets, to));
  const facts = Object.fromEntries(await Promise.all(copies.map(async ([, name]) => [name, await factsOf(path.join(assets, name))])));
  const { 'engine-webgpu.wasm': webgpu = null, ...files } = facts;
  const define = { 'globalThis.__TILELENS_FILES__': JSON.stringify(files), 'globalThis.__TILELENS_WEBGPU__': JSON.stringify(webgpu) };

  await buildWorker(path.join(assets, 'worker.js'), false);
  if (withWebGpu) await buildWorker(path.join(assets, 'worker-webgpu.js'), true);
  const entries = ['index.js', 'element.js', ...(withWebGpu ? ['webgpu.js'] : [])].map((name) => path.join(SOURCE, name));
  await build({ ...OPTIONS, entryPoints: entries, outdir: folder, splitting: true, chunkNames: 'shared-[hash]', define });
  // Each on its own: the worker's begins with what a browser has. Node.js prints the line that throws: not all of it in one.
  const forNode = /** @type {const} */ ({ ...OPTIONS, minify: false, platform: 'node' });
  await build({ ...forNode, entryPoints: [path.join(SOURCE, 'index.js')], outfile: path.join(folder, 'node.js'), plugins: [NODE_PLATFORM], define });
  const entry = path.join(SOURCE, 'node-worker.js');
  await build({ ...forNode, entryPoints: [entry], outfile: path.join(folder, 'node-worker.js'), plugins: [WITHOUT_IMPORTER, WITHOUT_WEBGPU] });
}

/**
 * Declarations with the comments of their overloads, which the compiler leaves out.
 * @param {string} declarations
 * @param {string} source
 */
function withOverloadComments(declarations, source) {
  const comments = Array.from(source.matchAll(/^ *\/\*\*(?:(?!\*\/)[^])*@overload[^]*?\*\/\n/gm), ([comment]) => comment.replace(/^ *\* @overload\n/m, ''));
  const names = new Set(Array.from(source.matchAll(/@overload[^]*?\*\/\n *(?:async )?(\w+)\(/g), ([, name]) => name));
  const overload = new RegExp(`^    (?:${[...names].join('|')})\\(`, 'gm');
  if ((declarations.match(overload) ?? []).length !== comments.length) throw new Error('an overload has no comment, or a comment no overload');
  return comments.length === 0 ? declarations : declarations.replace(overload, (start) => comments.shift()?.replace(/^ {2}/gm, '    ') + start);
}

/** The declarations that the public ones lead to. @param {string} folder @param {boolean} withWebGpu */
async function buildTypes(folder, withWebGpu) {
  const made = path.join(ROOT, 'target/npm-types');
  await rm(made, { recursive: true, force: true });
  await promisify(execFile)(path.join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'package/tsconfig.types.json'], { cwd: ROOT });
  for (const name of ['pkg/cpu/tilelens.d.ts', 'pkg/training/tilelens.d.ts', 'pkg/raster/tilelens.d.ts', 'pkg/scene/tilelens.d.ts']) {
    const types = (await readFile(path.join(ROOT, name), 'utf8')).replace(AFTER_THE_INTERFACES, '\n');
    await mkdir(path.dirname(path.join(made, name)), { recursive: true });
    await writeFile(path.join(made, name), types);
  }
  const waiting = ['index', 'element', ...(withWebGpu ? ['webgpu'] : [])].map((name) => `package/src/${name}.d.ts`);
  const known = new Set(waiting);
  for (const name of waiting) {
    const text = await readFile(path.join(made, name), 'utf8');
    await mkdir(path.dirname(path.join(folder, 'types', name)), { recursive: true });
    const source = path.join(ROOT, name.replace(/\.d\.ts$/, '.js'));
    const whole = existsSync(source) ? withOverloadComments(text, await readFile(source, 'utf8')) : text;
    const { before = '', behind = '' } = DECLARATIONS[name] ?? {};
    await writeFile(path.join(folder, 'types', name), `${before}${whole}${behind}`);
    for (const [, target] of text.matchAll(IMPORT)) {
      const next = path.posix.join(path.posix.dirname(name), target).replace(/\.js$/, '.d.ts');
      if (!known.has(next)) waiting.push(next);
      known.add(next);
    }
  }
}

/**
 * Papers lie elsewhere here than in the repository, and not all that they name is beside them: what is not, they name without a link.
 * @param {string} folder
 * @param {string} name
 */
async function mendLinks(folder, name) {
  const file = path.join(folder, name);
  const text = await readFile(file, 'utf8');
  const mended = text.replace(/(!?)\[([^\]]*)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g, (_, picture, words, target, anchor = '') => {
    // As the repository has it, from where the paper stands there.
    const source = path.posix.join(path.posix.dirname(PAPERS[name]), target);
    const place = Object.keys(PAPERS).find((paper) => PAPERS[paper] === source);
    if (!place) return picture ? '' : words;
    return `[${words}](${path.posix.relative(path.posix.dirname(name), place)}${anchor})`;
  });
  await writeFile(file, mended);
}

/** @param {string} folder @param {boolean} withWebGpu */
async function writeManifest(folder, withWebGpu) {
  const manifest = JSON.parse(await readFile(path.join(ROOT, 'package/package.json'), 'utf8'));
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  if (!withWebGpu) delete manifest.exports['./webgpu'];
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
}

/** What a page loads that classifies, model apart, in bytes as brotli makes them. @param {string} folder */
async function loadedBytes(folder) {
  const shared = (await readFile(path.join(folder, 'index.js'), 'utf8')).matchAll(IMPORT);
  const scripts = ['index.js', ...Array.from(shared, ([, name]) => name), 'assets/worker.js'];
  const sizes = async (/** @type {string[]} */ names) => {
    const all = await Promise.all(names.map(async (name) => zlib.brotliCompressSync(await readFile(path.join(folder, name))).length));
    return all.reduce((sum, size) => sum + size, 0);
  };
  return { scripts: await sizes(scripts), engine: await sizes(['assets/engine.wasm']) };
}

const { values } = parseArgs({
  options: { output: { type: 'string', default: path.join(ROOT, 'target/npm') }, 'cpu-only': { type: 'boolean', default: false } },
});
try {
  const folder = path.resolve(values.output);
  const withWebGpu = !values['cpu-only'];
  await rm(folder, { recursive: true, force: true });
  await buildScripts(folder, withWebGpu);
  await buildTypes(folder, withWebGpu);
  for (const [to, from] of Object.entries(PAPERS)) await cp(path.join(ROOT, from), path.join(folder, to));
  for (const name of Object.keys(PAPERS)) if (name.endsWith('.md')) await mendLinks(folder, name);
  await writeManifest(folder, withWebGpu);
  const { scripts, engine } = await loadedBytes(folder);
  const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(`A page that classifies loads ${kB(scripts + engine)} by brotli without the model: scripts ${kB(scripts)}, engine ${kB(engine)}`);
} catch (error) {
  console.error(`build-package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

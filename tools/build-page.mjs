/**
 * Puts the page together: www/ and pkg/ and models/ become dist/, with names that carry a digest of the
 * content, `assets.json` that lists what the page loads later, the service worker that keeps all of it, and compressed
 * twins of what compresses.
 *
 *     node tools/build-page.mjs [--output dist] [--local-models models/local] [--uncompressed] [--cpu-only]
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import zlib from 'node:zlib';
import { build } from 'esbuild';
import { META_CONTENT_SECURITY_POLICY, headersFile } from './headers.mjs';
import { buildId, serviceWorker, sha256 } from './service-worker-build.mjs';

/**
 * @typedef {object} Manifest What a model file says about itself, as far as the page shows it before loading.
 * @property {string} name
 * @property {string} [purpose]
 * @property {[number, number] | null} [ground_resolution_m]
 * @property {string} [data]
 * @property {{ description: string }} provenance
 */

/** @typedef {import('../www/models/site-models.js').ModelEntry} ModelEntry */
/** @typedef {import('../www/models/site-models.js').ModelList} ModelList */
/** @typedef {'cpu' | 'webgpu' | 'training' | 'raster' | 'scene'} EngineBuild */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** @type {EngineBuild[]} */
const ENGINE_BUILDS = ['cpu', 'webgpu', 'training', 'raster', 'scene'];
/** Reads checkpoints of other frameworks; a build without it says so on the page. */
const IMPORTER = 'pkg/import/tilelens-import.wasm';
/** What becomes the engine's worker and that of scenes, in www/. */
const WORKER = 'engine/worker/worker.js';
const SCENE_WORKER = 'engine/worker/scene-worker.js';
/** What becomes the worker of the view Similarity. */
const SIMILARITY_WORKER = 'similarity/similarity-worker.js';
const STATIC_FILE = /\.(svg|ico|webmanifest|txt)$/;
/** What is drawn where the page is installed as an app. */
const ICON_FILE = /\.png$/;
/** Where the page says which build it is of. */
const BUILD_PLACEHOLDER = /(<meta name="build" content=)""/;
const SAMPLE_FILE = /\.(jpe?g|png|webp)$/;
/** A compressed twin is kept where it saves at least this share of the bytes. */
const WORTHWHILE_SAVING = 0.05;

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

/**
 * @param {string} stem
 * @param {Uint8Array} bytes
 * @param {string} extension
 */
function hashedName(stem, bytes, extension) {
  return `${stem}-${sha256(bytes).slice(0, 10)}${extension}`;
}

/**
 * The names of the files in a folder that match, sorted; none where there is no folder.
 * @param {string} folder
 * @param {RegExp} pattern
 */
async function filesIn(folder, pattern) {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => pattern.test(name)).sort();
}

/** What both bundles share. @type {import('esbuild').BuildOptions & { metafile: true, write: false }} */
const BUNDLE_OPTIONS = {
  absWorkingDir: path.join(ROOT, 'www'),
  outdir: '.',
  bundle: true,
  target: 'es2022',
  minify: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
};

/**
 * Bundles scripts and style; returns the files, which source became which, and the chunks that the page begins with.
 * @param {EngineBuild[]} engineBuilds
 */
async function bundle(engineBuilds) {
  const result = await build({
    ...BUNDLE_OPTIONS,
    entryPoints: ['main.js', WORKER, SCENE_WORKER, SIMILARITY_WORKER, 'style.css'],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    // What a visitor may never need, such as charts and zip files, is fetched when it is needed.
    splitting: true,
    // The glue of an engine that is left out is never asked for: the page knows by assets.json that it has none.
    external: ENGINE_BUILDS.filter((build) => !engineBuilds.includes(build)).map((build) => `*/pkg/${build}/tilelens.js`),
    format: 'esm',
    sourcemap: true,
  });
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  for (const { path: file, contents } of result.outputFiles) files.set(path.basename(file), contents);
  /** @type {Map<string, string>} */
  const names = new Map();
  /** @type {string[]} */
  let firstChunks = [];
  for (const [output, { entryPoint, imports }] of Object.entries(result.metafile.outputs)) {
    if (entryPoint) names.set(entryPoint, path.basename(output));
    if (entryPoint === 'main.js') firstChunks = imports.filter(({ kind }) => kind === 'import-statement').map((chunk) => path.basename(chunk.path));
  }
  return { files, names, firstChunks };
}

/** The scripts that are no modules, by their names in www/. @param {string[]} sources */
async function classicScripts(sources) {
  const { outputFiles } = await build({ ...BUNDLE_OPTIONS, entryPoints: sources, format: 'iife' });
  return outputFiles.map(({ contents }) => contents);
}

/** @param {Uint8Array} content */
function integrity(content) {
  return `sha384-${createHash('sha384').update(content).digest('base64')}`;
}

/**
 * The page with the policy and the bundles' names put in, each with its digest, so that a browser runs nothing else.
 * @param {Awaited<ReturnType<typeof bundle>>} bundled
 */
async function indexHtml({ files, names, firstChunks }) {
  const attributes = (/** @type {string} */ name) =>
    `="${name}" integrity="${integrity(/** @type {Uint8Array} */ (files.get(name)))}"`;
  let html = await readFile(path.join(ROOT, 'www/index.html'), 'utf8');
  const insert = (/** @type {RegExp} */ place, /** @type {string} */ text) => {
    if (!place.test(html)) throw new Error(`www/index.html has no ${place.source}`);
    html = html.replace(place, text);
  };
  for (const source of ['main.js', 'loading.js', 'style.css']) {
    insert(new RegExp(`(?<=src|href)="${source.replace('.', '\\.')}"`), attributes(/** @type {string} */ (names.get(source))));
  }
  const preloads = firstChunks.map((name) => `<link rel="modulepreload" href${attributes(name)} />`);
  insert(/(?=<script type="module")/, [...preloads, ''].join('\n    '));
  insert(/(?<=<meta charset="utf-8" \/>)/, `\n    <meta http-equiv="Content-Security-Policy" content="${META_CONTENT_SECURITY_POLICY}" />`);
  return html;
}

/**
 * The manifest in the header of a model file.
 * @param {Buffer} bytes
 * @param {string} file
 * @returns {Manifest}
 */
function readManifest(bytes, file) {
  try {
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString('utf8'));
    return JSON.parse(header.__metadata__.tilelens);
  } catch {
    throw new Error(`${file} is no Tilelens model: make one with tilelens import`);
  }
}

/**
 * A model as the page lists it, with its file.
 * @param {string} file
 * @returns {Promise<{ bytes: Buffer, entry: ModelEntry }>}
 */
async function model(file) {
  const bytes = await readFile(file).catch(() => {
    throw new Error(`${file} is missing`);
  });
  const { name, purpose = '', ground_resolution_m: groundResolutionM = null, data = '', provenance } = readManifest(bytes, file);
  const id = path.parse(file).name;
  const about = { id, name, purpose, groundResolutionM, data, description: provenance.description };
  return { bytes, entry: { ...about, url: `models/${hashedName(id, bytes, '.safetensors')}`, bytes: bytes.length, sha256: sha256(bytes) } };
}

/**
 * The backbone and the heads that `models/models.json` lists, the first of them the default, and whole models that were
 * made on this machine.
 * @param {string} localFolder
 * @returns {Promise<{ list: ModelList, files: Map<string, Buffer> }>}
 */
async function models(localFolder) {
  const folder = path.join(ROOT, 'models');
  /** @type {{ backbone: string, heads: string[] }} */
  const { backbone, heads } = JSON.parse(await readFile(path.join(folder, 'models.json'), 'utf8'));
  const [base, ...onIt] = await Promise.all([backbone, ...heads].map((name) => model(path.join(folder, name))));
  const whole = await Promise.all((await filesIn(localFolder, /\.safetensors$/)).map((name) => model(path.join(localFolder, name))));
  return {
    list: { backbone: base.entry, heads: onIt.map(({ entry }) => entry), whole: whole.map(({ entry }) => entry) },
    files: new Map([base, ...onIt, ...whole].map(({ entry, bytes }) => [entry.url, bytes])),
  };
}

/** `synthetic-forest.jpg` → `Synthetic forest`. @param {string} file */
function sampleName(file) {
  const words = path.parse(file).name.replaceAll(/[-_]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Every file of the page, by its path in dist/.
 * @param {string} localModelsFolder
 * @param {EngineBuild[]} engineBuilds
 */
async function pageFiles(localModelsFolder, engineBuilds) {
  const bundled = await bundle(engineBuilds);
  const { files, names } = bundled;
  const add = (/** @type {string} */ name, /** @type {Uint8Array | string} */ content) =>
    files.set(name, typeof content === 'string' ? Buffer.from(content) : content);

  const [loadingScript, serviceWorkerScript] = await classicScripts(['loading.js', 'service-worker.js']);
  names.set('loading.js', hashedName('loading', loadingScript, '.js'));
  add(hashedName('loading', loadingScript, '.js'), loadingScript);
  const html = await indexHtml(bundled);
  add('index.html', html);
  const icons = await filesIn(path.join(ROOT, 'www'), ICON_FILE);
  for (const name of [...icons, ...(await filesIn(path.join(ROOT, 'www'), STATIC_FILE))]) {
    add(name, await readFile(path.join(ROOT, 'www', name)));
  }
  add('NOTICE.txt', await readFile(path.join(ROOT, 'NOTICE')));

  /** @type {Partial<Record<EngineBuild | 'importer', { url: string, bytes: number, sha256: string }>>} */
  const engines = {};
  for (const build of engineBuilds) {
    const engine = await readFile(path.join(ROOT, `pkg/${build}/tilelens_bg.wasm`));
    const url = hashedName(`engine-${build}`, engine, '.wasm');
    add(url, engine);
    engines[build] = { url, bytes: engine.length, sha256: sha256(engine) };
  }

  const importer = await readFile(path.join(ROOT, IMPORTER)).catch(() => null);
  if (importer) {
    const url = hashedName('importer', importer, '.wasm');
    add(url, importer);
    engines.importer = { url, bytes: importer.length, sha256: sha256(importer) };
  }

  const offered = await models(localModelsFolder);
  for (const [url, bytes] of offered.files) add(url, bytes);

  const samples = [];
  for (const name of await filesIn(path.join(ROOT, 'www/samples'), SAMPLE_FILE)) {
    const url = `samples/${name}`;
    add(url, await readFile(path.join(ROOT, 'www/samples', name)));
    samples.push({ name: sampleName(name), url });
  }

  const assets = {
    engines,
    worker: { url: names.get(WORKER) },
    sceneWorker: { url: names.get(SCENE_WORKER) },
    similarity: { url: names.get(SIMILARITY_WORKER) },
    models: offered.list,
    samples,
  };
  add('assets.json', JSON.stringify(assets));

  const worker = Buffer.from(serviceWorkerScript).toString();
  const id = buildId(files, worker);
  add('index.html', html.replace(BUILD_PLACEHOLDER, `$1"${id}"`));
  add('assets.json', `${JSON.stringify({ build: id, ...assets }, null, 2)}\n`);
  const { backbone, heads, whole } = assets.models;
  const rarelyUsed = new Set([engines.webgpu?.url, engines.importer?.url, ...heads.slice(1).map(({ url }) => url), ...whole.map(({ url }) => url), ...icons]);
  for (const { url } of [backbone, ...heads.slice(0, 1)]) rarelyUsed.delete(url);
  add('service-worker.js', serviceWorker(id, files, worker, (name) => !rarelyUsed.has(name)));
  add('_headers', headersFile([...files.keys()]));
  return files;
}

/**
 * Compressed twins of a file; none where the bytes are compressed already.
 * @param {string} name
 * @param {Uint8Array} content
 */
async function compressed(name, content) {
  if (/\.(jpe?g|png|webp|map)$/.test(name)) return [];
  const [br, gz] = await Promise.all([
    brotli(content, { params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
    gzip(content, { level: 9 }),
  ]);
  return [
    { name: `${name}.br`, content: br },
    { name: `${name}.gz`, content: gz },
  ].filter((twin) => twin.content.length < content.length * (1 - WORTHWHILE_SAVING));
}

/**
 * Makes the folder hold these files and their compressed twins and no other. A file whose content is there
 * already is left alone with its twins: compressing the engine takes many seconds.
 * @param {string} folder
 * @param {Map<string, Uint8Array>} files
 * @param {boolean} withTwins
 */
async function writeFolder(folder, files, withTwins) {
  await mkdir(folder, { recursive: true });
  for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(found.parentPath, found.name);
    const name = path.relative(folder, file).replace(/\.(br|gz)$/, '');
    if (found.isFile() && !files.has(name)) await rm(file);
  }
  const write = async (/** @type {string} */ name, /** @type {Uint8Array} */ content) => {
    const file = path.join(folder, name);
    if (existsSync(file) && (await readFile(file)).equals(content)) return;
    await mkdir(path.dirname(file), { recursive: true });
    await Promise.all(['.br', '.gz'].map((suffix) => rm(file + suffix, { force: true })));
    for (const twin of withTwins ? await compressed(name, content) : []) await writeFile(path.join(folder, twin.name), twin.content);
    // Last, so that a file that is there has its twins.
    await writeFile(file, content);
  };
  // The others are compressed on the other cores while the largest engine takes a minute on one.
  await Promise.all([...files].map(([name, content]) => write(name, content)));
}

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: path.join(ROOT, 'dist') },
    uncompressed: { type: 'boolean', default: false },
    'cpu-only': { type: 'boolean', default: false },
    'local-models': { type: 'string', default: path.join(ROOT, 'models/local') },
  },
});
try {
  const files = await pageFiles(path.resolve(values['local-models']), values['cpu-only'] ? ENGINE_BUILDS.filter((build) => build !== 'webgpu') : ENGINE_BUILDS);
  await writeFolder(path.resolve(values.output), files, !values.uncompressed);
} catch (error) {
  console.error(`build-page: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/**
 * Puts the page together: www/ and pkg/ and models/ become dist/, with names that carry a digest of the
 * content, `assets.json` that lists what the page loads later, and compressed twins of what compresses.
 *
 *     node tools/build-page.mjs [--output dist] [--local-models models/local]
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import zlib from 'node:zlib';
import { build } from 'esbuild';

/**
 * @typedef {object} Manifest What a model file says about itself, as far as the page shows it before loading.
 * @property {string} name
 * @property {string[]} labels
 * @property {{ description: string }} provenance
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_MODEL = 'land-cover';
const STATIC_FILE = /\.(svg|png|ico|webmanifest|txt)$/;
const SAMPLE_FILE = /\.(jpe?g|png|webp)$/;
/** A compressed twin is kept where it saves at least this share of the bytes. */
const WORTHWHILE_SAVING = 0.05;

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

/** @param {Uint8Array} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

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

/**
 * Bundles scripts and style; returns the files and which source became which.
 */
async function bundle() {
  const sources = ['main.js', 'worker.js', 'style.css'];
  const result = await build({
    absWorkingDir: path.join(ROOT, 'www'),
    entryPoints: sources,
    outdir: '.',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    // What a visitor may never need, such as charts and zip files, is fetched when it is needed.
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  for (const { path: file, contents } of result.outputFiles) files.set(path.basename(file), contents);
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const [output, { entryPoint }] of Object.entries(result.metafile.outputs)) {
    if (entryPoint) names.set(entryPoint, path.basename(output));
  }
  return { files, names };
}

/**
 * The page with the bundles' names put in.
 * @param {Map<string, string>} names
 */
async function indexHtml(names) {
  let html = await readFile(path.join(ROOT, 'www/index.html'), 'utf8');
  for (const source of ['main.js', 'style.css']) {
    const reference = new RegExp(`(src|href)="(?:\\./)?${source.replace('.', '\\.')}"`, 'g');
    if (!reference.test(html)) throw new Error(`www/index.html does not refer to ${source}`);
    html = html.replace(reference, `$1="${names.get(source)}"`);
  }
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
 * The shipped models, the default first, then those made on this machine.
 * @param {string} localFolder
 */
async function models(localFolder) {
  const paths = [];
  for (const folder of [path.join(ROOT, 'models'), localFolder]) {
    for (const name of await filesIn(folder, /\.safetensors$/)) paths.push(path.join(folder, name));
  }
  const isDefault = (/** @type {string} */ file) => path.parse(file).name === DEFAULT_MODEL;
  paths.sort((a, b) => Number(isDefault(b)) - Number(isDefault(a)));
  if (paths.length === 0) throw new Error(`there is no model: models/${DEFAULT_MODEL}.safetensors is missing`);

  return Promise.all(
    paths.map(async (file) => {
      const bytes = await readFile(file);
      const manifest = readManifest(bytes, file);
      const id = path.parse(file).name;
      return {
        bytes,
        entry: {
          id,
          name: manifest.name,
          url: `models/${hashedName(id, bytes, '.safetensors')}`,
          bytes: bytes.length,
          sha256: sha256(bytes),
          labels: manifest.labels,
          description: manifest.provenance.description,
        },
      };
    }),
  );
}

/** `synthetic-forest.jpg` → `Synthetic forest`. @param {string} file */
function sampleName(file) {
  const words = path.parse(file).name.replaceAll(/[-_]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Every file of the page, by its path in dist/.
 * @param {string} localModelsFolder
 */
async function pageFiles(localModelsFolder) {
  const { files, names } = await bundle();
  const add = (/** @type {string} */ name, /** @type {Uint8Array | string} */ content) =>
    files.set(name, typeof content === 'string' ? Buffer.from(content) : content);

  add('index.html', await indexHtml(names));
  for (const name of await filesIn(path.join(ROOT, 'www'), STATIC_FILE)) {
    add(name, await readFile(path.join(ROOT, 'www', name)));
  }
  add('NOTICE.txt', await readFile(path.join(ROOT, 'NOTICE')));

  /** @type {Record<string, { url: string, bytes: number, sha256: string }>} */
  const engines = {};
  for (const build of ['cpu', 'webgpu']) {
    const engine = await readFile(path.join(ROOT, `pkg/${build}/tilelens_bg.wasm`));
    const url = hashedName(`engine-${build}`, engine, '.wasm');
    add(url, engine);
    engines[build] = { url, bytes: engine.length, sha256: sha256(engine) };
  }

  const modelList = await models(localModelsFolder);
  for (const { entry, bytes } of modelList) add(entry.url, bytes);

  const samples = [];
  for (const name of await filesIn(path.join(ROOT, 'www/samples'), SAMPLE_FILE)) {
    const url = `samples/${name}`;
    add(url, await readFile(path.join(ROOT, 'www/samples', name)));
    samples.push({ name: sampleName(name), url });
  }

  const assets = {
    engines,
    worker: { url: names.get('worker.js') },
    models: modelList.map(({ entry }) => entry),
    samples,
  };
  add('assets.json', `${JSON.stringify(assets, null, 2)}\n`);
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
 */
async function writeFolder(folder, files) {
  await mkdir(folder, { recursive: true });
  for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(found.parentPath, found.name);
    const name = path.relative(folder, file).replace(/\.(br|gz)$/, '');
    if (found.isFile() && !files.has(name)) await rm(file);
  }
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    if (existsSync(file) && (await readFile(file)).equals(content)) continue;
    await mkdir(path.dirname(file), { recursive: true });
    await Promise.all(['.br', '.gz'].map((suffix) => rm(file + suffix, { force: true })));
    for (const twin of await compressed(name, content)) await writeFile(path.join(folder, twin.name), twin.content);
    // Last, so that a file that is there has its twins.
    await writeFile(file, content);
  }
}

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: path.join(ROOT, 'dist') },
    'local-models': { type: 'string', default: path.join(ROOT, 'models/local') },
  },
});
try {
  const files = await pageFiles(path.resolve(values['local-models']));
  await writeFolder(path.resolve(values.output), files);
} catch (error) {
  console.error(`build-page: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

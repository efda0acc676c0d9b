/** What of others the page ships: crates in the engines, npm packages in the scripts. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const STANDARD_LIBRARY = "Rust's standard library";
/** What the backbone's weights began as. */
export const IMAGENET_WEIGHTS = "torchvision's ImageNet weights";

/** The engine with WebGPU has every crate of the one for the CPU; the importer is for another target. */
const TREE = [
  ...['tree', '--locked', '--edges', 'normal', '--prefix', 'none', '--format', '{p}'],
  ...['--target', 'wasm32-unknown-unknown', '--target', 'wasm32-wasip1', '--no-default-features', '--features', 'scene,webgpu,import'],
];

/** Whether a crate is one of this repository's, which need no notice here. @param {string} name */
export const isOurs = (name) => /^tilelens\b/.test(name);

/** The crates of the engines and the importer with their versions, such as `half 2.7.1`. */
export async function crates() {
  const { stdout } = await promisify(execFile)('cargo', TREE, { cwd: ROOT, maxBuffer: 64 << 20 });
  const titles = stdout.split('\n').map((line) => /^(\S+) v(\S+)/.exec(line)).filter((found) => found !== null);
  return new Set(titles.map(([, name, version]) => `${name} ${version}`).filter((title) => !isOurs(title)));
}

/** The npm packages of which bytes end in the page's scripts and style. */
export async function npmPackages() {
  const www = path.join(ROOT, 'www');
  const { metafile } = await build({
    absWorkingDir: www,
    entryPoints: [...(await readdir(www)).filter((name) => /\.(js|css)$/.test(name)), 'engine/worker/worker.js', 'similarity/similarity-worker.js'],
    outdir: '.',
    bundle: true,
    // The engines are made by the build.
    external: ['*/tilelens.js'],
    splitting: true,
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const folders = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([input]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
    .filter((folder) => folder !== undefined);
  return Promise.all(
    [...new Set(folders)].map(async (relative) => {
      const folder = path.resolve(www, relative);
      const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
      return { title: `${name} ${version} (npm)`, licence: String(license), folder };
    }),
  );
}

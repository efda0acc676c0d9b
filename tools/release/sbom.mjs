/**
 * What is inside of what we hand out, as a CycloneDX bill of materials: the crates of the engines and of the command
 * line, the npm packages of the page, and the weights that the models began with.
 *
 *     node tools/release/sbom.mjs FILE
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as CycloneDx from '@cyclonedx/cyclonedx-library';
import { ROOT, isOurs, npmPackages } from '../notice/shipped.mjs';

const SPECIFICATION = CycloneDx.Spec.Version.v1dot6;
/** What `cargo tree` is asked for each part. @type {Record<string, string[]>} */
const PARTS = {
  'engine for the CPU': ['--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'engine'],
  'engine with WebGPU': ['--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'engine,webgpu'],
  'training of heads': ['--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'training'],
  'reader of rasters': ['--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'raster'],
  'module of scenes': ['--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'scene'],
  'importer of checkpoints': ['--target', 'wasm32-wasip1', '--no-default-features', '--features', 'import'],
  'command line': [],
};

/** @typedef {{ name: string, version: string, licence: string, parts: string[] }} Crate */

/** @returns {Promise<Crate[]>} */
async function crates() {
  /** @type {Map<string, Crate>} */
  const found = new Map();
  for (const [part, options] of Object.entries(PARTS)) {
    const tree = ['tree', '--locked', '--edges', 'normal', '--prefix', 'none', '--format', '{p}|{l}', ...options];
    const { stdout } = await promisify(execFile)('cargo', tree, { cwd: ROOT, maxBuffer: 64 << 20 });
    for (const [, name, version, licence] of stdout.matchAll(/^(\S+) v([^ |]+)[^|\n]*\|(.*)$/gm)) {
      if (isOurs(name)) continue;
      const crate = found.get(`${name} ${version}`) ?? { name, version, licence: licence.replace(' (*)', ''), parts: [] };
      if (!crate.parts.includes(part)) crate.parts.push(part);
      found.set(`${name} ${version}`, crate);
    }
  }
  return [...found.values()].sort((a, b) => `${a.name} ${a.version}`.localeCompare(`${b.name} ${b.version}`));
}

/**
 * @param {string} name
 * @param {string} version
 * @param {string} licence
 * @param {string} purl
 * @param {string[]} parts
 */
function component(name, version, licence, purl, parts) {
  // Crates from before SPDX expressions write MIT/Apache-2.0.
  const expression = licence.replaceAll('/', ' OR ');
  return {
    ...{ type: 'library', 'bom-ref': purl, name, version, purl },
    ...(expression && { licenses: [{ expression }] }),
    properties: parts.map((value) => ({ name: 'tilelens:part', value })),
  };
}

const [file] = process.argv.slice(2);
const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
const ours = 'pkg:generic/tilelens';
const packages = (await npmPackages()).map(({ title, licence }) => {
  const [, name, number] = /** @type {RegExpExecArray} */ (/^(\S+) (\S+) /.exec(title));
  return component(name, number, licence, `pkg:npm/${name.replace('@', '%40')}@${number}`, ['page']);
});
const weights = component('mobilenet_v3_small-047dcff4', 'IMAGENET1K_V1', 'BSD-3-Clause', 'pkg:generic/mobilenet_v3_small-047dcff4@IMAGENET1K_V1', ['models']);
const bill = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: SPECIFICATION,
  version: 1,
  metadata: { component: { type: 'application', 'bom-ref': ours, name: 'tilelens', version, licenses: [{ expression: 'MIT OR Apache-2.0' }] } },
  components: [
    ...(await crates()).map(({ name, version: number, licence, parts }) => component(name, number, licence, `pkg:cargo/${name}@${number}`, parts)),
    ...packages,
    { ...weights, type: 'machine-learning-model' },
  ],
};
const text = `${JSON.stringify(bill, null, 2)}\n`;
const mistakes = await new CycloneDx.Validation.JsonStrictValidator(SPECIFICATION).validate(text);
if (mistakes !== null) throw new Error(`the bill of materials is not what CycloneDX ${SPECIFICATION} asks for: ${JSON.stringify(mistakes)}`);
await writeFile(file, text);
console.log(`${file} lists ${bill.components.length} components`);

/** The package as npm packs it, installed into a fresh project outside of the repository. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, temporaryFolder } from '../e2e/harness.mjs';

const run = promisify(execFile);
export const PACKAGE = path.join(ROOT, 'target/npm');
export const SAMPLES = path.join(ROOT, 'www/samples');
const APP = path.join(ROOT, 'tests/package/app');

/** What the page of the app found. @typedef {{ failed?: string, label: string, sources: string[], probabilities: (number | string)[], features: number, trained: { labels: string[], epochs: number, onnxBytes: number }, disposed: string }} Outcome */

/**
 * Runs a program that the repository has, in another folder.
 * @param {string} name
 * @param {string[]} args
 * @param {string} cwd
 */
export async function tool(name, args, cwd) {
  try {
    return await run(path.join(ROOT, 'node_modules/.bin', name), args, { cwd, env: { ...process.env, NO_COLOR: '1' } });
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    throw new Error(`${name} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
}

/** @type {Promise<string> | undefined} */
let packed;

/** The package as npm packs it, once for all tests of a file. */
export function tarball() {
  packed ??= pack();
  return packed;
}

async function pack() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tilelens-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE });
  return path.join(folder, JSON.parse(stdout)[0].filename);
}

/**
 * A fresh project with the package in its node_modules, and the files of the app. Nothing comes from the network.
 * @param {import('../e2e/harness.mjs').TestContext} t
 * @param {string[]} files of the app
 */
export async function project(t, files = ['index.html', 'main.js']) {
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
  await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', await tarball()], { cwd: folder });
  for (const file of files) await cp(path.join(APP, file), path.join(folder, file));
  await mkdir(path.join(folder, 'public'));
  for (const place of ['tile.jpg', 'public/tile.jpg']) await cp(path.join(SAMPLES, 'synthetic-forest.jpg'), path.join(folder, place));
  return folder;
}

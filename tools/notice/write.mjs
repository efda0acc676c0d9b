/**
 * Writes NOTICE: the licences of all that the page ships, each text once, with the packages that use it.
 *
 *     cargo about generate --format json … | node tools/notice/write.mjs OUTPUT
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { IMAGENET_WEIGHTS, ROOT, STANDARD_LIBRARY, isOurs, npmPackages } from './shipped.mjs';

/**
 * @typedef {{ name: string, version: string, repository: string | null, manifest_path: string }} Crate
 * @typedef {{ id: string, text: string, used_by: { crate: Crate }[] }} CrateLicence
 * @typedef {object} Licence
 * @property {string} id SPDX's name of it.
 * @property {string} text
 * @property {Set<string>} users
 */

/** Parts of others in a crate, which its own licence does not name: the files with theirs. @type {Record<string, { id: string, files: string[] }>} */
const PORTED = { 'hdf5-pure': { id: 'BSD-3-Clause', files: ['LICENSE-HDF5', 'LICENSE-ZFP'] } };
const LICENCE_FILE = /^(licen[cs]e|copying)/i;
const NOTICE_FILE = /^notice/i;
const RULE = '='.repeat(100);

const INTRODUCTION = `Tilelens: what the page ships, and under which licences

This file is made by ./build.sh notice.

Tilelens itself, what its own training added to the weights in models/, and the sample tiles, which a script of ours
draws, are under MIT or Apache-2.0, as you choose. The weights of the backbone began as those that torchvision's
MobileNetV3-Small learnt from ImageNet (IMAGENET1K_V1), which are under the BSD-3-Clause licence below. The layers of the
network are those of the MobileNetV3 paper in torchvision's naming; no code of torchvision is shipped. In the repository
and not on the page: models/imagenet_labels.txt comes from a list published under Apache-2.0.

The engines and the importer of checkpoints contain Rust's standard library and the crates below, unchanged; the scripts
contain the npm packages below, bundled and minified, otherwise unchanged. The source of each, of those under MPL-2.0 too, is
what its registry gives out under its name and version.`;

/** Line ends and spaces at them differ where nothing else does. @param {string} text */
function tidied(text) {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(/[ \t\f]+$/gm, '')
    .replaceAll(/^\n+|\n+$/g, '');
}

/** Every text once, whatever its line breaks. */
class Licences {
  /** @type {Map<string, Licence>} */
  #byText = new Map();

  /**
   * @param {string} id
   * @param {string} text
   * @param {string} user
   */
  add(id, text, user) {
    const key = `${id} ${text.replaceAll(/\s+/g, ' ').trim()}`;
    const licence = this.#byText.get(key) ?? { id, text: tidied(text), users: new Set() };
    this.#byText.set(key, licence);
    licence.users.add(user);
  }

  /** In an order that depends on nothing but what is in them. */
  sorted() {
    return [...this.#byText]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { id, text, users }]) => ({ id, text, users: [...users].sort() }));
  }
}

/**
 * The text of the one file in a folder that matches; undefined where there is none.
 * @param {string} folder
 * @param {RegExp} pattern
 */
async function fileLike(folder, pattern) {
  const name = (await readdir(folder)).sort().find((entry) => pattern.test(entry));
  return name && readFile(path.join(folder, name), 'utf8');
}

/** @param {CrateLicence[]} crateLicences */
async function notice(crateLicences) {
  const licences = new Licences();
  licences.add('Apache-2.0', await readFile(path.join(ROOT, 'LICENSE-APACHE'), 'utf8'), STANDARD_LIBRARY);
  licences.add('BSD-3-Clause', await readFile(path.join(ROOT, 'models/LICENSE-torchvision'), 'utf8'), IMAGENET_WEIGHTS);

  /** @type {Map<string, string>} */
  const notices = new Map();
  for (const { id, text, used_by: users } of crateLicences) {
    for (const { crate } of users) {
      // The introduction speaks of it, and its notice is the file that is being made.
      if (isOurs(crate.name)) continue;
      const user = `${crate.name} ${crate.version}`;
      licences.add(id, text, user);
      const ported = PORTED[crate.name] ?? { id: '', files: [] };
      for (const name of ported.files) licences.add(ported.id, await readFile(path.join(path.dirname(crate.manifest_path), name), 'utf8'), user);
      const attribution = await fileLike(path.dirname(crate.manifest_path), NOTICE_FILE);
      if (attribution) notices.set(user, tidied(attribution));
    }
  }
  for (const { title, licence, folder } of await npmPackages()) {
    const text = await fileLike(folder, LICENCE_FILE);
    if (!text) throw new Error(`${title} has no licence file: see its source and add the text by hand`);
    licences.add(licence, text, title);
  }

  const sections = licences.sorted().map(({ id, text, users }) => `${id}\nused by ${users.join(', ')}\n\n${text}`);
  const attributions = [...notices].sort().map(([user, text]) => `Notice of ${user}\n\n${text}`);
  return `${[INTRODUCTION, ...sections, ...attributions].join(`\n\n${RULE}\n\n`)}\n`;
}

try {
  const [output] = process.argv.slice(2);
  if (!output) throw new Error('which file? node tools/notice/write.mjs OUTPUT');
  await writeFile(output, await notice(JSON.parse(await readAll(process.stdin)).licenses));
} catch (error) {
  console.error(`notice: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** A zip file that is no project: its images are offered as tiles, with their folders as labels. Nothing is added before the user chose. */

import { counted, isolated } from './dom.js';
import { labelTiles, readTree, waysOf, waysSentence } from './folder-labels.js';
import { notify, notifyProgress } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../project/archive/packed-files.js').PackedFile} PackedFile */
/** @typedef {import('../tiles/tile-list.js').NewTile} NewTile */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./folder-labels.js').Page} LabelPage */
/** @typedef {import('./folder-labels.js').Way} Way */
/** @typedef {LabelPage & { addTiles: (tiles: NewTile[]) => Tile[] }} Page */
/** @typedef {{ name: string, why: string }} LeftOut */

/**
 * @param {Page} page
 * @param {string} name the archive's
 * @param {PackedFile[]} files
 * @param {(thrown: unknown) => boolean} isOfOneEntry whether the other files can still be had
 */
export async function offerFiles(page, name, files, isOfOneEntry) {
  const reading = await readTree(page.session, files.map(({ path }) => path));
  const skipped = new Set(reading.skipped);
  const images = files.filter(({ isImage }, index) => isImage && !skipped.has(index));
  const others = files.length - images.length - skipped.size;
  const ways = waysOf(images.length === files.length ? reading : await readTree(page.session, images.map(({ path }) => path)));
  const said = [
    `“${isolated(name)}” is no project: it holds ${counted(images.length, 'image')}, ${waysSentence(ways)}`,
    isolated(reading.skippedSentence),
    others > 0 ? `${counted(others, 'other file')} in it ${others === 1 ? 'is' : 'are'} left out.` : '',
    ways.length > 1 ? 'Which folder names the class?' : '',
  ];
  const take = (/** @type {Way | null} */ way) => () => void addFiles(page, images, way, isOfOneEntry);
  const text = (/** @type {Way} */ { classFrom }) => (ways.length === 1 ? 'Add with labels' : `Add with the ${classFrom} folder as label`);
  const remedies = ways.map((way) => ({ label: text(way), act: take(way) }));
  notify(said.filter(Boolean).join(' '), [...remedies, { label: 'Add without labels', act: take(null) }], 'news');
}

/**
 * @param {Page} page
 * @param {PackedFile[]} images
 * @param {Way | null} way
 * @param {(thrown: unknown) => boolean} isOfOneEntry
 */
async function addFiles(page, images, way, isOfOneEntry) {
  const progress = notifyProgress(`Unpacking ${counted(images.length, 'image')}`);
  try {
    const { tiles, leftOut } = await unpacked(images, isOfOneEntry, progress.tell);
    const added = page.addTiles(tiles);
    if (leftOut.length > 0) notify(leftOutSentence(leftOut));
    if (way) await labelTiles(page, added, way.classFrom);
  } catch (thrown) {
    notify(thrownSentence(thrown));
  } finally {
    progress.close();
  }
}

/**
 * @param {PackedFile[]} images
 * @param {(thrown: unknown) => boolean} isOfOneEntry
 * @param {(share: number) => void} onProgress
 */
async function unpacked(images, isOfOneEntry, onProgress) {
  /** @type {NewTile[]} */
  const tiles = [];
  /** @type {LeftOut[]} */
  const leftOut = [];
  for (const [done, { path, unpack }] of images.entries()) {
    onProgress(done / images.length);
    try {
      const file = await unpack();
      tiles.push({ name: file.name, path, source: { kind: 'file', file } });
    } catch (thrown) {
      if (!isOfOneEntry(thrown)) throw thrown;
      leftOut.push({ name: path, why: thrownSentence(thrown) });
    }
  }
  return { tiles, leftOut };
}

/** @param {LeftOut[]} leftOut */
function leftOutSentence([{ name, why }, ...others]) {
  const more = others.length === 0 ? '' : ` So ${others.length === 1 ? 'is one other' : `are ${others.length} others`}.`;
  return `“${isolated(name)}” is left out. ${why}${more}`;
}

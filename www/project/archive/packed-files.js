/** The files of an archive that is no project: a data set, or what Teachable Machine saved. */

import { LIMITS } from './layout.js';
import { notAProject } from './refusals.js';
import { Archive } from './unzip.js';

/** @typedef {{ path: string, isImage: boolean, unpack: () => Promise<File> }} PackedFile */

const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?)$/i;
/**
 * Teachable Machine keeps a project (`.tm`) as a zip of `manifest.json` and its samples, called by class and number:
 * `Class 1-!-0.jpg`.
 */
const SAMPLE = /^([^/]+)-!-([^/]+)$/;

/**
 * Every file in an archive, by its path beneath the archive's own name, which may be its class. Rejects with a
 * `ProjectError` where it is no archive, or has no image.
 * @param {File} file
 * @returns {Promise<PackedFile[]>}
 */
export async function packedFiles(file) {
  const archive = await Archive.open(file);
  const stem = file.name.replace(/\.[^.]*$/, '');
  const files = archive.names.map((name) => {
    const path = `${stem}/${name.replace(SAMPLE, '$1/$2')}`;
    const unpack = async () => new File([await archive.content(archive.entry(name, LIMITS.tileBytes))], name.slice(name.lastIndexOf('/') + 1));
    return { path, isImage: IMAGE.test(name), unpack };
  });
  if (!files.some(({ isImage }) => isImage)) throw notAProject();
  return files;
}

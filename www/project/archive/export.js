/** Writes a project to an archive. */

import { BlobReader, TextReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';
import { ProjectError } from '../failures.js';
import { ArchiveSink } from './archive-sink.js';
import { FORMAT, LIMITS, MANIFEST, MODEL_ROLES, README, VERSION } from './layout.js';
import { Folder, safeFileName, safeName } from './names.js';
import { inMegabytes } from './refusals.js';
import { byPlaces } from './report-places.js';

/** @typedef {import('../types.js').Project} Project */
/** @typedef {import('../types.js').StoredTile} StoredTile */
/** @typedef {import('./layout.js').Manifest} Manifest */
/** @typedef {import('./layout.js').ManifestTile} ManifestTile */

/** Workers from blobs are forbidden on the page. */
const OPTIONS = { useWebWorkers: false, extendedTimestamp: false };
/** Images and models hardly shrink. Their size comes before them, and nothing after. */
const AS_IT_IS = { level: 0, dataDescriptor: false };

/**
 * The features are left out: they are computed again from the tiles.
 * @param {Project} project
 * @param {(share: number) => void} [onProgress] of the bytes
 * @returns {Promise<Blob>}
 */
export async function exportArchive(project, onProgress = () => undefined) {
  const sink = new ArchiveSink();
  const zip = new ZipWriter(sink.writable, OPTIONS);
  const { manifest, files } = contents(project);
  // Laid out for people, the list of 100,000 cells would be twice as long and too long.
  const text = JSON.stringify(manifest);
  checkSize(manifest, text, files);
  await zip.add(README, new TextReader(readme(project.record.name)));
  await zip.add(MANIFEST, new TextReader(text));
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  let written = 0;
  for (const { name, shownName, file } of files) {
    onProgress(written / bytes);
    written += file.size;
    try {
      await zip.add(name, new BlobReader(file), AS_IT_IS);
      sink.endWith(file);
    } catch {
      const message = `“${shownName}” can no longer be read: it was moved, changed or deleted. Remove it from the project or put it back, then export again.`;
      throw new ProjectError('project.unreadable', message);
    }
  }
  await zip.close();
  return sink.blob('application/zip');
}

/**
 * What no import would take is not written in the first place.
 * @param {Manifest} manifest
 * @param {string} text
 * @param {{ file: Blob }[]} files
 */
function checkSize({ tiles }, text, files) {
  const textBytes = new Blob([text]).size;
  const bytes = files.reduce((sum, { file }) => sum + file.size, textBytes);
  const refuse = (/** @type {string} */ what) => {
    throw new ProjectError('project.too_large', `The project is too large for one file: ${what}. Remove tiles that you no longer need, or make two projects of it.`);
  };
  if (tiles.length > LIMITS.tiles) refuse(`it has ${tiles.length.toLocaleString()} tiles, and a file takes ${LIMITS.tiles.toLocaleString()}`);
  if (bytes > LIMITS.totalBytes) refuse(`it has ${inMegabytes(bytes)}, and a file takes ${inMegabytes(LIMITS.totalBytes)}`);
  if (textBytes > LIMITS.manifestBytes) refuse(`its list of tiles and reports alone has ${inMegabytes(textBytes)}, and a file takes ${inMegabytes(LIMITS.manifestBytes)}`);
}

/**
 * The manifest, and which file goes where.
 * @param {Project} project
 */
function contents({ record, tiles, scenes, models }) {
  const classFolders = new Folder();
  const classes = record.classes.map(({ name, colour }) => ({ name, colour, folder: classFolders.take(safeName(name, 'class')) }));
  const places = new Map(record.classes.map(({ id }, place) => [id, place]));
  const unlabelled = { path: 'unlabelled', names: new Folder() };
  const labelled = classes.map(({ folder }) => ({ path: `images/${folder}`, names: new Folder() }));

  /** @type {{ name: string, shownName: string, file: Blob }[]} */
  const files = [];
  const sceneNames = new Folder();
  const sceneIds = scenes.map(({ id }) => id);
  /** @type {Manifest} */
  const manifest = {
    format: FORMAT,
    version: VERSION,
    name: record.name,
    classes,
    settings: record.settings,
    report: byPlaces(record.report, tiles, record.classes),
    scenes: scenes.map(({ id: _, file, ...scene }) => {
      if (!file) return { ...scene, file: null };
      const { stem, extension } = safeFileName(scene.name, 'TIFF');
      const target = `scenes/${sceneNames.take(stem, extension)}`;
      files.push({ name: target, shownName: scene.name, file });
      return { ...scene, file: target };
    }),
    tiles: tiles.map(({ name, path, classId, widthPx, heightPx, format, noDataShare, notes, source }) => {
      const place = (classId !== null ? places.get(classId) : undefined) ?? null;
      const [shortName, shortPath] = [name, path].map((text) => text.slice(0, LIMITS.nameCharacters));
      const facts = { name: shortName, path: shortPath, class: place, widthPx, heightPx, format, noDataShare, notes };
      if (source.kind === 'window') return { source: { kind: 'window', scene: sceneIds.indexOf(source.sceneId), window: source.window }, ...facts };
      const folder = place === null ? unlabelled : labelled[place];
      const { stem, extension } = safeFileName(name, format);
      const target = `${folder.path}/${folder.names.take(stem, extension)}`;
      files.push({ name: target, shownName: path, file: source.file });
      return { source: { ...source, file: target }, ...facts };
    }),
    models: {},
  };
  for (const role of MODEL_ROLES) {
    const file = models[role];
    if (!file) continue;
    const target = `model/${role}.safetensors`;
    manifest.models[role] = target;
    files.push({ name: target, shownName: target, file });
  }
  return { manifest, files };
}

/** @param {string} name */
function readme(name) {
  return `${name}

This is a project of Tilelens, which sorts image tiles into classes. To go on with it, open the zip file in Tilelens.

images/        the labelled tiles, one folder for each class: the layout that torchvision's ImageFolder,
               Keras' image_dataset_from_directory and others read as a data set
unlabelled/    the tiles without a label
scenes/        the scenes; their cells stand in the manifest, as windows of pixels with their class
model/         the model that was trained on the tiles (current.safetensors) and the one before it
manifest.json  the classes with their colours, the true names of the tiles, the settings and the last report

Names of folders and files are simplified so that every system takes them.
`;
}

/** Projects to export, and archives as nobody should make them. */
import { BlobReader, BlobWriter, TextReader, ZipReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';

/** @typedef {import('../../www/project/types.js').Project} Project */
/** @typedef {import('../../www/project/types.js').StoredTile} StoredTile */
/** @typedef {{ name: string, content: Blob | string, level?: number }} File */

const CENTRAL_SIGNATURE = 0x02014b50;
/** Where the fields of an entry are, in the archive's list of contents and before the entry itself. */
const CENTRAL = { flags: 8, crc32: 16, compressedSize: 20, size: 24, nameLength: 28, offset: 42, name: 46 };
const LOCAL = { flags: 6, crc32: 14, compressedSize: 18, size: 22, name: 30 };

/** @typedef {'flags' | 'crc32' | 'compressedSize' | 'size' | 'offset'} Field */

/**
 * @param {string} text
 * @param {Partial<StoredTile>} [facts]
 * @returns {StoredTile}
 */
export function tile(text, facts = {}) {
  return {
    id: `tile ${text}`,
    name: 'tile.png',
    path: 'folder/tile.png',
    order: 0,
    source: { kind: 'file', file: new Blob([`the image of ${text}`]) },
    thumbnail: null,
    classId: null,
    widthPx: 256,
    heightPx: 128,
    format: 'PNG',
    noDataShare: 0,
    notes: [],
    ...facts,
  };
}

/**
 * @param {Partial<Project['record']>} [facts]
 * @param {StoredTile[]} [tiles]
 * @returns {Project}
 */
export function project(facts = {}, tiles = [tile('wood', { classId: 'wood', notes: ['It is grey.'] }), tile('nothing')]) {
  return {
    record: {
      id: 'an id',
      name: 'A project',
      createdAt: '2024-01-02T03:04:05.000Z',
      updatedAt: '2024-01-02T03:04:05.000Z',
      classes: [
        { id: 'wood', name: 'Wood', colour: '#00ff00' },
        { id: 'water', name: 'Water', colour: '#0000FF' },
      ],
      settings: { epochs: 20 },
      report: { current: null, before: null, hasBefore: true },
      ...facts,
    },
    tiles,
    scenes: [],
    models: { current: new Blob(['a model']), before: new Blob(['the model before']) },
  };
}

/**
 * A project without what an import makes anew, in values that can be compared.
 * @param {Project} project
 */
export async function plain({ record, tiles, models }) {
  const nameOf = new Map(record.classes.map(({ id, name }) => [id, name]));
  return {
    name: record.name,
    classes: record.classes.map(({ name, colour }) => ({ name, colour })),
    settings: record.settings,
    report: record.report,
    tiles: await Promise.all(
      tiles.map(async ({ id, order, classId, source, thumbnail, ...facts }) => ({
        ...facts,
        className: classId === null ? null : nameOf.get(classId),
        content: await source.file.text(),
      })),
    ),
    models: Object.fromEntries(
      await Promise.all(Object.entries(models).map(async ([role, file]) => [role, await file.text()])),
    ),
  };
}

/** As Explorer writes accents, in the code page of DOS: those of the tests. @param {string} text */
export function codePage437(text) {
  return Uint8Array.from(text, (character) => ({ É: 0x90, ê: 0x88 })[character] ?? character.charCodeAt(0));
}

/**
 * @param {File[]} files
 * @param {import('@zip.js/zip.js').ZipWriterConstructorOptions} [options]
 */
export async function zip(files, options = {}) {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false, ...options });
  for (const { name, content, level } of files) {
    await writer.add(name, typeof content === 'string' ? new TextReader(content) : new BlobReader(content), { level, dataDescriptor: false });
  }
  return writer.close();
}

/** @param {Blob} archive */
export async function entriesOf(archive) {
  return new ZipReader(new BlobReader(archive), { useWebWorkers: false }).getEntries();
}

/**
 * The files of an archive, to make another of them.
 * @param {Blob} archive
 * @returns {Promise<File[]>}
 */
export async function unzip(archive) {
  const files = [];
  for (const entry of await entriesOf(archive)) {
    if (entry.directory) continue;
    files.push({ name: entry.filename, content: await entry.getData(new BlobWriter()), level: entry.compressionMethod === 0 ? 0 : 6 });
  }
  return files;
}

/**
 * The archive with another manifest.
 * @param {Blob} archive
 * @param {(manifest: any) => unknown} change changes it, or returns what to put in its place
 */
export async function withManifest(archive, change) {
  const files = await unzip(archive);
  for (const file of files) {
    if (file.name !== 'manifest.json') continue;
    const manifest = JSON.parse(await /** @type {Blob} */ (file.content).text());
    const changed = change(manifest) ?? manifest;
    file.content = typeof changed === 'string' ? changed : JSON.stringify(changed);
  }
  return zip(files);
}

/**
 * Forges a number of an entry, wherever the archive has it.
 * @param {Blob} archive
 * @param {string} name
 * @param {Partial<Record<Field, (value: number) => number>>} changes
 */
export async function forge(archive, name, changes) {
  return edit(archive, name, (view, central, local) => {
    for (const [field, change] of /** @type {[Field, (value: number) => number][]} */ (Object.entries(changes))) {
      const places = field === 'offset' ? [central + CENTRAL.offset] : [central + CENTRAL[field], local + LOCAL[field]];
      for (const place of places) {
        if (field === 'flags') view.setUint16(place, change(view.getUint16(place, true)), true);
        else view.setUint32(place, change(view.getUint32(place, true)), true);
      }
    }
  });
}

/**
 * Gives an entry another name of the same length.
 * @param {Blob} archive
 * @param {string} name
 * @param {string} newName
 */
export async function rename(archive, name, newName) {
  return edit(archive, name, (view, central, local) => {
    const bytes = new TextEncoder().encode(newName);
    for (const place of [central + CENTRAL.name, local + LOCAL.name]) new Uint8Array(view.buffer).set(bytes, place);
  });
}

/**
 * Where the bytes of an entry begin.
 * @param {Blob} archive
 * @param {string} name
 */
export async function contentStart(archive, name) {
  let start = 0;
  await edit(archive, name, (view, _central, local) => {
    start = local + LOCAL.name + view.getUint16(local + LOCAL.name - 4, true) + view.getUint16(local + LOCAL.name - 2, true);
  });
  return start;
}

/**
 * @param {Blob} archive
 * @param {string} name
 * @param {(view: DataView<ArrayBuffer>, central: number, local: number) => void} change
 */
async function edit(archive, name, change) {
  const bytes = new Uint8Array(await archive.arrayBuffer());
  const view = new DataView(bytes.buffer);
  for (let place = 0; place < bytes.length - CENTRAL.name; place += 1) {
    if (view.getUint32(place, true) !== CENTRAL_SIGNATURE) continue;
    const nameLength = view.getUint16(place + CENTRAL.nameLength, true);
    const found = new TextDecoder().decode(bytes.subarray(place + CENTRAL.name, place + CENTRAL.name + nameLength));
    if (found !== name) continue;
    change(view, place, view.getUint32(place + CENTRAL.offset, true));
    return new Blob([bytes]);
  }
  throw new Error(`the archive has no entry ${name}`);
}

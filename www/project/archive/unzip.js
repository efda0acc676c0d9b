/** Reads a zip file that may come from anybody: what it says of itself is checked before and while it is read. */

import {
  BlobReader,
  ERR_BAD_FORMAT,
  ERR_ENCRYPTED_CENTRAL_DIRECTORY,
  ERR_EOCDR_NOT_FOUND,
  ERR_INVALID_UNCOMPRESSED_SIZE,
  ZipReader,
} from '@zip.js/zip.js/lib/zip-core-custom.js';
import { ProjectError } from '../failures.js';
import { BlobSink } from './blob-sink.js';
import { LIMITS } from './layout.js';
import { damaged, forgedSize, inMegabytes, locked, notAProject, shown, tooLarge, truncated, unreadable, unsafe } from './refusals.js';

/** @typedef {import('@zip.js/zip.js').Entry} Entry */
/** @typedef {import('@zip.js/zip.js').FileEntry} FileEntry */

/** Workers from blobs are forbidden on the page. Names are checked here, with words of our own. */
const OPTIONS = /** @type {const} */ ({
  useWebWorkers: false,
  filenameValidation: 'tolerant',
  checkCrc32: true,
  checkOverlappingEntry: true,
});
const STORED = 0;
const ZIP_START = 'PK\x03\x04';

export class Archive {
  #file;
  /** @type {Map<string, FileEntry>} */
  #entries = new Map();
  #totalBytes = 0;

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Reads the list of what is in the file, and refuses what no project would have.
   * @param {Blob} file
   */
  static async open(file) {
    const archive = new Archive(file);
    try {
      const entries = new ZipReader(new BlobReader(file), OPTIONS).getEntriesGenerator();
      for await (const entry of entries) archive.#admit(entry);
    } catch (thrown) {
      throw await openingError(thrown, file);
    }
    return archive;
  }

  /** The files in it, by their names: parts by `/`, letters composed. */
  get names() {
    return [...this.#entries.keys()];
  }

  /**
   * The entry of that name, if it is no larger than allowed.
   * @param {string} name
   * @param {number} maxBytes
   */
  entry(name, maxBytes) {
    const entry = this.#entries.get(name.normalize('NFC'));
    if (!entry) throw damaged(`“${shown(name)}” is missing`);
    if (entry.uncompressedSize > maxBytes) {
      throw tooLarge(`“${shown(name)}” has ${inMegabytes(entry.uncompressedSize)}, and no more than ${inMegabytes(maxBytes)} are allowed`);
    }
    return entry;
  }

  /**
   * What is in an entry, once all of it is read and right. What is stored as it is becomes a part of the
   * archive's own file, which takes no memory.
   * @param {FileEntry} entry
   */
  async content(entry) {
    const { compressionMethod, uncompressedSize, filename } = entry;
    const isStored = compressionMethod === STORED;
    const unpacked = new BlobSink();
    try {
      // Stops at the first byte beyond the declared size.
      await entry.getData(isStored ? new WritableStream() : unpacked.writable);
    } catch (thrown) {
      if (thrown instanceof Error && thrown.message === ERR_INVALID_UNCOMPRESSED_SIZE) throw forgedSize(filename);
      throw readingError(thrown, `“${shown(filename)}”`);
    }
    const start = entry.localDirectory?.dataOffset;
    return isStored && start !== undefined ? this.#file.slice(start, start + uncompressedSize) : unpacked.blob();
  }

  /** @param {Entry} entry */
  #admit(entry) {
    const { encrypted, uncompressedSize, compressedSize, compressionMethod } = entry;
    const name = nameOf(entry);
    if (isUnsafe(name)) throw unsafe(name);
    if (encrypted) throw locked();
    if (entry.directory || name.endsWith('/')) return;
    if (this.#entries.has(name)) throw damaged(`two files are called “${shown(name)}”`);
    if (compressionMethod === STORED && compressedSize !== uncompressedSize) throw forgedSize(name);
    this.#entries.set(name, entry);
    this.#totalBytes += uncompressedSize;
    if (this.#totalBytes > LIMITS.totalBytes) throw tooLarge(`more than ${inMegabytes(LIMITS.totalBytes)} are in it`);
    if (this.#entries.size > LIMITS.entries) throw tooLarge(`more than ${LIMITS.entries.toLocaleString()} files are in it`);
  }
}

/**
 * An entry's name, as all programs should write it. PowerShell 5 parts folders by `\\`, Finder takes accents off their
 * letters, and many write UTF-8 without the flag that says so.
 * @param {Entry} entry
 */
function nameOf({ filename, filenameUTF8, rawFilename, extraFieldUnicodePath }) {
  const isDecoded = filenameUTF8 || extraFieldUnicodePath;
  const name = isDecoded ? filename : (utf8(rawFilename) ?? filename);
  return name.replaceAll('\\', '/').normalize('NFC');
}

/** @param {Uint8Array} bytes */
function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Whether the name leads out of the folder that it is unpacked into, on any system.
 * @param {string} name
 */
function isUnsafe(name) {
  return /^\/|^[a-z]:|\0/i.test(name) || name.split('/').includes('..');
}

/**
 * @param {unknown} thrown
 * @param {Blob} file
 */
async function openingError(thrown, file) {
  const message = thrown instanceof Error ? thrown.message : '';
  if (message === ERR_ENCRYPTED_CENTRAL_DIRECTORY) return locked();
  if (message !== ERR_BAD_FORMAT && message !== ERR_EOCDR_NOT_FOUND) return readingError(thrown, 'its list of contents');
  if ((await file.slice(0, ZIP_START.length).text()) !== ZIP_START) return notAProject();
  return truncated();
}

/**
 * @param {unknown} thrown
 * @param {string} what
 */
function readingError(thrown, what) {
  if (thrown instanceof ProjectError) return thrown;
  if (thrown instanceof DOMException) return unreadable();
  return damaged(`${what} is not as it was written (${thrown instanceof Error ? thrown.message : thrown})`);
}

/** Whether one entry, and not the archive around it, cannot be had. @param {unknown} thrown @returns {thrown is ProjectError} */
export function isOfOneEntry(thrown) {
  // Of an archive that was moved away nothing can be read.
  return thrown instanceof ProjectError && thrown.code !== 'project.unreadable';
}

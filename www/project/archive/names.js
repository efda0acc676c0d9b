/** Names of files and folders that every system takes. */

/** Many file systems allow 255 bytes; a letter may take four, and a number and an extension are added. */
const MAX_CHARACTERS = 56;
/** Windows keeps these for devices, with any extension. */
const RESERVED = /^(con|prn|aux|nul|(com|lpt)[\d¹²³])(\.|$)/iu;

/**
 * The letters and digits of all scripts and a few harmless marks; everything else becomes `_`.
 * @param {string} text
 * @param {string} fallback where nothing is left
 */
export function safeName(text, fallback) {
  const characters = [...text.normalize('NFC').replace(/[^\p{L}\p{M}\p{N} ._()-]+/gu, '_')].slice(0, MAX_CHARACTERS);
  // Windows drops a dot or space at the end; a dot at the start hides the file, and a hyphen looks like an option.
  const name = characters.join('').replace(/^[\s.-]+|[\s.]+$/gu, '');
  if (!/[\p{L}\p{N}]/u.test(name)) return fallback;
  return RESERVED.test(name) ? `_${name}` : name;
}

/**
 * A file's name in two parts; without an extension, that of the format.
 * @param {string} name
 * @param {string} format such as `JPEG`
 */
export function safeFileName(name, format) {
  const [, stem, extension] = /^(.*)(\.[a-z0-9]{1,8})$/isu.exec(name) ?? [null, name, `.${format.toLowerCase()}`];
  return {
    stem: safeName(stem, 'tile'),
    extension: /^\.[a-z0-9]{1,8}$/i.test(extension) ? extension : '',
  };
}

/** The names in one folder: no two are equal, also where capitals do not count. */
export class Folder {
  /** How often each name was asked for, without regard to capitals. @type {Map<string, number>} */
  #taken = new Map();

  /**
   * The name, with a number if it is taken.
   * @param {string} stem
   * @param {string} [extension]
   */
  take(stem, extension = '') {
    const wanted = key(stem + extension);
    let times = this.#taken.get(wanted) ?? 0;
    let name = stem + extension;
    while (this.#taken.has(key(name))) {
      times += 1;
      name = `${stem}-${times + 1}${extension}`;
    }
    this.#taken.set(wanted, times);
    if (key(name) !== wanted) this.#taken.set(key(name), 0);
    return name;
  }
}

/** @param {string} name */
function key(name) {
  return name.normalize('NFKC').toUpperCase();
}

/** Why an archive is not opened, in words for whoever chose it. */

import { ProjectError } from '../failures.js';

const AGAIN = 'Copy or download it again, or export the project once more.';
const SHOWN_CHARACTERS = 100;

/** It is no zip file, or one of something else. */
export function notAProject() {
  return new ProjectError('project.not_a_project', 'This file is no Tilelens project and no archive of images: choose a zip file that Tilelens exported, or one with images in it.');
}

export function truncated() {
  return new ProjectError('project.truncated', `The archive is not complete: its end is missing. ${AGAIN}`);
}

/**
 * It is not as it was written.
 * @param {string} what
 */
export function damaged(what) {
  return new ProjectError('project.damaged', `The archive is damaged: ${what}. ${AGAIN}`);
}

export function unreadable() {
  return new ProjectError('project.unreadable', 'The archive can no longer be read: it was moved, changed or deleted. Choose it again.');
}

/**
 * @param {number} version
 * @param {number} knownVersion
 */
export function tooNew(version, knownVersion) {
  return new ProjectError(
    'project.version',
    `This project was made by a newer Tilelens (version ${version} of the format, and this page reads up to ${knownVersion}). ` +
      'Reload the page to get the newest Tilelens, then open the project.',
  );
}

/** @param {string} name */
export function unsafe(name) {
  return new ProjectError(
    'project.unsafe',
    `The archive is not opened: “${shown(name)}” in it would lie outside of its own folder, and Tilelens writes no such names. Open only archives whose origin you know.`,
  );
}

/** @param {string} what */
export function tooLarge(what) {
  return new ProjectError('project.too_large', `The archive is too large for a project: ${what}.`);
}

/** @param {string} name */
export function forgedSize(name) {
  return new ProjectError(
    'project.too_large',
    `The archive is not opened: “${shown(name)}” has another size than it declares, as in archives that are made to fill the memory. Open only archives whose origin you know.`,
  );
}

export function locked() {
  return new ProjectError(
    'project.encrypted',
    'The archive is locked with a password: unpack it, make a zip file of its contents without a password, and open that.',
  );
}

/**
 * A name of the archive, short enough for a sentence.
 * @param {string} name
 */
export function shown(name) {
  const characters = [...name];
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join('')}…` : name;
}

/** @param {number} bytes */
export function inMegabytes(bytes) {
  return `${Math.ceil(bytes / 1e6).toLocaleString()} MB`;
}

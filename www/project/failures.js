/** What can go wrong with keeping a project, as errors with a code. */

export class ProjectError extends Error {
  /**
   * @param {string} code
   * @param {string} message a sentence for people: what is wrong and what to do
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * The browser let the page open no storage.
 * @param {unknown} thrown
 */
export function openingError(thrown) {
  if (thrown instanceof ProjectError || nameOf(thrown) === 'QuotaExceededError') return storageError(thrown);
  if (nameOf(thrown) === 'VersionError') {
    return new ProjectError('storage.refused', 'The saved projects belong to a newer Tilelens than this page: reload the page.');
  }
  return new ProjectError(
    'storage.refused',
    'The browser does not let this page save anything, as in some private windows or where site data is blocked ' +
      `(${messageOf(thrown)}). Allow site data for this page and load it again, or export the project as a file before you leave.`,
  );
}

/**
 * Reading or writing failed.
 * @param {unknown} thrown
 */
export function storageError(thrown) {
  if (thrown instanceof ProjectError) return thrown;
  if (nameOf(thrown) === 'QuotaExceededError') {
    return new ProjectError(
      'storage.full',
      'The browser has no room left for this page. The last change is not saved; what was saved before is still there. ' +
        'Export the project as a file, then remove tiles or projects that you no longer need, or free space on the disk.',
    );
  }
  return new ProjectError(
    'storage.failed',
    `The browser's storage failed (${messageOf(thrown)}). Export the project as a file to keep your work, then reload the page.`,
  );
}

/** @param {unknown} thrown */
function nameOf(thrown) {
  return thrown instanceof Error || thrown instanceof DOMException ? thrown.name : '';
}

/** @param {unknown} thrown */
function messageOf(thrown) {
  return (thrown instanceof Error && thrown.message) || nameOf(thrown) || String(thrown);
}

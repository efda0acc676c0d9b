/** A project as one zip file that other tools can read too: `archive/layout.js` says what is where. */

export { exportArchive } from './archive/export.js';
export { importArchive } from './archive/import.js';
export { isOfOneEntry } from './archive/unzip.js';
export { packedFiles } from './archive/packed-files.js';
export { omissions, without } from './archive/omissions.js';

/** What the site offers: a backbone that is fetched once, heads on it, and whole models beside them. As types, and how they are asked for. */

/** @typedef {import('../engine/index.js').ModelSource} ModelSource */
/** @typedef {import('../engine/index.js').RemoteFile} RemoteFile */

/**
 * @typedef {object} About What is told of a model before it is loaded.
 * @property {string} id
 * @property {string} name
 * @property {string} purpose what it is for, in a line
 * @property {[number, number] | null} groundResolutionM the ground resolutions that it was made for, in metres a pixel
 * @property {string} data what it was trained on, in a line
 * @property {string} description
 */
/** @typedef {RemoteFile & About} ModelEntry A model as the build lists it. */
/** @typedef {{ backbone: ModelEntry, heads: ModelEntry[], whole: ModelEntry[] }} ModelList What the build lists. */

/** @typedef {About & { source: ModelSource, bytes: number }} SiteModel One that can be chosen; `bytes` are those that it adds to the backbone. */
/** @typedef {{ backbone: RemoteFile, models: SiteModel[] }} SiteModels */

/** The choice of no classes but the user's. */
export const OWN_CLASSES = 'own-classes';

/**
 * @param {ModelList} list
 * @returns {SiteModels}
 */
export function siteModels({ backbone, heads, whole }) {
  const ownClasses = {
    ...backbone,
    id: OWN_CLASSES,
    name: 'My own classes only',
    purpose: 'No classes to begin with: label some tiles of each class of yours, then train.',
    source: /** @type {ModelSource} */ ({ kind: 'site', backbone, head: null }),
    bytes: 0,
  };
  return {
    backbone,
    models: [
      ...heads.map((head) => ({ ...head, source: /** @type {ModelSource} */ ({ kind: 'site', backbone, head }) })),
      ownClasses,
      ...whole.map((model) => ({ ...model, source: /** @type {ModelSource} */ ({ kind: 'whole', model }) })),
    ],
  };
}

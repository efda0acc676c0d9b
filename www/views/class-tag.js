/** A class as it is named in tables: its colour beside its name. */

import { element } from './dom.js';

/** @typedef {import('../labels/labelling.js').TileClass} TileClass */

/**
 * @param {TileClass | null} known
 * @param {string} name
 */
export function classTag(known, name) {
  const tag = element('span', { className: 'class-tag', dir: 'auto' }, name);
  if (known) tag.style.setProperty('--class-colour', known.colour);
  return tag;
}

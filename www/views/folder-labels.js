/** Labels by folders. The rule is the engine's; where it leaves a choice, the user is asked before anything is labelled. */

import { LabelError } from '../labels/labelling.js';
import { labelByFolder } from '../labels/suggestions.js';
import { isolated } from './dom.js';
import { notify, orNotify } from './notices.js';

/** @typedef {import('../engine/index.js').ClassFrom} ClassFrom */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../engine/index.js').TreeReading} TreeReading */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {{ session: Session, labelling: Labelling }} Page */
/** @typedef {{ classFrom: ClassFrom, classes: string[] }} Way */

/** How many names a sentence lists. */
const NAMES = 5;

/**
 * @param {Session} session
 * @param {string[]} paths
 * @param {ClassFrom} [classFrom]
 */
export function readTree(session, paths, classFrom = 'first') {
  return session.ask('readTree', { paths, classFrom });
}

/** How folders can name classes: in one way or in two; in none where nothing came in a folder. @param {TreeReading} reading @returns {Way[]} */
export function waysOf({ classes, readings }) {
  if (classes.length === 0) return [];
  if (!readings) return [{ classFrom: 'first', classes }];
  return [
    { classFrom: 'first', classes: readings.first },
    { classFrom: 'last', classes: readings.last },
  ];
}

/** What each way comes to. @param {Way[]} ways */
export function waysSentence(ways) {
  if (ways.length === 1) return `${countedClasses(ways[0])} by folder: ${listed(ways[0].classes)}.`;
  const [first, last] = ways;
  return `${countedClasses(first)} by the first folder: ${listed(first.classes)}; by the last: ${last.classes.length}: ${listed(last.classes)}.`;
}

/**
 * Labels tiles at once where there is one way, and asks where there are two.
 * @param {Page} page
 * @param {Tile[]} tiles
 */
export async function labelOrAsk(page, tiles) {
  const ways = waysOf(await readTree(page.session, tiles.map(({ path }) => path)));
  if (ways.length === 1) return labelTiles(page, tiles, ways[0].classFrom);
  if (ways.length === 0) return;
  const remedies = ways.map(({ classFrom }) => ({ label: `Label by the ${classFrom} folder`, act: () => void labelTiles(page, tiles, classFrom) }));
  notify(`${waysSentence(ways)} Which folder names the class?`, remedies, 'news');
}

/**
 * @param {Page} page
 * @param {Tile[]} tiles
 * @param {ClassFrom} classFrom
 */
export async function labelTiles({ session, labelling }, tiles, classFrom) {
  const reading = await readTree(session, tiles.map(({ path }) => path), classFrom);
  orNotify(LabelError, () => labelByFolder(labelling, tiles, reading));
  if (reading.notes.length > 0) notify(reading.notes.map(isolated).join(' '), [], 'news');
}

/** @param {Way} way */
function countedClasses({ classes }) {
  return classes.length === 1 ? '1 class' : `${classes.length.toLocaleString()} classes`;
}

/** @param {string[]} names */
function listed(names) {
  const shown = names.slice(0, NAMES).map(isolated).join(', ');
  return names.length > NAMES ? `${shown} and ${(names.length - NAMES).toLocaleString()} more` : shown;
}

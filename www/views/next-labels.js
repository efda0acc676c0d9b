/** What to label next, what looks like a tile, and what is unlike all that is labelled. */

import { byId, counted, isolated } from './dom.js';
import { notify } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../tiles/features.js').Features} Features */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** As many as are worth a look; the rest is less and less alike. */
const MOST_SIMILAR = 50;

/**
 * @param {{ session: Session, tiles: TileList, features: Features, spotlight: Spotlight }} page
 */
export function setUpNextLabels({ session, tiles, features, spotlight }) {
  /** The ids of those tiles whose features are known. @param {Tile[]} wanted */
  const known = (wanted) => wanted.filter((tile) => features.knows(tile)).map(({ id }) => id);

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    try {
      await work();
    } catch (thrown) {
      notify(`The tiles could not be compared: ${thrownSentence(thrown)}`);
    }
  }

  /** @param {string} title @param {string[]} tileIds */
  function show(title, tileIds) {
    spotlight.show(title, tileIds);
    byId('results', HTMLElement).scrollIntoView({ block: 'start' });
  }

  const isLabelled = (/** @type {Tile} */ { classId }) => classId !== null;
  const labelled = () => known(tiles.all.filter(isLabelled));

  async function showNext() {
    const tileIds = known(tiles.all.filter((tile) => !isLabelled(tile) && tile.state === 'done'));
    if (tileIds.length === 0) {
      notify('Every tile that can be read is labelled. Add more tiles.');
      return;
    }
    const order = await session.ask('orderToLabel', { tileIds, labelled: labelled() });
    show(`What to label next: ${counted(order.length, 'tile')}, the most informative first`, order);
  }

  async function showUnfamiliar() {
    const tileIds = known(tiles.all.filter((tile) => !isLabelled(tile)));
    const found = await session.ask('unfamiliar', { tileIds, labelled: labelled() });
    if (found.length === 0) notify('No tile is unlike what you have labelled, or fewer than eight tiles are labelled.');
    else show(`${counted(found.length, 'tile')} unlike anything you have labelled: do not trust their predicted class`, found);
  }

  /** @param {Tile} tile */
  async function showSimilar(tile) {
    const tileIds = known(tiles.all);
    if (!tileIds.includes(tile.id)) {
      notify(`${isolated(tile.name)} has not been classified yet: wait a moment, then try again.`);
      return;
    }
    const order = await session.ask('similar', { tileId: tile.id, tileIds, most: MOST_SIMILAR });
    show(`Most like ${isolated(tile.name)}`, [tile.id, ...order]);
  }

  byId('label-next', HTMLButtonElement).addEventListener('click', () => attempt(showNext));
  byId('show-unfamiliar', HTMLButtonElement).addEventListener('click', () => attempt(showUnfamiliar));
  return { findSimilar: (/** @type {Tile} */ tile) => attempt(() => showSimilar(tile)) };
}

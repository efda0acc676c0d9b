/** What to label next, what looks like a tile, and what is unlike all that is labelled. */

import { asEngineError } from '../engine/connection.js';
import { hasFeatures, joined, rowOf } from '../tiles/features.js';
import { byId, counted, isolated } from './dom.js';
import { notify } from './notices.js';

/** @typedef {import('../engine/session.js').Session} Session */
/** @typedef {import('../messages.js').NeighboursPayload} NeighboursPayload */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** As many as are worth a look; the rest is less and less alike. */
const MOST_SIMILAR = 50;

/**
 * @param {{ session: Session, tiles: TileList, spotlight: Spotlight }} page
 */
export function setUpNextLabels({ session, tiles, spotlight }) {
  const backbone = () => session.status.loaded?.info.backbone ?? '';

  /** Tiles whose features this backbone has computed, and those features in a row. @param {Tile[]} wanted */
  function gathered(wanted) {
    const known = wanted.filter((tile) => hasFeatures(tile, backbone()));
    return { known, features: joined(known.map((tile) => rowOf(tile))) };
  }

  /** @param {NeighboursPayload} payload @returns {Promise<number[]>} */
  const ask = async (payload) => Array.from(/** @type {Uint32Array} */ (await session.ask({ kind: 'neighbours', payload })));

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    try {
      await work();
    } catch (thrown) {
      notify(`The tiles could not be compared: ${asEngineError(thrown).message}`);
    }
  }

  /** @param {string} title @param {Tile[]} shown */
  function show(title, shown) {
    spotlight.show(
      title,
      shown.map(({ id }) => id),
    );
    byId('results', HTMLElement).scrollIntoView({ block: 'start' });
  }

  const isLabelled = (/** @type {Tile} */ { classId }) => classId !== null;

  async function showNext() {
    const candidates = tiles.all.filter((tile) => !isLabelled(tile) && tile.state === 'done');
    const { known, features } = gathered(candidates);
    if (known.length === 0) {
      notify('Every tile that can be read is labelled: add tiles to go on.');
      return;
    }
    const classCount = known[0].answer?.probabilities.length ?? 0;
    const probabilities = joined(known.map(({ answer }) => answer?.probabilities ?? []));
    const labelled = gathered(tiles.all.filter(isLabelled)).features;
    const order = await ask({ what: 'order', features, probabilities, classCount, labelled });
    show(
      `What to label next: ${counted(known.length, 'tile')}, the most telling first`,
      order.map((index) => known[index]),
    );
  }

  async function showUnfamiliar() {
    const { known, features } = gathered(tiles.all.filter((tile) => !isLabelled(tile)));
    const labelled = gathered(tiles.all.filter(isLabelled)).features;
    const flags = await ask({ what: 'unfamiliar', features, labelled });
    const found = known.filter((_, index) => flags[index] === 1);
    if (found.length === 0) notify('No tile is unlike what you have labelled, or fewer than eight tiles are labelled.');
    else show(`${counted(found.length, 'tile')} unlike anything labelled: do not trust the class given`, found);
  }

  /** @param {Tile} tile */
  async function showSimilar(tile) {
    const { known, features } = gathered(tiles.all);
    const query = known.indexOf(tile);
    if (query < 0) {
      notify(`${isolated(tile.name)} has not been classified yet: wait a moment, then try again.`);
      return;
    }
    const order = await ask({ what: 'similar', features, query });
    show(`Most like ${isolated(tile.name)}`, [tile, ...order.slice(0, MOST_SIMILAR).map((index) => known[index])]);
  }

  byId('label-next', HTMLButtonElement).addEventListener('click', () => attempt(showNext));
  byId('show-unfamiliar', HTMLButtonElement).addEventListener('click', () => attempt(showUnfamiliar));
  return { findSimilar: (/** @type {Tile} */ tile) => attempt(() => showSimilar(tile)) };
}

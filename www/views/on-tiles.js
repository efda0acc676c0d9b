/** When views of the tiles are drawn: at once after what the user did, a few times a second while answers stream in. */

import { isStreaming } from '../tiles/tile-list.js';

/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** As often as somebody can follow. What is drawn more often takes from the workers the time that they need. */
const INTERVAL_MS = 200;

/**
 * @param {TileList} tiles
 * @param {string[]} types of events
 * @param {() => void} draw
 */
export function onTiles(tiles, types, draw) {
  let drawnAtMs = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const now = () => {
    clearTimeout(timer);
    timer = undefined;
    drawnAtMs = performance.now();
    draw();
  };
  for (const type of types) {
    tiles.addEventListener(type, (event) => {
      const waitMs = isStreaming(event) ? drawnAtMs + INTERVAL_MS - performance.now() : 0;
      if (waitMs <= 0) now();
      else timer ||= setTimeout(now, waitMs);
    });
  }
}

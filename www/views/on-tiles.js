/** When views of the tiles and of class maps are drawn: at once after what the user did, a few times a second while answers stream in. */

import { isStreaming } from '../tiles/tile-list.js';

/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** As often as somebody can follow. What is drawn more often takes from the workers the time that they need. */
const INTERVAL_MS = 200;

/** They wait for the same moment: the browser lays out the page once for all of them. @type {Set<() => void>} */
const waiting = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let drawnAtMs = -Infinity;

function drawWaiting() {
  timer = undefined;
  drawnAtMs = performance.now();
  const draws = [...waiting];
  waiting.clear();
  for (const draw of draws) draw();
}

/** Draws at the next moment at which answers are drawn. @param {() => void} draw */
export function soon(draw) {
  waiting.add(draw);
  timer ??= setTimeout(drawWaiting, drawnAtMs + INTERVAL_MS - performance.now());
}

/**
 * @param {TileList} tiles
 * @param {string[]} types of events
 * @param {() => void} draw
 */
export function onTiles(tiles, types, draw) {
  for (const type of types) {
    tiles.addEventListener(type, (event) => {
      if (isStreaming(event)) {
        soon(draw);
      } else {
        waiting.delete(draw);
        draw();
      }
    });
  }
}

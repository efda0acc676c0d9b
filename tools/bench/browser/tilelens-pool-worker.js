/**
 * Tilelens's engine on all cores, as the page shares its tiles: workers of one engine each, and each takes the next tile
 * when it is done with one.
 */

import { Connection } from '../../../www/engine/index.js';
import { serveNetwork } from './engine-worker.js';

/** @typedef {import('./engine-worker.js').RunAnswer} RunAnswer */

/** @param {{ workers: number }} options */
async function load({ workers }) {
  const connections = Array.from({ length: workers }, () => new Connection('tilelens.js'));
  const request = (/** @type {Connection} */ connection, /** @type {string} */ kind, /** @type {object} */ payload) =>
    /** @type {any} */ (connection).request(kind, payload);
  await Promise.all(connections.map((connection) => request(connection, 'load', { device: 'cpu' })));
  return {
    prepare: (/** @type {Float32Array} */ images, /** @type {number} */ batch) =>
      Array.from({ length: batch }, (_, tile) => images.slice((tile * images.length) / batch, ((tile + 1) * images.length) / batch)),
    async run(/** @type {Float32Array[]} */ tiles) {
      const queue = tiles.entries();
      /** @type {Float32Array[]} */
      const rows = [];
      const work = async (/** @type {Connection} */ connection) => {
        for (const [tile, images] of queue) {
          /** @type {RunAnswer} */
          const { probabilities } = await request(connection, 'run', { images, batch: 1, repetitions: 1 });
          rows[tile] = probabilities;
        }
      };
      await Promise.all(connections.map(work));
      return Float32Array.from(rows.flatMap((row) => [...row]));
    },
  };
}

serveNetwork(load);

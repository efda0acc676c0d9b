/** tfjs as an engine of the inference bench, on one of its backends. */

import * as tf from '@tensorflow/tfjs';
import { fetchBytes, serveNetwork } from './engine-worker.js';
import { useBackend } from './tfjs-backend.js';
import { networkOf } from './tfjs-network.js';

/** @typedef {import('./tfjs-backend.js').Backend} Backend */

const SIDE = 224;

/**
 * Channels last, as tfjs wants it. A program written for tfjs would have its images so from the start.
 * @param {Float32Array} images `[batch, 3, height, width]`
 * @param {number} batch
 */
function channelsLast(images, batch) {
  const laidOut = new Float32Array(images.length);
  const pixels = SIDE * SIDE;
  for (let plane = 0; plane < batch * 3; plane += 1) {
    const start = Math.floor(plane / 3) * 3 * pixels + (plane % 3);
    for (let pixel = 0; pixel < pixels; pixel += 1) laidOut[start + pixel * 3] = images[plane * pixels + pixel];
  }
  return laidOut;
}

/** @param {{ backend: Backend }} options */
async function load({ backend }) {
  await useBackend(backend);
  const network = networkOf(await fetchBytes('network.safetensors'));
  return {
    prepare: channelsLast,
    async run(/** @type {Float32Array} */ images, /** @type {number} */ batch) {
      const answer = tf.tidy(() => network(tf.tensor4d(images, [batch, SIDE, SIDE, 3])));
      const probabilities = /** @type {Float32Array} */ (await answer.data());
      answer.dispose();
      return probabilities;
    },
  };
}

serveNetwork(load);

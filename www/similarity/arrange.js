/**
 * Rows of features as points in a plane, where like lies by like: at once along the two axes in which they differ most, then
 * by UMAP. The same rows give the same picture, in whatever order they come.
 */

import { UMAP } from 'umap-js';
import { nearest } from './neighbours.js';
import { alongPrincipalAxes } from './principal-axes.js';
import { seededRandom } from './random.js';

/** 87 % of the variance of 10,000 Sentinel-2 tiles, and a tenth of the work of 576. */
const AXES = 50;
/** UMAP moves so many; the others come to lie between those that are most like them. Its own time grows with each: see docs/performance.md. */
const MOST_MOVED = 2000;
const NEIGHBOURS = 15;
const EPOCHS = 200;
/** Between so many of the moved ones lies another one. */
const BETWEEN = 3;
/** Of fewer there is no neighbourhood to keep. */
const FEWEST = 12;
const SEED = 42;

/**
 * @param {Float32Array} given `count × width`
 * @param {number} width
 * @param {{ onAxes?: (positions: Float32Array) => void, onProgress?: (share: number) => void }} [listeners] `onAxes` is given the first picture
 * @returns {Float32Array} `count × 2`, from -1 to 1, x to the right and y up
 */
export function arrange(given, width, { onAxes = () => undefined, onProgress = () => undefined } = {}) {
  const count = given.length / width;
  const order = contentOrder(given, width);
  const inGivenOrder = (/** @type {Float32Array} */ positions) => {
    const placed = new Float32Array(count * 2);
    for (const [place, row] of order.entries()) placed.set(positions.subarray(place * 2, place * 2 + 2), row * 2);
    return placed;
  };
  const { axes, values } = alongPrincipalAxes(rowsAt(given, width, order), width, AXES);
  const first = inGivenOrder(framed(Float32Array.from({ length: count * 2 }, (_, at) => (at % 2 < axes ? values[(at >> 1) * axes + (at % 2)] : 0))));
  if (count < FEWEST) return first;
  onAxes(first);
  return inGivenOrder(framed(neighbourly(values, axes, onProgress)));
}

/** Rows by their numbers, so that the order of adding has no say. @param {Float32Array} rows @param {number} width */
function contentOrder(rows, width) {
  return Array.from({ length: rows.length / width }, (_, row) => row).sort((a, b) => {
    for (let column = 0; column < width; column += 1) {
      const difference = rows[a * width + column] - rows[b * width + column];
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/** @param {Float32Array} rows @param {number} width @param {number[]} wanted */
function rowsAt(rows, width, wanted) {
  const taken = new Float32Array(wanted.length * width);
  for (const [place, row] of wanted.entries()) taken.set(rows.subarray(row * width, (row + 1) * width), place * width);
  return taken;
}

/** @param {Float32Array} values `count × axes` @param {number} axes @param {(share: number) => void} onProgress */
function neighbourly(values, axes, onProgress) {
  const count = values.length / axes;
  const moved = Math.min(count, MOST_MOVED);
  const rows = rowsAt(values, axes, Array.from({ length: moved }, (_, place) => Math.floor((place * count) / moved)));
  const points = umap(rows, axes, (share) => onProgress(share * (moved < count ? 0.75 : 1)));
  if (moved === count) return Float32Array.from(points.flat());
  const { indices, distances } = nearest(values, rows, axes, BETWEEN);
  const positions = new Float32Array(count * 2);
  for (let point = 0; point < count; point += 1) {
    let weights = 0;
    for (let near = point * BETWEEN; near < (point + 1) * BETWEEN; near += 1) {
      const weight = 1 / (distances[near] + 1e-6);
      weights += weight;
      for (const axis of [0, 1]) positions[point * 2 + axis] += weight * points[indices[near]][axis];
    }
    for (const axis of [0, 1]) positions[point * 2 + axis] /= weights;
  }
  return positions;
}

/** @param {Float32Array} rows @param {number} axes @param {(share: number) => void} onProgress */
function umap(rows, axes, onProgress) {
  const count = rows.length / axes;
  const nNeighbors = Math.min(NEIGHBOURS, count - 1);
  const { indices, distances } = nearest(rows, rows, axes, nNeighbors);
  const asLists = (/** @type {Int32Array | Float32Array} */ all) => Array.from({ length: count }, (_, row) => [...all.subarray(row * nNeighbors, (row + 1) * nNeighbors)]);
  const layout = new UMAP({ nNeighbors, nEpochs: EPOCHS, random: seededRandom(SEED) });
  layout.setPrecomputedKNN(asLists(indices), asLists(distances));
  const epochs = layout.initializeFit(Array.from({ length: count }, (_, row) => [...rows.subarray(row * axes, (row + 1) * axes)]));
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    layout.step();
    if (epoch % 5 === 0) onProgress(epoch / epochs);
  }
  return layout.getEmbedding();
}

/** Moved and scaled into the square from -1 to 1, by one scale for both axes. @param {Float32Array} positions */
function framed(positions) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (let at = 0; at < positions.length; at += 1) {
    low[at % 2] = Math.min(low[at % 2], positions[at]);
    high[at % 2] = Math.max(high[at % 2], positions[at]);
  }
  const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2 || 1;
  return positions.map((value, at) => (value - (low[at % 2] + high[at % 2]) / 2) / half);
}

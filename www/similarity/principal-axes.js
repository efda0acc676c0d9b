/**
 * The directions in which rows of numbers differ most (principal component analysis), and the rows along them. Libraries
 * decompose all 576 × 576 numbers; here the first axes are wanted, and a library decomposes the few that hold them.
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { seededRandom } from './random.js';

/** Of more rows, as many spread evenly over all say what the axes are: a covariance of each row with itself costs width². */
const MOST_SAMPLED = 1500;
/** Turns of subspace iteration; what is still mixed in the subspace is parted exactly (Rayleigh and Ritz). */
const TURNS = 6;

/**
 * @param {Float32Array} rows `count × width`
 * @param {number} width
 * @param {number} wanted how many axes; fewer where there are fewer rows or numbers
 * @returns {{ axes: number, values: Float32Array }} `count × axes`, the row's mean taken away; the axis of the largest variance first
 */
export function alongPrincipalAxes(rows, width, wanted) {
  const count = rows.length / width;
  const axes = Math.max(1, Math.min(wanted, width, count));
  const mean = meanOf(rows, width);
  const basis = principalAxes(covariance(rows, width, mean), width, axes);
  const values = new Float32Array(count * axes);
  const centred = new Float64Array(width);
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < width; column += 1) centred[column] = rows[row * width + column] - mean[column];
    for (let axis = 0; axis < axes; axis += 1) values[row * axes + axis] = dot(centred, 0, basis, axis * width, width);
  }
  return { axes, values };
}

/** @param {Float32Array} rows @param {number} width */
function meanOf(rows, width) {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  for (let start = 0; start < rows.length; start += width) {
    for (let column = 0; column < width; column += 1) mean[column] += rows[start + column];
  }
  return mean.map((sum) => sum / Math.max(1, count));
}

/**
 * `width × width`, of a sample of the rows.
 * @param {Float32Array} rows
 * @param {number} width
 * @param {Float64Array} mean
 */
function covariance(rows, width, mean) {
  const count = rows.length / width;
  const sampled = Math.min(count, MOST_SAMPLED);
  const sums = new Float64Array(width * width);
  const centred = new Float64Array(width);
  for (let turn = 0; turn < sampled; turn += 1) {
    const start = Math.floor((turn * count) / sampled) * width;
    for (let column = 0; column < width; column += 1) centred[column] = rows[start + column] - mean[column];
    for (let a = 0; a < width; a += 1) {
      const value = centred[a];
      for (let b = a, at = a * width + a; b < width; b += 1, at += 1) sums[at] += value * centred[b];
    }
  }
  for (let a = 0; a < width; a += 1) {
    for (let b = a; b < width; b += 1) {
      sums[a * width + b] /= Math.max(1, sampled - 1);
      sums[b * width + a] = sums[a * width + b];
    }
  }
  return sums;
}

/**
 * The eigenvectors of the largest eigenvalues, in order, one after the other in one array.
 * @param {Float64Array} matrix symmetric, `width × width`
 * @param {number} width
 * @param {number} axes
 */
function principalAxes(matrix, width, axes) {
  // A few more than are wanted: the last ones settle the slowest.
  const held = Math.min(width, axes + 8);
  let basis = startingBasis(held, width);
  for (let turn = 0; turn < TURNS; turn += 1) basis = orthonormal(multiplied(basis, matrix, width, held), width, held);
  const images = multiplied(basis, matrix, width, held);
  const small = Array.from({ length: held }, (_, a) => Array.from({ length: held }, (__, b) => dot(basis, a * width, images, b * width, width)));
  const { realEigenvalues: spread, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(small), { assumeSymmetric: true });
  const order = spread.map((_, axis) => axis).sort((a, b) => spread[b] - spread[a]);
  const first = new Float64Array(axes * width);
  for (let place = 0; place < axes; place += 1) {
    const axis = new Float64Array(width);
    for (const [part, share] of eigenvectorMatrix.getColumn(order[place]).entries()) {
      for (let column = 0; column < width; column += 1) axis[column] += share * basis[part * width + column];
    }
    // An axis has no direction of its own: the same tiles are to lie the same way round.
    const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    first.set(largest < 0 ? axis.map((value) => -value) : axis, place * width);
  }
  return first;
}

/** The same each time, and in no plane by chance. @param {number} held @param {number} width */
function startingBasis(held, width) {
  const random = seededRandom(1);
  return orthonormal(Float64Array.from({ length: held * width }, () => random() - 0.5), width, held);
}

/** Each vector times the matrix. @param {Float64Array} vectors @param {Float64Array} matrix @param {number} width @param {number} held */
function multiplied(vectors, matrix, width, held) {
  const products = new Float64Array(held * width);
  for (let vector = 0; vector < held; vector += 1) {
    for (let row = 0; row < width; row += 1) products[vector * width + row] = dot(matrix, row * width, vectors, vector * width, width);
  }
  return products;
}

/** Gram and Schmidt's, twice, as once leaves rounding behind. @param {Float64Array} vectors @param {number} width @param {number} held */
function orthonormal(vectors, width, held) {
  for (let vector = 0; vector < held; vector += 1) {
    const at = vector * width;
    for (let pass = 0; pass < 2; pass += 1) {
      for (let before = 0; before < vector; before += 1) {
        const share = dot(vectors, at, vectors, before * width, width);
        for (let column = 0; column < width; column += 1) vectors[at + column] -= share * vectors[before * width + column];
      }
    }
    const length = Math.sqrt(dot(vectors, at, vectors, at, width));
    for (let column = 0; column < width; column += 1) vectors[at + column] = length > 1e-12 ? vectors[at + column] / length : 0;
  }
  return vectors;
}

/** @param {Float64Array} a @param {number} fromA @param {Float64Array} b @param {number} fromB @param {number} length */
function dot(a, fromA, b, fromB, length) {
  // Four sums at once: one would wait for each addition before the next.
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < length; at += 4) {
    first += a[fromA + at] * b[fromB + at];
    second += a[fromA + at + 1] * b[fromB + at + 1];
    third += a[fromA + at + 2] * b[fromB + at + 2];
    fourth += a[fromA + at + 3] * b[fromB + at + 3];
  }
  for (; at < length; at += 1) first += a[fromA + at] * b[fromB + at];
  return first + second + third + fourth;
}

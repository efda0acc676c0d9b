/** Which rows of numbers are nearest to others, exactly: every pair is looked at, as far as it can still win. */

/** As many numbers are summed before it is asked whether the row is too far already: the first axes differ the most. */
const STEP = 8;

/**
 * @param {Float32Array} queries
 * @param {Float32Array} rows
 * @param {number} width of both
 * @param {number} wanted neighbours of each query; at most as many as there are rows
 * @returns {{ indices: Int32Array, distances: Float32Array }} `queries × wanted`, the nearest first; a query that is among the rows finds itself
 */
export function nearest(queries, rows, width, wanted) {
  const count = queries.length / width;
  const indices = new Int32Array(count * wanted);
  const distances = new Float32Array(count * wanted).fill(Infinity);
  for (let query = 0; query < count; query += 1) {
    const first = query * wanted;
    const last = first + wanted - 1;
    for (let row = 0, start = 0; start < rows.length; row += 1, start += width) {
      const square = squareBelow(queries, query * width, rows, start, width, distances[last]);
      if (square >= distances[last]) continue;
      let place = last;
      for (; place > first && distances[place - 1] > square; place -= 1) {
        distances[place] = distances[place - 1];
        indices[place] = indices[place - 1];
      }
      distances[place] = square;
      indices[place] = row;
    }
  }
  return { indices, distances: distances.map(Math.sqrt) };
}

/**
 * The square of the distance of two rows; of those that are farther than the limit, any number beyond it.
 * @param {Float32Array} a @param {number} fromA @param {Float32Array} b @param {number} fromB @param {number} width @param {number} limit
 */
function squareBelow(a, fromA, b, fromB, width, limit) {
  let sum = 0;
  for (let step = 0; step < width && sum < limit; step += STEP) {
    const end = Math.min(step + STEP, width);
    for (let at = step; at < end; at += 1) {
      const difference = a[fromA + at] - b[fromB + at];
      sum += difference * difference;
    }
  }
  return sum;
}

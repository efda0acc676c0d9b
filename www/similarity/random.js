/** Chance that is the same each time. */

/** From 0 to below 1; a linear congruential generator (Numerical Recipes). @param {number} seed */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

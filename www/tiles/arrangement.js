/** Which tiles are shown, and in what order. */

/** @typedef {import('./tile-list.js').Tile} Tile */
/** @typedef {'added' | 'name' | 'class' | 'confidence-descending' | 'confidence-ascending'} Order */
/** @typedef {{ kind: 'all' } | { kind: 'class', name: string } | { kind: 'error' }} ClassFilter */
/** @typedef {{ atLeast?: number, below?: number }} ConfidenceFilter */

const naturally = new Intl.Collator(undefined, { numeric: true }).compare;

/**
 * Tiles without an answer come last in every order but the one of adding and by name.
 * @param {Tile[]} tiles in the order of adding
 * @param {Order} order
 */
export function sorted(tiles, order) {
  const confidence = (/** @type {Tile} */ tile) => tile.verdict?.confidence ?? -1;
  const doubt = (/** @type {Tile} */ tile) => tile.verdict?.confidence ?? 2;
  switch (order) {
    case 'added':
      return tiles;
    case 'name':
      return tiles.toSorted((a, b) => naturally(a.name, b.name));
    case 'class':
      return tiles.toSorted(
        (a, b) =>
          Number(!a.verdict) - Number(!b.verdict) ||
          naturally(a.verdict?.className ?? '', b.verdict?.className ?? '') ||
          confidence(b) - confidence(a),
      );
    case 'confidence-descending':
      return tiles.toSorted((a, b) => confidence(b) - confidence(a));
    case 'confidence-ascending':
      return tiles.toSorted((a, b) => doubt(a) - doubt(b));
  }
}

/**
 * @param {Tile} tile
 * @param {ClassFilter} byClass
 * @param {ConfidenceFilter} byConfidence
 */
export function passes({ state, verdict }, byClass, { atLeast, below }) {
  if (byClass.kind === 'error' && state !== 'error') return false;
  if (byClass.kind === 'class' && verdict?.className !== byClass.name) return false;
  if (atLeast === undefined && below === undefined) return true;
  const confidence = verdict?.confidence;
  return confidence !== undefined && confidence >= (atLeast ?? 0) && confidence < (below ?? Infinity);
}

/**
 * How many tiles have each class, and how many an error; classes by name.
 * @param {Tile[]} tiles
 */
export function counts(tiles) {
  /** @type {Map<string, number>} */
  const byClass = new Map();
  for (const { verdict } of tiles) {
    if (verdict) byClass.set(verdict.className, (byClass.get(verdict.className) ?? 0) + 1);
  }
  return {
    classes: [...byClass].sort(([a], [b]) => naturally(a, b)),
    errors: tiles.filter(({ state }) => state === 'error').length,
  };
}

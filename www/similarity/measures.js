/**
 * What the pixels of a tile say without a model: how bright it is, how much there is in it, how sharp, and a hash that copies
 * of the same picture share. Thresholds were set on 2,800 aerial and 10,000 satellite tiles: docs/page.md has the figures.
 */

/** @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels RGBA. */
/** @typedef {{ brightness: number, contrast: number, sharpness: number, hash: Uint16Array, pattern: Float32Array }} Measures Brightness and contrast (the deviation) of 0 to 255; the hash has 64 bits; the pattern is of mean 0 and length 1. */
/** @typedef {'duplicates' | 'blurred' | 'dark' | 'empty'} Find */

/** Of larger tiles: what is not seen at this side is no fault of the tile. */
const MOST_SIDE_PX = 96;
/** The difference hash compares each of 8 × 8 means with its neighbour to the right. */
const HASH_SIDE = 8;
const HASH_WORDS = 4;

const EMPTY_BELOW_CONTRAST = 1;
const DARK_BELOW_BRIGHTNESS = 32;
const BLURRED_BELOW_SHARPNESS = 0.05;
/** Of 64 bits. Two hashes so near share at least one of four words, which is how they are found. */
const DUPLICATE_MOST_BITS = 3;
/** Where little is to be seen, hashes agree by chance: the patterns of copies correlate, too. */
const DUPLICATE_LEAST_CORRELATION = 0.97;
const PATTERN_SIDE = 24;
/** Beside the hash, copies are as bright and as rich in contrast, to so much of 255. */
const DUPLICATE_MOST_DIFFERENCE = 6;

/**
 * @param {Pixels} pixels of the thumbnail, square
 * @param {number} sidePx of the tile itself: a small one was enlarged, which makes nothing sharper
 * @returns {Measures}
 */
export function measure(pixels, sidePx) {
  const side = Math.max(HASH_SIDE + 1, Math.min(MOST_SIDE_PX, sidePx, pixels.width));
  const grey = greyMeans(pixels, side, side);
  const brightness = mean(grey);
  const variance = mean(grey.map((value) => (value - brightness) ** 2));
  return { brightness, contrast: Math.sqrt(variance), sharpness: laplacianVariance(grey, side) / Math.max(variance, 1), hash: differenceHash(pixels), pattern: patternOf(pixels) };
}

/** Means of luma (BT.601) over a grid of cells. @param {Pixels} pixels @param {number} columns @param {number} rows */
function greyMeans({ width, height, data }, columns, rows) {
  const means = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom] = [Math.floor((row * height) / rows), Math.max(Math.floor((row * height) / rows) + 1, Math.floor(((row + 1) * height) / rows))];
    for (let column = 0; column < columns; column += 1) {
      const [left, right] = [Math.floor((column * width) / columns), Math.max(Math.floor((column * width) / columns) + 1, Math.floor(((column + 1) * width) / columns))];
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let at = (y * width + left) * 4; at < (y * width + right) * 4; at += 4) sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
      }
      means[row * columns + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return means;
}

/** Of the sum of the four neighbours less four times the pixel. @param {Float32Array} grey @param {number} side */
function laplacianVariance(grey, side) {
  /** @type {number[]} */
  const edges = [];
  for (let y = 1; y < side - 1; y += 1) {
    for (let x = 1, at = y * side + 1; x < side - 1; x += 1, at += 1) edges.push(grey[at - 1] + grey[at + 1] + grey[at - side] + grey[at + side] - 4 * grey[at]);
  }
  const middle = mean(edges);
  return mean(edges.map((edge) => (edge - middle) ** 2));
}

/** @param {Pixels} pixels */
function differenceHash(pixels) {
  const grey = greyMeans(pixels, HASH_SIDE + 1, HASH_SIDE);
  const words = new Uint16Array(HASH_WORDS);
  for (let bit = 0; bit < HASH_SIDE * HASH_SIDE; bit += 1) {
    const at = Math.floor(bit / HASH_SIDE) * (HASH_SIDE + 1) + (bit % HASH_SIDE);
    if (grey[at] > grey[at + 1]) words[bit >> 4] |= 1 << (bit & 15);
  }
  return words;
}

/** @param {Pixels} pixels */
function patternOf(pixels) {
  const grey = greyMeans(pixels, PATTERN_SIDE, PATTERN_SIDE);
  const middle = mean(grey);
  const length = Math.hypot(...grey.map((value) => value - middle)) || 1;
  return grey.map((value) => (value - middle) / length);
}

/** @param {ArrayLike<number>} values */
function mean(values) {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at];
  return sum / Math.max(1, values.length);
}

/**
 * The tiles of a kind, by their places; of tiles that are copies of each other, all but the first.
 * @param {Find} find
 * @param {Measures[]} all
 * @returns {number[]}
 */
export function found(find, all) {
  if (find === 'duplicates') return duplicates(all);
  const isEmpty = (/** @type {Measures} */ { contrast }) => contrast < EMPTY_BELOW_CONTRAST;
  /** @type {Record<'blurred' | 'dark' | 'empty', (measures: Measures) => boolean>} */
  const tests = {
    empty: isEmpty,
    dark: (measures) => measures.brightness < DARK_BELOW_BRIGHTNESS,
    blurred: (measures) => !isEmpty(measures) && measures.sharpness < BLURRED_BELOW_SHARPNESS,
  };
  return [...all.keys()].filter((place) => tests[find](all[place]));
}

/** @param {Measures[]} all */
function duplicates(all) {
  /** Those before, by a word of their hash and its place. @type {Map<number, number[]>} */
  const before = new Map();
  return [...all.keys()].filter((place) => {
    const { hash, contrast } = all[place];
    // Where there is nothing to see, all look alike.
    if (contrast < EMPTY_BELOW_CONTRAST) return false;
    const keys = Array.from(hash, (word, index) => index * 65536 + word);
    const isCopy = keys.some((key) => before.get(key)?.some((other) => areCopies(all[place], all[other])));
    for (const key of keys) before.set(key, [...(before.get(key) ?? []), place]);
    return isCopy;
  });
}

/** @param {Measures} a @param {Measures} b */
function areCopies(a, b) {
  const correlation = a.pattern.reduce((sum, value, at) => sum + value * b.pattern[at], 0);
  const bits = a.hash.reduce((sum, word, index) => sum + bitCount(word ^ b.hash[index]), 0);
  const isAlike = bits <= DUPLICATE_MOST_BITS && correlation >= DUPLICATE_LEAST_CORRELATION;
  return isAlike && Math.abs(a.brightness - b.brightness) <= DUPLICATE_MOST_DIFFERENCE && Math.abs(a.contrast - b.contrast) <= DUPLICATE_MOST_DIFFERENCE;
}

/** @param {number} word */
function bitCount(word) {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

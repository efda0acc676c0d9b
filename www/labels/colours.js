/** Colours for classes: as different from each other as a published scheme can make them. */

import { interpolateSinebow, schemeTableau10 } from 'd3-scale-chromatic';
import { color } from 'd3-color';

/** A step of the golden ratio around the colour circle never comes near where it was soon before. */
const GOLDEN_RATIO = 0.618_033_988_75;

/**
 * A colour that is not taken.
 * @param {string[]} taken as `#rrggbb`
 */
export function colourOf(taken) {
  const free = schemeTableau10.find((colour) => !taken.includes(colour));
  return free ?? color(interpolateSinebow((taken.length * GOLDEN_RATIO) % 1))?.formatHex() ?? '#808080';
}

/**
 * Whether dark text stands out better than light text on it (WCAG's relative luminance).
 * @param {string} colour
 */
export function isLight(colour) {
  const { r, g, b } = color(colour)?.rgb() ?? { r: 0, g: 0, b: 0 };
  const linear = (/** @type {number} */ value) => ((value / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.179;
}

/** Colours for classes: as different from each other as a published scheme can make them. */

import { interpolateSinebow, schemeTableau10 } from 'd3-scale-chromatic';
import { color, rgb } from 'd3-color';

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

/** Its red, green and blue, from 0 to 255. @param {string} colour as `#rrggbb` @returns {[number, number, number]} */
export function rgbOf(colour) {
  const { r, g, b } = rgb(colour);
  return [r, g, b];
}

/** A bar of a round length. */

const MOST_PX = 140;

/**
 * The longest of 1, 2 and 5 × 10ⁿ metres that fits.
 * @param {number} metres of a pixel of the screen
 */
export function scaleOf(metres) {
  const most = metres * MOST_PX;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = ([5, 2, 1].find((times) => times * power <= most) ?? 1) * power;
  const text = length >= 1000 ? `${length / 1000} km` : `${Number(length.toPrecision(1))} m`;
  return { widthPx: Math.round(length / metres), text };
}

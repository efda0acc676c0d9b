/**
 * Which part of the plane is seen on the canvas, and what lies where on it. In the plane y runs up, from -1 to 1; on the
 * canvas y runs down, in CSS pixels.
 */

/** @typedef {import('./plane.js').Point} Point */
/** @typedef {[x: number, y: number]} Pixel */

/** Around the plane, when all of it is seen. */
const MARGIN = 1.08;
const MOST_ZOOM = 400;
/** More than any canvas is wide, at any zoom. */
const FAR_ASIDE = 1e9;

export class Sight {
  width = 1;
  height = 1;
  /** How much nearer than with the whole plane in sight. */
  zoom = 1;
  /** What is in the middle. @type {Point} */
  centre = [0, 0];

  /** Pixels to one of the plane. */
  get scale() {
    return (Math.min(this.width, this.height) / (2 * MARGIN)) * this.zoom;
  }

  /** @param {Point} point @returns {Pixel} */
  pixelOf([x, y]) {
    return [this.width / 2 + (x - this.centre[0]) * this.scale, this.height / 2 - (y - this.centre[1]) * this.scale];
  }

  /** @param {Pixel} pixel @returns {Point} */
  pointAt([x, y]) {
    return [this.centre[0] + (x - this.width / 2) / this.scale, this.centre[1] - (y - this.height / 2) / this.scale];
  }

  /** @param {number} right @param {number} down by so many pixels, as a hand moves paper */
  pan(right, down) {
    const bound = (/** @type {number} */ value) => Math.min(1, Math.max(-1, value));
    this.centre = [bound(this.centre[0] - right / this.scale), bound(this.centre[1] + down / this.scale)];
  }

  /** What is at that pixel stays there. @param {number} factor @param {Pixel} [at] the middle, unless said */
  zoomBy(factor, at = [this.width / 2, this.height / 2]) {
    const [x, y] = this.pointAt(at);
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const [nowX, nowY] = this.pointAt(at);
    this.centre = [this.centre[0] + x - nowX, this.centre[1] + y - nowY];
    this.pan(0, 0);
  }

  fit() {
    this.zoom = 1;
    this.centre = [0, 0];
  }

  /** @param {Point} point */
  sees(point) {
    const [x, y] = this.pixelOf(point);
    return x >= 0 && x <= this.width && y >= 0 && y <= this.height;
  }
}

/**
 * The place of the nearest pixel, of those that are near enough; -1 where none is.
 * @param {Pixel[]} pixels
 * @param {Pixel} at
 * @param {number} within
 */
export function nearestTo(pixels, [x, y], within) {
  let best = -1;
  let least = within ** 2;
  for (const [place, pixel] of pixels.entries()) {
    const square = (pixel[0] - x) ** 2 + (pixel[1] - y) ** 2;
    if (square > least) continue;
    best = place;
    least = square;
  }
  return best;
}

/**
 * The nearest point that lies that way: sidewards counts double. What lies more aside than ahead is taken only where nothing
 * else is there, so that no point is out of reach.
 * @param {Pixel[]} pixels
 * @param {Pixel} from
 * @param {Pixel} way of length one along an axis
 */
export function nextTowards(pixels, from, way) {
  let best = -1;
  let least = Infinity;
  for (const [place, [x, y]] of pixels.entries()) {
    const [right, down] = [x - from[0], y - from[1]];
    const ahead = right * way[0] + down * way[1];
    const aside = Math.abs(right * way[1]) + Math.abs(down * way[0]);
    const cost = ahead + 2 * aside + (aside > ahead ? FAR_ASIDE : 0);
    if (ahead <= 0 || cost >= least) continue;
    best = place;
    least = cost;
  }
  return best;
}

/** Whether a pixel is inside a line that is closed from its end to its start, by the even-odd rule. @param {Pixel[]} line @param {Pixel} pixel */
export function isInside(line, [x, y]) {
  let isIn = false;
  for (let at = 0, before = line.length - 1; at < line.length; before = at, at += 1) {
    const [[x1, y1], [x2, y2]] = [line[at], line[before]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isIn = !isIn;
  }
  return isIn;
}

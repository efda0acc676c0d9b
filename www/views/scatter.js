/** Draws tiles as points of a plane on a canvas: ten thousand in a few milliseconds, those seen from near with their pictures. */

/** @typedef {import('../similarity/plane.js').Point} Point */
/** @typedef {import('../similarity/sight.js').Pixel} Pixel */
/** @typedef {import('../similarity/sight.js').Sight} Sight */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {{ tile: Tile, point: Point, colour: string, isShown: boolean }} Dot */
/** @typedef {{ dots: Dot[], isSelected: (id: string) => boolean, activeId: string, lasso: Pixel[] }} Scene Dots of one colour stand together. */

/** With so few in sight each has its picture. */
const MOST_PICTURES = 160;
const PICTURE_PX = { least: 30, most: 96 };
/** Pictures that stay decoded: 96 × 96 × 4 bytes each. */
const MOST_KEPT = 500;
const MOST_DECODING = 8;
const FAINT = 0.25;

export class Scatter {
  #canvas;
  #context;
  #sight;
  /** Decoded, the one that was used last at the end; null while it is decoded. @type {Map<Blob, ImageBitmap | null>} */
  #pictures = new Map();
  #decoding = 0;
  #redraw;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Sight} sight
   * @param {() => void} redraw asks for {@link draw}: a picture has come
   */
  constructor(canvas, sight, redraw) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: true }));
    this.#sight = sight;
    this.#redraw = redraw;
  }

  /** @param {Scene} scene */
  draw({ dots, isSelected, activeId, lasso }) {
    const context = this.#context;
    const { width, height } = this.#fitted();
    context.clearRect(0, 0, width, height);
    const seen = this.#inSight(dots, width, height);
    const side = this.#pictureSide(seen.filter(({ dot }) => dot.isShown).length, width * height);
    const radius = Math.min(5, Math.max(2, 60 / Math.sqrt(seen.length + 1)));
    let colour = '';
    for (const { dot, x, y } of seen) {
      if (side > 0 && dot.isShown) continue;
      if (colour !== dot.colour) context.fillStyle = colour = dot.colour;
      context.globalAlpha = dot.isShown ? 1 : FAINT;
      context.fillRect(x - radius, y - radius, radius * 2, radius * 2);
    }
    context.globalAlpha = 1;
    if (side > 0) for (const { dot, x, y } of seen) if (dot.isShown) this.#drawPicture(dot, x, y, side);
    const half = side > 0 ? side / 2 : radius;
    // The text's colour, which is dark on light and light on dark.
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    context.lineWidth = 2;
    for (const { dot, x, y } of seen) if (isSelected(dot.tile.id)) context.strokeRect(x - half - 2, y - half - 2, half * 2 + 4, half * 2 + 4);
    const active = seen.find(({ dot }) => dot.tile.id === activeId);
    if (active) {
      context.lineWidth = 3;
      context.beginPath();
      context.arc(active.x, active.y, half * (side > 0 ? Math.SQRT2 : 1) + 6, 0, 2 * Math.PI);
      context.stroke();
    }
    this.#drawLasso(lasso);
  }

  /** The canvas, as large as it is shown, in the screen's pixels. */
  #fitted() {
    const { width, height } = this.#sight;
    const ratio = window.devicePixelRatio;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) Object.assign(this.#canvas, { width: wide, height: high });
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }

  /** @param {Dot[]} dots @param {number} width @param {number} height */
  #inSight(dots, width, height) {
    const seen = [];
    for (const dot of dots) {
      const [x, y] = this.#sight.pixelOf(dot.point);
      if (x > -PICTURE_PX.most && y > -PICTURE_PX.most && x < width + PICTURE_PX.most && y < height + PICTURE_PX.most) seen.push({ dot, x, y });
    }
    return seen;
  }

  /** Of so many in so large an area; 0 where they are too many for pictures. @param {number} count @param {number} area */
  #pictureSide(count, area) {
    if (count === 0 || count > MOST_PICTURES) return 0;
    return Math.min(PICTURE_PX.most, Math.max(PICTURE_PX.least, 0.4 * Math.sqrt(area / count)));
  }

  /** @param {Dot} dot @param {number} x @param {number} y @param {number} side */
  #drawPicture({ tile, colour }, x, y, side) {
    const context = this.#context;
    context.fillStyle = colour;
    context.fillRect(x - side / 2 - 3, y - side / 2 - 3, side + 6, side + 6);
    const picture = tile.thumbnail && this.#pictureOf(tile.thumbnail);
    if (picture) context.drawImage(picture, x - side / 2, y - side / 2, side, side);
  }

  /** @param {Blob} thumbnail @returns {ImageBitmap | null} null until it is decoded */
  #pictureOf(thumbnail) {
    const known = this.#pictures.get(thumbnail);
    if (known !== undefined) {
      this.#pictures.delete(thumbnail);
      this.#pictures.set(thumbnail, known);
      return known;
    }
    if (this.#decoding >= MOST_DECODING) return null;
    this.#decoding += 1;
    this.#pictures.set(thumbnail, null);
    createImageBitmap(thumbnail, { resizeWidth: PICTURE_PX.most, resizeHeight: PICTURE_PX.most })
      .then(
        (picture) => this.#pictures.set(thumbnail, picture),
        // Its colour stands for it.
        () => undefined,
      )
      .finally(() => {
        this.#decoding -= 1;
        this.#forgetOld();
        this.#redraw();
      });
    return null;
  }

  #forgetOld() {
    for (const [thumbnail, picture] of this.#pictures) {
      if (this.#pictures.size <= MOST_KEPT) return;
      this.#pictures.delete(thumbnail);
      picture?.close();
    }
  }

  /** @param {Pixel[]} line */
  #drawLasso(line) {
    if (line.length < 2) return;
    const context = this.#context;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    for (const [x, y] of line) context.lineTo(x, y);
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}

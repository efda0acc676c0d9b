/**
 * A scene to be moved and zoomed, in OpenLayers: it knows touch, wheel, keys and the tiles of a picture at many scales better
 * than a canvas of our own would. It is fetched when a scene is shown, and fetches nothing itself.
 *
 * The map's coordinates are pixels of the scene, x to the right and y upwards, so that its rows are negative.
 */

import OpenLayersMap from 'ol/Map.js';
import View from 'ol/View.js';
import { boundingExtent, getCenter } from 'ol/extent.js';
import DragPan from 'ol/interaction/DragPan.js';
import { defaults as usualInteractions } from 'ol/interaction/defaults.js';
import Layer from 'ol/layer/Layer.js';
import TileLayer from 'ol/layer/Tile.js';
import Projection from 'ol/proj/Projection.js';
import ImageTile from 'ol/source/ImageTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';

/** @typedef {import('../../engine/index.js').PixelWindow} PixelWindow */
/** @typedef {import('./outline.js').Point} Point */
/**
 * @typedef {object} Pen What draws over the scene.
 * @property {CanvasRenderingContext2D} context in pixels of the scene
 * @property {number} pixel how many of the scene's pixels one of the screen's is
 * @property {PixelWindow} sight what is seen of the scene
 */

const TILE_PX = 256;
/** A pixel of the scene can be made so many times as large. */
const MOST_ENLARGED = 16;

export class SceneMap {
  #map;
  #view;
  #overlay;
  #canvas = document.createElement('canvas');
  #picture;
  #grid;
  #projection;
  #extent;
  #dragPan = new DragPan();

  /**
   * @param {object} options
   * @param {HTMLElement} options.target
   * @param {[number, number]} options.sizePx
   * @param {(window: PixelWindow, widthPx: number, heightPx: number) => Promise<ImageBitmap>} options.picture of a part of the scene
   * @param {(pen: Pen) => void} options.draw what lies over it
   * @param {() => void} options.onMoved after the hand has let go
   */
  constructor({ target, sizePx: [width, height], picture, draw, onMoved }) {
    const extent = [0, -height, width, 0];
    this.#projection = new Projection({ code: 'scene', units: 'pixels', extent });
    const levels = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / TILE_PX)));
    const resolutions = Array.from({ length: levels + 1 }, (_, level) => 2 ** (levels - level));
    this.#grid = new TileGrid({ extent, origin: [0, 0], resolutions, tileSize: TILE_PX });
    this.#picture = new TileLayer({ preload: Infinity });
    this.#overlay = new Layer({ render: (frame) => (frame ? this.#drawOver(frame, draw) : this.#canvas) });
    this.#view = new View({
      projection: this.#projection,
      center: getCenter(extent),
      extent: boundingExtent([[-width / 2, -1.5 * height], [1.5 * width, height / 2]]),
      maxResolution: 2 * Math.max(width / Math.max(target.clientWidth, 1), height / Math.max(target.clientHeight, 1), 1 / MOST_ENLARGED),
      minResolution: 1 / MOST_ENLARGED,
      constrainOnlyCenter: true,
      showFullExtent: true,
    });
    this.#map = new OpenLayersMap({
      target,
      layers: [this.#picture, this.#overlay],
      view: this.#view,
      controls: [],
      // Who clicks cell after cell does not want to come nearer.
      interactions: usualInteractions({ doubleClickZoom: false, dragPan: false, altShiftDragRotate: false, pinchRotate: false, shiftDragZoom: false }).extend([this.#dragPan]),
    });
    this.#extent = extent;
    this.#picture.setSource(this.#pictureSource(picture));
    this.fit();
    this.#map.on('moveend', onMoved);
  }

  /** @param {(window: PixelWindow, widthPx: number, heightPx: number) => Promise<ImageBitmap>} picture */
  #pictureSource(picture) {
    const [, , width] = this.#extent;
    const height = -this.#extent[1];
    return new ImageTile({
      projection: this.#projection,
      tileGrid: this.#grid,
      interpolate: false,
      transition: 0,
      loader: async (level, column, row) => {
        const resolution = this.#grid.getResolution(level);
        const side = TILE_PX * resolution;
        const window = { x: column * side, y: row * side, width: Math.min(side, width - column * side), height: Math.min(side, height - row * side) };
        const canvas = new OffscreenCanvas(TILE_PX, TILE_PX);
        const [widthPx, heightPx] = [window.width, window.height].map((pixels) => Math.ceil(pixels / resolution));
        const part = await picture(window, widthPx, heightPx);
        canvas.getContext('2d')?.drawImage(part, 0, 0, window.width / resolution, window.height / resolution);
        part.close();
        return canvas.transferToImageBitmap();
      },
    });
  }

  /** All of it. */
  fit() {
    this.#view.fit(this.#extent, { size: this.#map.getSize(), padding: [16, 16, 48, 16] });
  }

  /** @param {number} radians clockwise */
  turn(radians) {
    this.#view.animate({ rotation: radians, duration: 200 });
  }

  /** @param {PixelWindow} window @param {boolean} isNear whether so near that it fills a third of the map */
  show({ x, y, width, height }, isNear = false) {
    this.#view.fit([x - width, -y - 2 * height, x + 2 * width, -y + height], { size: this.#map.getSize(), maxZoom: isNear ? undefined : this.#view.getZoom(), duration: 200 });
  }

  /** @param {number} factor */
  zoom(factor) {
    this.#view.animate({ resolution: this.#view.getConstrainedResolution((this.#view.getResolution() ?? 1) / factor), duration: 150 });
  }

  /** Whether dragging moves the map; or else it is somebody else's. @param {boolean} moves */
  setDragMoves(moves) {
    this.#dragPan.setActive(moves);
  }

  /** Lets the hand draw an outline. @param {import('./outline.js').Told} told */
  async drawOutline(told) {
    const { drawOutline } = await import('./outline.js');
    return drawOutline(this.#map, told);
  }

  /** Screen pixels are so many of the scene's. */
  get pixel() {
    return this.#view.getResolution() ?? 1;
  }

  /** @param {{ clientX: number, clientY: number }} event @returns {Point | null} */
  pointAt(event) {
    const coordinate = this.#map.getEventCoordinate(/** @type {MouseEvent} */ (event));
    return coordinate && [coordinate[0], -coordinate[1]];
  }

  /** What is seen of the scene. @returns {PixelWindow} */
  get sight() {
    const [left, lower, right, upper] = this.#view.calculateExtent(this.#map.getSize());
    return { x: left, y: -upper, width: right - left, height: upper - lower };
  }

  /** At once: whoever asks is about to paint. */
  redraw() {
    this.#overlay.changed();
    this.#map.renderSync();
  }

  resize() {
    this.#map.updateSize();
  }

  dispose() {
    this.#map.setTarget(undefined);
    this.#map.dispose();
  }

  /** @param {import('ol/Map.js').FrameState} frame @param {(pen: Pen) => void} draw */
  #drawOver(frame, draw) {
    const { size: [width, height], pixelRatio, coordinateToPixelTransform: [a, b, c, d, e, f] } = frame;
    const canvas = this.#canvas;
    const [widthPx, heightPx] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    if (canvas.width !== widthPx || canvas.height !== heightPx) Object.assign(canvas, { width: widthPx, height: heightPx });
    canvas.className = 'map-overlay';
    const context = canvas.getContext('2d');
    if (!context) return canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, widthPx, heightPx);
    // Rows run downwards in the scene, and upwards in the map.
    context.setTransform(pixelRatio * a, pixelRatio * b, -pixelRatio * c, -pixelRatio * d, pixelRatio * e, pixelRatio * f);
    draw({ context, pixel: this.pixel, sight: this.sight });
    // OpenLayers draws what lies above on the same canvas, and in pixels of its own.
    context.setTransform(1, 0, 0, 1, 0, 0);
    return canvas;
  }
}

/** An outline that a hand draws over a scene, in OpenLayers. It is fetched when somebody draws. */

import { never } from 'ol/events/condition.js';
import Polygon from 'ol/geom/Polygon.js';
import Draw from 'ol/interaction/Draw.js';

/** Column and row in pixels of the scene. @typedef {[number, number]} Point */
/** @typedef {{ onCorner: (corners: number) => void, onEnd: (corners: Point[]) => void }} Told How many corners there are, and at last which. */
/**
 * @typedef {object} Outline One that is being drawn.
 * @property {() => void} finish with the corners that it has
 * @property {() => void} addCorner in the middle of the map
 * @property {() => void} removeCorner the last one
 * @property {() => void} stop without it
 */

/**
 * A click makes a corner; a double click, or one on the first corner, ends the outline.
 * @param {import('ol/Map.js').default} map in pixels of the scene, its rows negative
 * @param {Told} told
 * @returns {Outline}
 */
export function drawOutline(map, { onCorner, onEnd }) {
  const draw = new Draw({ type: 'Polygon', freehandCondition: never });
  let corners = 0;
  const count = (/** @type {number} */ wanted) => {
    if (wanted === corners) return;
    corners = wanted;
    onCorner(corners);
  };
  const stop = () => void map.removeInteraction(draw);
  draw.on('drawstart', ({ feature }) => {
    const ring = feature.getGeometry();
    // The point that goes with the hand, and the first corner again, are in the ring, too.
    if (ring instanceof Polygon) ring.on('change', () => count(ring.getCoordinates()[0].length - 2));
    count(1);
  });
  draw.on('drawabort', () => count(0));
  draw.on('drawend', ({ feature }) => {
    const ring = feature.getGeometry();
    stop();
    if (ring instanceof Polygon) onEnd(ring.getCoordinates()[0].slice(0, -1).map(([x, y]) => [x, -y]));
  });
  map.addInteraction(draw);
  return {
    finish: () => void draw.finishDrawing(),
    addCorner: () => draw.appendCoordinates([map.getView().getCenter() ?? [0, 0]]),
    removeCorner: () => draw.removeLastPoint(),
    stop,
  };
}

/** The map: a scene with the classes of its cells over it, to look at and to label. */

import { cellsByWindow, isCell, overlap, windowAround } from '../scene/cells.js';
import { isStreaming, tilesOf } from '../tiles/tile-list.js';
import { beforePaint, byId, element, isTyping, isolated } from './dom.js';
import { classIndexOf, keyOf } from './label-keys.js';
import { drawArea, drawClasses, drawFrames, drawGrid, drawHatches, pictureOf } from './map/cell-drawing.js';
import { scaleOf } from './map/scale.js';
import { notify } from './notices.js';
import { soon } from './on-tiles.js';
import { thrownSentence } from './sentences.js';
import { verdictSentence } from './tile-card.js';

/** @typedef {import('../scene/cells.js').Cell} Cell */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./map/cell-drawing.js').Overlay} Overlay */
/** @typedef {import('./map/outline.js').Outline} Outline */
/** @typedef {import('./map/scene-map.js').Pen} Pen */
/** @typedef {import('./map/scene-map.js').Point} Point */
/** @typedef {import('./map/scene-map.js').SceneMap} SceneMap */
/** @typedef {'move' | 'select' | 'paint'} Tool */

/** A hand that moves less than this has clicked. */
const CLICK_PX = 4;

/** Who is turned by less than this, in radians, stands north up. */
const LEAST_TURN = 1e-3;

/**
 * @param {object} page
 * @param {import('../engine/index.js').Session} page.session
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scenes.js').Scenes} page.scenes
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../scene/class-maps.js').ClassMaps} page.maps
 * @param {import('../tiles/tile-list.js').TileList} page.tiles
 * @param {import('../tiles/features.js').Features} page.features
 * @param {import('../tiles/classification.js').Classification} page.classification
 * @param {import('../tiles/shown-tiles.js').ShownTiles} page.shown
 * @param {import('../tiles/selection.js').Selection} page.selection
 * @param {import('../tiles/spotlight.js').Spotlight} page.spotlight
 * @param {import('../labels/labelling.js').Labelling} page.labelling
 */
export function setUpMapView({ session, room, scenes, desk, maps, tiles, features, classification, shown, selection, spotlight, labelling }) {
  const root = byId('map-view', HTMLElement);
  const target = byId('map-target', HTMLElement);
  const picker = byId('scene-picker', HTMLSelectElement);
  const layer = byId('map-layer', HTMLSelectElement);
  const opacity = byId('map-opacity', HTMLInputElement);
  const hatched = byId('map-unfamiliar', HTMLInputElement);
  const paintClass = byId('paint-class', HTMLSelectElement);
  const place = byId('map-place', HTMLElement);
  const obstacle = byId('map-obstacle', HTMLElement);
  const scale = byId('map-scale', HTMLElement);
  /** @type {Scene | null} */
  let scene = null;
  /** @type {SceneMap | null} */
  let map = null;
  /** What the map shows, so that it is made anew where that is another. */
  let shownAs = '';
  /** @type {Tool} */
  let tool = 'move';
  /** The cells of the scene, by their window. @type {(Cell | undefined)[]} */
  let cells = [];
  /** @type {OffscreenCanvas | null} */
  let picture = null;
  /** @type {Set<string>} */
  let unfamiliar = new Set();
  /** The part of the scene that is judged unswayed: nothing is drawn but its frame. @type {import('../engine/index.js').PixelWindow | null} */
  let judged = null;
  /** Where the map goes as soon as it is there. @type {import('../engine/index.js').PixelWindow | null} */
  let destination = null;
  /** What is being drawn: clicks are its corners. @type {Outline | null} */
  let outline = null;
  /** What the hand is doing. @type {{ from: Point, to: Point, clientX: number, clientY: number, isBox: boolean, painted: Set<string> | null } | null} */
  let stroke = null;

  const grid = () => (scene ? (desk.opened(scene.id)?.grid ?? null) : null);
  const info = () => (scene ? (desk.opened(scene.id)?.info ?? null) : null);
  const presentCells = () => cells.filter((cell) => cell !== undefined);
  const isInSight = () => document.documentElement.dataset.view === 'map';
  const cellAt = (/** @type {Point | null} */ point) => {
    const cut = grid();
    return (point && cut && cells[windowAround(cut, point)]) ?? null;
  };

  /** @param {Pen} pen */
  function draw(pen) {
    const cut = grid();
    if (!cut) return;
    if (judged) return drawFrame(pen, judged);
    if (picture && layer.value !== 'none') drawClasses(pen, cut, picture, Number(opacity.value));
    drawGrid(pen, cut);
    if (scene?.plan.grid.area) drawArea(pen, scene.plan.grid.area);
    const present = presentCells();
    if (hatched.checked && unfamiliar.size > 0) drawHatches(pen, present.filter(({ id }) => unfamiliar.has(id)));
    drawFrames(pen, present.filter(({ classId }) => classId !== null), ({ classId }) => labelling.classOf(classId)?.colour ?? '#888888');
    const { ranks } = spotlight;
    if (ranks) drawFrames(pen, present.filter(({ id }) => ranks.has(id)), () => '#ffe14d');
    drawFrames(pen, present.filter(({ id }) => selection.has(id)), () => '#ffffff', 3);
    const active = shown.all[selection.place];
    const isChosen = selection.size > 0 || target.contains(document.activeElement);
    if (active && isChosen && isCell(active) && active.source.sceneId === scene?.id) drawFrames(pen, [active], () => '#3ea6ff', 2);
    if (stroke?.isBox) drawBox(pen, stroke);
  }

  /** @param {Pen} pen @param {{ from: Point, to: Point }} box */
  function drawBox({ context, pixel }, { from, to }) {
    context.setLineDash([6 * pixel, 4 * pixel]);
    context.lineWidth = 2 * pixel;
    context.strokeStyle = '#ffffff';
    context.strokeRect(Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    context.setLineDash([]);
  }

  /** @param {Pen} pen @param {import('../engine/index.js').PixelWindow} window */
  function drawFrame({ context, pixel }, { x, y, width, height }) {
    for (const [colour, widthPx] of /** @type {const} */ ([['#000000', 4], ['#ffe14d', 2]])) {
      Object.assign(context, { strokeStyle: colour, lineWidth: widthPx * pixel });
      context.strokeRect(x, y, width, height);
    }
  }

  const redraw = beforePaint(() => {
    map?.redraw();
    showScale();
  });

  function showScale() {
    const pixelM = info()?.pixelM;
    scale.hidden = !map || !pixelM;
    if (!map || !pixelM) return;
    const { widthPx, text } = scaleOf(map.pixel * pixelM[0]);
    scale.style.width = `${widthPx}px`;
    scale.textContent = text;
  }

  function makePicture() {
    const made = scene && maps.of(scene.id);
    picture = made ? pictureOf(made, /** @type {Overlay} */ (layer.value)) : null;
    redraw();
  }

  /** The cells as they stand in the list of tiles. */
  function gather() {
    const cut = grid();
    cells = scene && cut ? cellsByWindow(tiles, scene.id, cut) : [];
  }

  /** Shows the scene that is chosen, as it is known now. */
  async function follow() {
    if (!scene || !scenes.get(scene.id)) scene = scenes.all[0] ?? null;
    picker.replaceChildren(...scenes.all.map(({ id, name }) => element('option', { value: id, selected: id === scene?.id }, name)));
    picker.hidden = scenes.size < 2;
    const known = info();
    const look = JSON.stringify([scene?.id, scene?.raster, known?.widthPx]);
    obstacle.textContent = !scene || known ? '' : obstacleOf(scene);
    obstacle.hidden = obstacle.textContent === '';
    gather();
    if (look !== shownAs) outline?.stop();
    if (look !== shownAs && isInSight()) {
      shownAs = look;
      map?.dispose();
      map = null;
      if (scene && known) await open(scene, known);
    }
    if (destination && map) {
      map.show(destination, true);
      destination = null;
    }
    makePicture();
  }

  /** @param {Scene} wanted */
  function obstacleOf({ id, file, name }) {
    const failure = desk.failure(id);
    if (failure) return `${isolated(name)} cannot be shown. ${thrownSentence(failure)}`;
    return file ? `Opening ${isolated(name)}…` : `${isolated(name)} was too large to be kept with the project. Drop it again to see it; its labels and classes are here.`;
  }

  /** @param {Scene} opened @param {import('../engine/index.js').SceneInfo} known */
  async function open({ id }, known) {
    try {
      const { SceneMap } = await import('./map/scene-map.js');
      if (scene?.id !== id || map) return;
      map = new SceneMap({
        target,
        sizePx: [known.widthPx, known.heightPx],
        picture: (window, widthPx, heightPx) => room.ask('viewScene', { sceneId: id, window, widthPx, heightPx }),
        draw,
        onMoved,
      });
      map.setDragMoves(tool === 'move');
      north.hidden = Math.abs(turnToNorth(known.transform)) < LEAST_TURN;
      north.ariaPressed = 'false';
      onMoved();
    } catch (thrown) {
      notify(`The map could not be opened. ${thrownSentence(thrown)}`, [{ label: 'Try again', act: () => void ((shownAs = ''), follow()) }]);
    }
  }

  /** What is seen is classified first. */
  function onMoved() {
    const sight = map?.sight;
    if (!sight) return;
    classification.prefer((tile) => {
      return isInSight() && isCell(tile) && tile.source.sceneId === scene?.id && overlap(tile.source.window, sight) > 0;
    });
    showScale();
  }

  /** @param {Tool} wanted */
  function take(wanted) {
    outline?.stop();
    tool = wanted;
    for (const name of /** @type {Tool[]} */ (['move', 'select', 'paint'])) byId(`tool-${name}`, HTMLButtonElement).ariaPressed = String(name === tool);
    target.dataset.tool = tool;
    paintClass.hidden = tool !== 'paint';
    map?.setDragMoves(tool === 'move');
    if (tool === 'paint' && labelling.classes.length === 0) notify('Make a class first: then paint cells with it.', [], 'news');
  }
  for (const name of /** @type {Tool[]} */ (['move', 'select', 'paint'])) byId(`tool-${name}`, HTMLButtonElement).addEventListener('click', () => take(name));

  function listClasses() {
    const chosen = paintClass.value;
    const options = labelling.classes.map(({ id, name }, index) => element('option', { value: id }, `${keyOf(index) ?? ''} ${isolated(name)}`));
    paintClass.replaceChildren(...options, element('option', { value: '' }, 'No label'));
    paintClass.value = labelling.classOf(chosen) ? chosen : (labelling.classes[0]?.id ?? '');
    redraw();
  }

  /** @param {PointerEvent} event */
  function begin(event) {
    const point = map?.pointAt(event);
    if (!point || judged || outline || event.button !== 0 || !event.isPrimary) return;
    stroke = { from: point, to: point, clientX: event.clientX, clientY: event.clientY, isBox: false, painted: tool === 'paint' && !event.shiftKey ? new Set() : null };
    if (tool !== 'move') target.setPointerCapture(event.pointerId);
    if (!stroke.painted) return;
    selection.clear();
    paint(point, point);
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const point = map?.pointAt(event) ?? null;
    pointed = point;
    tellPlace();
    if (!stroke || !point) return;
    const isFar = Math.hypot(event.clientX - stroke.clientX, event.clientY - stroke.clientY) > CLICK_PX;
    if (stroke.painted) paint(stroke.to, point);
    else if (isFar && (tool === 'select' || tool === 'paint')) stroke.isBox = true;
    stroke.to = point;
    redraw();
  }

  /** All cells on the way of the hand, which moves faster than it is asked. @param {Point} from @param {Point} to */
  function paint(from, to) {
    const cut = grid();
    if (!cut || !stroke?.painted) return;
    const steps = Math.max(1, Math.ceil((2 * Math.hypot(to[0] - from[0], to[1] - from[1])) / Math.min(...cut.stepPx)));
    for (let step = 0; step <= steps; step += 1) {
      const cell = cellAt([from[0] + ((to[0] - from[0]) * step) / steps, from[1] + ((to[1] - from[1]) * step) / steps]);
      if (!cell || stroke.painted.has(cell.id)) continue;
      stroke.painted.add(cell.id);
      selection.select([cell], true);
    }
  }

  /** @param {PointerEvent} event */
  function end(event) {
    const done = stroke;
    stroke = null;
    if (!done || !map) return;
    const isClick = Math.hypot(event.clientX - done.clientX, event.clientY - done.clientY) <= CLICK_PX;
    if (done.painted) {
      selection.clear();
      // A stroke is one thing to undo.
      labelling.assign(tiles.present(done.painted), labelling.classOf(paintClass.value));
    } else if (done.isBox) {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) selection.clear();
      selection.select(cellsIn(done), true);
    } else if (isClick) {
      const cell = cellAt(map.pointAt(event));
      if (cell) choose(cell, event.shiftKey || event.ctrlKey || event.metaKey);
      else selection.clear();
    }
    redraw();
  }

  /** @param {{ from: Point, to: Point }} box @returns {Cell[]} whose middle is inside */
  function cellsIn({ from, to }) {
    const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
    const [upper, lower] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
    return presentCells().filter(({ source: { window: { x, y, width, height } } }) => {
      const middle = [x + width / 2, y + height / 2];
      return middle[0] >= left && middle[0] <= right && middle[1] >= upper && middle[1] <= lower;
    });
  }

  /** @param {Cell} cell @param {boolean} isMore */
  function choose(cell, isMore) {
    if (!isMore) selection.clear();
    selection.select([cell], isMore ? !selection.has(cell.id) : true);
    selection.activate(cell);
    place.textContent = `${isolated(cell.name)}: ${isolated(verdictSentence(cell))}`;
  }

  /** The answer for a place that the hand has left is dropped. */
  let asked = 0;
  /** Where the hand is. @type {Point | null} */
  let pointed = null;
  // The hand moves more often than a frame is drawn.
  const tellPlace = beforePaint(() => void describePlace(pointed));

  /** @param {Point | null} point */
  async function describePlace(point) {
    const known = info();
    if (!point || !known || !scene) return;
    asked += 1;
    const number = asked;
    const [x, y] = point;
    const isInside = x >= 0 && y >= 0 && x < known.widthPx && y < known.heightPx;
    if (!isInside) return void (place.textContent = '');
    const cell = cellAt(point);
    const words = [`pixel ${Math.floor(x)}, ${Math.floor(y)}`];
    if (known.transform) {
      const [x0, xx, xy, y0, yx, yy] = known.transform;
      const digits = known.pixelM && Math.abs(xx) < 0.01 ? 6 : 1;
      words.push(`${(x0 + xx * x + xy * y).toFixed(digits)}, ${(y0 + yx * x + yy * y).toFixed(digits)}${known.crs ? ` (${known.crs})` : ''}`);
    }
    if (cell && !judged) words.push(isolated(verdictSentence(cell)));
    const lonLat = known.hasLonLat ? await room.ask('lonLat', { sceneId: scene.id, column: x, row: y }).catch(() => null) : null;
    if (number !== asked) return;
    if (lonLat) words.splice(2, 0, `${Math.abs(lonLat[1]).toFixed(5)}° ${lonLat[1] < 0 ? 'S' : 'N'}, ${Math.abs(lonLat[0]).toFixed(5)}° ${lonLat[0] < 0 ? 'W' : 'E'}`);
    place.textContent = words.join(' · ');
  }

  target.addEventListener('pointerdown', begin);
  target.addEventListener('pointermove', move);
  target.addEventListener('pointerup', end);
  target.addEventListener('pointercancel', () => (stroke = null));

  /** The cell in focus moves on, as a card does in the grid. @param {KeyboardEvent} event */
  function onArrow({ key }) {
    const cut = grid();
    const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const step = steps[/** @type {keyof typeof steps} */ (key)];
    if (!step || !cut) return false;
    const active = shown.all[selection.place];
    const at = active && isCell(active) ? cells.indexOf(active) : -1;
    const [across, down] = cut.windows;
    const column = at < 0 ? Math.floor(across / 2) : Math.min(across - 1, Math.max(0, (at % across) + step[0]));
    const row = at < 0 ? Math.floor(down / 2) : Math.min(down - 1, Math.max(0, Math.floor(at / across) + step[1]));
    const cell = cells[row * across + column];
    if (!cell) return false;
    choose(cell, false);
    const { x, y, width, height } = cell.source.window;
    const sight = map?.sight;
    if (sight && (x < sight.x || y < sight.y || x + width > sight.x + sight.width || y + height > sight.y + sight.height)) map?.show(cell.source.window);
    redraw();
    return true;
  }

  target.addEventListener('keydown', (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const wanted = labelling.classes[classIndexOf(event)];
    let isMine = true;
    if (event.shiftKey && event.key.startsWith('Arrow')) isMine = onArrow(event);
    else if (tool === 'paint' && wanted) paintClass.value = wanted.id;
    else if (isPlain && (event.key === '+' || event.key === '=')) map?.zoom(2);
    else if (isPlain && event.key === '-') map?.zoom(0.5);
    else if (isPlain && event.key === '0') map?.fit();
    else isMine = false;
    if (!isMine) return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener('keydown', (event) => {
    if (!isInSight() || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const tools = /** @type {const} */ ({ F2: 'move', F3: 'select', F4: 'paint' });
    const wanted = tools[/** @type {keyof typeof tools} */ (event.key)];
    if (!wanted) return;
    event.preventDefault();
    take(wanted);
  });

  async function hatch() {
    unfamiliar = new Set();
    if (hatched.checked && scene) {
      const known = (/** @type {Tile[]} */ some) => some.filter((tile) => features.knows(tile)).map(({ id }) => id);
      const labelled = known(labelling.labelled);
      const tileIds = known(presentCells().filter(({ classId }) => classId === null));
      try {
        unfamiliar = new Set(await session.ask('unfamiliar', { tileIds, labelled }));
        if (unfamiliar.size === 0) notify('No cell is unlike what you have labelled, or fewer than eight are labelled.', [], 'news');
      } catch (thrown) {
        notify(`The cells could not be compared: ${thrownSentence(thrown)}`);
      }
    }
    redraw();
  }

  hatched.addEventListener('change', hatch);
  layer.addEventListener('change', makePicture);
  opacity.addEventListener('input', redraw);
  picker.addEventListener('change', () => {
    scene = scenes.get(picker.value) ?? null;
    unfamiliar = new Set();
    follow();
  });
  const north = byId('map-north', HTMLButtonElement);
  north.addEventListener('click', () => {
    const isUp = north.ariaPressed !== 'true';
    north.ariaPressed = String(isUp);
    map?.turn(isUp ? turnToNorth(info()?.transform) : 0);
  });
  byId('map-zoom-in', HTMLButtonElement).addEventListener('click', () => map?.zoom(2));
  byId('map-zoom-out', HTMLButtonElement).addEventListener('click', () => map?.zoom(0.5));
  byId('map-fit', HTMLButtonElement).addEventListener('click', () => map?.fit());
  new ResizeObserver(() => {
    map?.resize();
    if (shownAs === '' && isInSight()) follow();
  }).observe(target);
  new MutationObserver(() => isInSight() && follow()).observe(document.documentElement, { attributes: true, attributeFilter: ['data-view'] });

  for (const type of ['added', 'removed']) {
    tiles.addEventListener(type, (event) => {
      if (!tilesOf(event).some(isCell)) return;
      gather();
      redraw();
    });
  }
  // Answers are drawn when the class map changes, labels at once.
  tiles.addEventListener('changed', (event) => isStreaming(event) || redraw());
  selection.addEventListener('changed', redraw);
  spotlight.addEventListener('changed', redraw);
  labelling.addEventListener('classes', listClasses);
  maps.addEventListener('changed', () => soon(makePicture));
  desk.addEventListener('changed', follow);
  scenes.addEventListener('changed', follow);
  listClasses();
  take('move');
  root.hidden = false;
  follow();

  return {
    /** The scene that is shown. */
    get scene() {
      return scene;
    },
    /** Goes to a cell. @param {Cell} cell */
    show({ source }) {
      scene = scenes.get(source.sceneId) ?? scene;
      destination = source.window;
      follow();
    },
    /**
     * Lets the hand draw an outline, until it is done or something else begins.
     * @param {{ onCorner: (corners: number) => void, onEnd: (corners: Point[] | null) => void }} told null where it was given up
     * @returns {Promise<Outline | null>} null where there is no map to draw on
     */
    async drawOutline({ onCorner, onEnd }) {
      take('move');
      const end = (/** @type {Point[] | null} */ corners) => {
        outline = null;
        onEnd(corners);
      };
      const drawnOn = map;
      const drawn = await map?.drawOutline({ onCorner, onEnd: end });
      if (!drawn) return null;
      const stop = () => {
        drawn.stop();
        end(null);
      };
      // Another scene was shown, or the button was pressed twice, before it was there.
      if (drawnOn !== map || outline) {
        drawn.stop();
        return null;
      }
      outline = { ...drawn, stop };
      return outline;
    },
    /**
     * Goes to a part of the scene and hides all that is known of it, until there is none to be judged.
     * @param {import('../engine/index.js').PixelWindow | null} window
     */
    judge(window) {
      if (window) outline?.stop();
      judged = window;
      document.documentElement.toggleAttribute('data-judging', judged !== null);
      if (judged) {
        take('move');
        selection.clear();
        place.textContent = '';
        map?.show(judged, true);
      }
      redraw();
    },
  };
}

/**
 * How far a scene has to be turned clockwise, in radians, so that the y axis of its CRS points up.
 * @param {readonly number[] | null | undefined} transform in GDAL's order
 */
function turnToNorth(transform) {
  if (!transform) return 0;
  const [, xx, xy, , yx, yy] = transform;
  const determinant = xx * yy - xy * yx;
  // One that is mirrored, as south-up ones are, cannot be turned so.
  if (determinant >= 0) return 0;
  // The step in pixels that goes one unit of y up, the row downwards.
  const [column, row] = [-xy / determinant, xx / determinant];
  return -Math.atan2(column, -row);
}

/** The view Similarity: all tiles in a plane, like by like, to be looked over, selected and labelled by many at once. */

import { grouped } from '../similarity/colouring.js';
import { Sight, isInside, nearestTo, nextTowards } from '../similarity/sight.js';
import { beforePaint, button, byId, counted, element, isolated, percent } from './dom.js';
import { classIndexOf } from './label-keys.js';
import { notify } from './notices.js';
import { onTiles } from './on-tiles.js';
import { Scatter } from './scatter.js';
import { thrownSentence } from './sentences.js';
import { timeLeft } from './time-left.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../similarity/colouring.js').ColourBy} ColourBy */
/** @typedef {import('../similarity/colouring.js').Group} Group */
/** @typedef {import('../similarity/measures.js').Find} Find */
/** @typedef {import('../similarity/plane.js').Plane} Plane */
/** @typedef {import('../similarity/sight.js').Pixel} Pixel */
/** @typedef {import('../tiles/classification.js').Classification} Classification */
/** @typedef {import('../tiles/selection.js').Selection} Selection */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./scatter.js').Dot} Dot */
/** @typedef {ReturnType<typeof import('./tile-grid.js').setUpTileGrid>} TileGrid */

const ZOOM_STEP = 1.4;
const PAN_STEP_PX = 60;
/** A pointer that moves less than this has clicked. */
const CLICK_PX = 4;
/** So near to a point is on it. */
const REACH_PX = 14;

/** @type {Record<string, string>} */
const GROUP_NAMES = {
  unlabelled: 'No label',
  unanswered: 'No class yet',
  mistake: 'Label and model differ',
  right: 'Label and model agree',
  unjudged: 'Without a label or a class',
  'other classes': 'Other classes',
  'confidence 0': 'Below 50 %',
};
/** What was found, and what it means. @type {Record<Find, (count: number) => string>} */
const FINDS = {
  duplicates: (count) => (count === 0 ? 'No tile looks like a copy of another one.' : `${counted(count, 'tile')} selected: each looks like a copy of an earlier one, which is not selected.`),
  blurred: (count) => (count === 0 ? 'No tile is blurred.' : `${counted(count, 'blurred tile')} selected.`),
  dark: (count) => (count === 0 ? 'No tile is dark.' : `${counted(count, 'dark tile')} selected.`),
  empty: (count) => (count === 0 ? 'No tile is empty.' : `${counted(count, 'tile')} selected, of one colour or almost without data.`),
};

/**
 * @param {{ tiles: TileList, labelling: Labelling, shown: ShownTiles, selection: Selection, classification: Classification, plane: Plane }} page
 * @param {TileGrid} grid
 */
export function setUpSimilarity({ tiles, labelling, shown, selection, classification, plane }, grid) {
  const canvas = byId('similarity-canvas', HTMLCanvasElement);
  const colourBy = byId('similarity-colour', HTMLSelectElement);
  const legend = byId('similarity-legend', HTMLElement);
  const status = byId('similarity-status', HTMLElement);
  const told = byId('similarity-told', HTMLElement);
  const looked = byId('similarity-looked', HTMLElement);
  const hover = byId('similarity-hover', HTMLElement);
  const progress = byId('similarity-progress', HTMLProgressElement);
  const left = byId('similarity-left', HTMLElement);
  const cancel = byId('similarity-cancel', HTMLButtonElement);
  const again = byId('similarity-again', HTMLButtonElement);
  const lassoTool = byId('similarity-lasso', HTMLButtonElement);
  const toGrid = byId('similarity-to-grid', HTMLButtonElement);
  const sight = new Sight();
  /** @type {Dot[]} */
  let dots = [];
  /** @type {Pixel[]} */
  let lasso = [];
  let isOutdated = true;
  /** When the layout that is at work began. */
  let startMs = 0;
  /** The legend, in words. */
  let legendWords = '';

  const isOpen = () => canvas.clientWidth > 0;
  const active = () => shown.all[selection.place];

  const draw = beforePaint(() => {
    if (!isOpen()) return;
    if (isOutdated) {
      isOutdated = false;
      regroup();
    }
    scatter.draw({ dots, isSelected: (id) => selection.has(id), activeId: active()?.id ?? '', lasso });
    canvas.dataset.drawn = String(dots.length);
  });
  const scatter = new Scatter(canvas, sight, draw);
  const refresh = () => {
    isOutdated = true;
    draw();
  };

  function regroup() {
    shown.refresh();
    const placed = tiles.all.filter(({ id }) => plane.points.has(id));
    const groups = grouped(/** @type {ColourBy} */ (colourBy.value), placed.filter(({ id }) => shown.placeOf(id) >= 0), labelling);
    const plain = getComputedStyle(legend).color;
    const dotsOf = (/** @type {Tile[]} */ some, /** @type {string} */ colour, /** @type {boolean} */ isShown) =>
      some.map((tile) => ({ tile, point: /** @type {import('../similarity/plane.js').Point} */ (plane.points.get(tile.id)), colour, isShown }));
    const hidden = placed.filter(({ id }) => shown.placeOf(id) < 0);
    // What means nothing lies below what does.
    dots = [...dotsOf(hidden, plain, false), ...groups.toReversed().flatMap((group) => dotsOf(group.tiles, group.colour ?? plain, true))];
    drawLegend(groups);
    drawState();
  }

  /** @param {Group[]} groups */
  function drawLegend(groups) {
    const focused = legend.contains(document.activeElement) ? [...legend.querySelectorAll('button')].indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)) : -1;
    legend.replaceChildren(
      ...groups.map((group) => {
        const swatch = element('span', { className: 'swatch' });
        swatch.style.backgroundColor = group.colour ?? 'currentColor';
        const name = nameOf(group);
        const choose = button('', () => select(group.tiles), { title: `Select ${counted(group.tiles.length, 'tile')}: ${name}` });
        choose.append(swatch, element('span', { className: 'legend-name', dir: 'auto' }, name), ` ${group.tiles.length.toLocaleString()}`);
        return element('li', {}, choose);
      }),
    );
    if (focused >= 0) legend.querySelectorAll('button')[focused]?.focus();
    const counts = groups.map((group) => `${nameOf(group)} ${group.tiles.length}`).join(', ');
    legendWords = counts;
  }

  function drawState() {
    const isWorking = plane.state === 'working';
    const stale = plane.staleCount;
    if (isWorking && progress.hidden) startMs = performance.now();
    progress.hidden = cancel.hidden = !isWorking;
    if (plane.share > 0) progress.value = plane.share;
    else progress.removeAttribute('value');
    again.hidden = isWorking || (plane.placedCount > 0 && stale === 0) || plane.placeable.length === 0;
    again.textContent = plane.placedCount > 0 ? `Lay out again (${stale.toLocaleString()} new)` : 'Lay out';
    toGrid.disabled = selection.size === 0 && !active();
    toGrid.title = toGrid.disabled ? 'No tile is shown: change the filters above, or add tiles' : 'Show the tile in the grid';
    canvas.ariaBusy = String(isWorking);
    canvas.ariaLabel = `${counted(plane.placedCount, 'tile')} in a plane, like by like. ${colourBy.selectedOptions[0]?.text}: ${legendWords || 'none'}. ${counted(selection.size, 'tile')} selected.`;
    status.textContent = stateSentence(isWorking);
    // Beside the sentence, which is read out whenever it changes.
    left.textContent = isWorking ? timeLeft(startMs, plane.share).replace(', ', '') : '';
  }

  /** @param {boolean} isWorking */
  function stateSentence(isWorking) {
    if (plane.state === 'failed') return `The tiles could not be laid out. ${plane.failure}`;
    if (isWorking) return plane.placedCount > 0 ? 'Bringing like to like…' : 'Laying out the tiles…';
    if (plane.placedCount === 0) return plane.placeable.length === 0 ? 'Tiles appear here when they are classified.' : 'Not laid out yet.';
    return counted(plane.placedCount, 'tile');
  }

  /** Only these are selected, of those that pass the filters. @param {Tile[]} chosen @param {boolean} [isMore] beside what is selected already */
  function select(chosen, isMore = false) {
    if (!isMore) selection.clear();
    selection.select(chosen.filter(({ id }) => shown.placeOf(id) >= 0), true);
  }

  const choosable = () => dots.filter(({ isShown }) => isShown);
  /** @param {Pixel} pixel */
  function dotAt(pixel) {
    const some = choosable();
    return some[nearestTo(some.map(({ point }) => sight.pixelOf(point)), pixel, REACH_PX)];
  }

  /** @param {Tile} tile */
  function focus(tile) {
    selection.activate(tile);
    told.textContent = describe(tile);
  }

  /** @param {Tile} tile */
  function describe({ name, verdict, classId }) {
    const label = labelling.classOf(classId);
    return [isolated(name), verdict && `${isolated(verdict.className)} ${percent(verdict.confidence)}`, label && `label ${isolated(label.name)}`].filter(Boolean).join(', ');
  }

  setUpPointers();
  setUpKeys();

  function setUpPointers() {
    /** Where each pointer that is down is. @type {Map<number, Pixel>} */
    const down = new Map();
    let movedPx = 0;
    let isLasso = false;
    const at = (/** @type {MouseEvent} */ { clientX, clientY }) => {
      const { left, top } = canvas.getBoundingClientRect();
      return /** @type {Pixel} */ ([clientX - left, clientY - top]);
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, at(event));
      if (down.size > 1) isLasso = false;
      else {
        movedPx = 0;
        isLasso = event.shiftKey || lassoTool.ariaPressed === 'true';
      }
      lasso = isLasso ? [at(event)] : [];
      hover.hidden = true;
    });
    canvas.addEventListener('pointermove', (event) => {
      const pixel = at(event);
      const before = down.get(event.pointerId);
      if (!before) {
        showHover(pixel);
        return;
      }
      movedPx += Math.hypot(pixel[0] - before[0], pixel[1] - before[1]);
      if (isLasso) lasso.push(pixel);
      else if (down.size === 1) sight.pan(pixel[0] - before[0], pixel[1] - before[1]);
      else pinch(event.pointerId, before, pixel);
      down.set(event.pointerId, pixel);
      draw();
    });
    /** @param {number} id @param {Pixel} before @param {Pixel} now */
    function pinch(id, before, now) {
      const other = [...down].find(([pointer]) => pointer !== id)?.[1];
      if (!other) return;
      const middle = (/** @type {Pixel} */ [x, y]) => /** @type {Pixel} */ ([(x + other[0]) / 2, (y + other[1]) / 2]);
      const apart = (/** @type {Pixel} */ [x, y]) => Math.max(1, Math.hypot(x - other[0], y - other[1]));
      sight.pan(middle(now)[0] - middle(before)[0], middle(now)[1] - middle(before)[1]);
      sight.zoomBy(apart(now) / apart(before), middle(now));
    }
    canvas.addEventListener('pointerup', (event) => {
      if (!down.delete(event.pointerId)) return;
      if (isLasso && movedPx > CLICK_PX) {
        const line = lasso;
        select(choosable().filter(({ point }) => isInside(line, sight.pixelOf(point))).map(({ tile }) => tile), event.ctrlKey || event.metaKey);
      } else if (movedPx <= CLICK_PX && down.size === 0) {
        const dot = dotAt(at(event));
        if (dot && (event.ctrlKey || event.metaKey || event.shiftKey)) selection.select([dot.tile], !selection.has(dot.tile.id));
        if (dot) focus(dot.tile);
      }
      isLasso = false;
      lasso = [];
      draw();
    });
    canvas.addEventListener('pointercancel', (event) => {
      down.delete(event.pointerId);
      isLasso = false;
      lasso = [];
      draw();
    });
    canvas.addEventListener('pointerleave', () => (hover.hidden = true));
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      sight.zoomBy(Math.exp(-event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 0.05 : 0.002)), at(event));
      draw();
    }, { passive: false });
  }

  /** @param {Pixel} pixel */
  function showHover(pixel) {
    const dot = dotAt(pixel);
    hover.hidden = !dot;
    canvas.classList.toggle('on-tile', dot !== undefined);
    if (!dot) return;
    hover.textContent = describe(dot.tile);
    const isLeft = pixel[0] > sight.width / 2;
    hover.style.left = isLeft ? '' : `${pixel[0] + 14}px`;
    hover.style.right = isLeft ? `${sight.width - pixel[0] + 14}px` : '';
    hover.style.top = `${pixel[1] + (pixel[1] > sight.height - 50 ? -40 : 14)}px`;
  }

  function setUpKeys() {
    /** @type {Record<string, Pixel>} */
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    /** @type {Record<string, () => void>} */
    const acts = {
      '+': () => sight.zoomBy(ZOOM_STEP),
      '=': () => sight.zoomBy(ZOOM_STEP),
      '-': () => sight.zoomBy(1 / ZOOM_STEP),
      Home: () => sight.fit(),
      ' ': () => active() && selection.select([active()], !selection.has(active().id)),
    };
    /** @param {Pixel} way */
    function step(way) {
      const some = choosable();
      const pixels = some.map(({ point }) => sight.pixelOf(point));
      const from = pixels[some.findIndex(({ tile }) => tile === active())] ?? [sight.width / 2, sight.height / 2];
      const next = some[nextTowards(pixels, from, way)];
      if (!next) return;
      focus(next.tile);
      if (!sight.sees(next.point)) sight.centre = [...next.point];
    }
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = ways[event.key];
      const known = labelling.classes[classIndexOf(event)];
      if (way && event.shiftKey) step(way);
      else if (way) sight.pan(-way[0] * PAN_STEP_PX, -way[1] * PAN_STEP_PX);
      else if (acts[event.key]) acts[event.key]();
      // With tiles selected the key is theirs, as everywhere.
      else if (known && selection.size === 0 && active()) labelling.assign([active()], known);
      else return;
      event.preventDefault();
      event.stopPropagation();
      draw();
    });
    byId('similarity-in', HTMLButtonElement).addEventListener('click', () => (acts['+'](), draw()));
    byId('similarity-out', HTMLButtonElement).addEventListener('click', () => (acts['-'](), draw()));
    byId('similarity-fit', HTMLButtonElement).addEventListener('click', () => (sight.fit(), draw()));
  }

  lassoTool.addEventListener('click', () => {
    lassoTool.ariaPressed = String(lassoTool.ariaPressed !== 'true');
    canvas.classList.toggle('lasso', lassoTool.ariaPressed === 'true');
  });
  byId('similarity-in-sight', HTMLButtonElement).addEventListener('click', () => select(choosable().filter(({ point }) => sight.sees(point)).map(({ tile }) => tile)));
  toGrid.addEventListener('click', () => {
    const tile = selection.tiles.find(({ id }) => id === active()?.id) ?? selection.tiles[0] ?? active();
    byId('view-grid', HTMLButtonElement).click();
    // The grid is measured when it is seen again.
    requestAnimationFrame(() => requestAnimationFrame(() => tile && grid.focus(tile)));
  });
  again.addEventListener('click', () => plane.layOut());
  cancel.addEventListener('click', () => plane.cancel());
  colourBy.addEventListener('change', refresh);

  for (const find of /** @type {Find[]} */ (Object.keys(FINDS))) {
    const choose = byId(`find-${find}`, HTMLButtonElement);
    choose.addEventListener('click', async () => {
      const lookedFromMs = performance.now();
      told.textContent = '';
      looked.textContent = 'Looking at the tiles…';
      choose.disabled = true;
      try {
        const found = await plane.find(find, shown.all, (share) => (looked.textContent = `Looking at the tiles… ${percent(share)}${timeLeft(lookedFromMs, share)}`));
        select(found);
        told.textContent = FINDS[find](found.length);
      } catch (thrown) {
        notify(`The tiles could not be looked at. ${thrownSentence(thrown)}`);
      } finally {
        looked.textContent = '';
        choose.disabled = false;
        // A button that is off lets the keyboard go.
        if (document.activeElement === document.body) choose.focus();
      }
    });
  }

  /** Whoever opens the view wants to see something. */
  function begin() {
    if (isOpen() && plane.placedCount === 0 && plane.state === 'idle' && plane.placeable.length > 0) plane.layOut();
  }
  new ResizeObserver(() => {
    Object.assign(sight, { width: canvas.clientWidth || 1, height: canvas.clientHeight || 1 });
    refresh();
    begin();
  }).observe(canvas);
  classification.addEventListener('ended', () => {
    begin();
    refresh();
  });
  plane.addEventListener('changed', refresh);
  onTiles(tiles, ['added', 'changed', 'described', 'removed'], refresh);
  labelling.addEventListener('classes', refresh);
  shown.addEventListener('changed', refresh);
  selection.addEventListener('changed', () => {
    if (!isOpen()) return;
    drawState();
    draw();
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refresh);
}

/** @param {Group} group */
function nameOf({ name, isName }) {
  if (isName) return isolated(name);
  const [, level] = /^confidence (0\.\d)$/.exec(name) ?? [];
  return level ? `${Math.round(Number(level) * 100)} % or more` : GROUP_NAMES[name];
}

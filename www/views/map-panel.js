/** Beside the map: what its colours mean and how large they are, how the scene is cut, and the files to take away. */

import { hasAreas } from '../scene/class-maps.js';
import { changedCells } from './map/cell-drawing.js';
import { mapPicture } from './map/map-picture.js';
import { beforePaint, byId, button, counted, download, element, isolated, percent, stemOf, table } from './dom.js';
import { notify } from './notices.js';
import { soon } from './on-tiles.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').MapForm} MapForm */
/** @typedef {import('../scene/class-maps.js').ClassMap} ClassMap */
/** @typedef {import('../scene/scenes.js').Scene} Scene */

/** @type {[MapForm, string, string][]} */
const FORMS = [
  ['classes', 'Class GeoTIFF', 'A byte a cell, with names and colours for QGIS and GDAL: a zip of three files, to be unpacked into one folder'],
  ['confidence', 'Confidence GeoTIFF', 'How probable each cell’s class is, from 0 to 1'],
  ['regions', 'GeoJSON, regions', 'WGS 84: neighbours of one class are one shape'],
  ['cells', 'GeoJSON, cells', 'WGS 84: each cell with the scores of all classes'],
  ['csv', 'CSV', 'A row a cell, with coordinates and areas'],
];

/**
 * @param {object} page
 * @param {import('../engine/index.js').Session} page.session
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scenes.js').Scenes} page.scenes
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../scene/class-maps.js').ClassMaps} page.maps
 * @param {{ scene: Scene | null }} view
 * @param {{ begin: () => void }} areaPen
 */
export function setUpMapPanel({ session, room, scenes, desk, maps }, view, areaPen) {
  const rows = byId('legend-rows', HTMLElement);
  const notes = byId('legend-notes', HTMLElement);
  const facts = byId('map-facts', HTMLElement);
  const form = byId('grid-form', HTMLFormElement);
  const cell = byId('grid-cell', HTMLInputElement);
  const step = byId('grid-step', HTMLInputElement);
  const offset = byId('grid-offset', HTMLInputElement);
  const cut = byId('grid-cut', HTMLElement);
  const areaRow = byId('grid-area', HTMLElement);
  const areaName = element('span', { className: 'help' });
  const wholeScene = button('Map the whole scene', async () => {
    const { scene } = view;
    if (scene) await desk.recut(scene, { ...scene.plan.grid, area: null }).catch((thrown) => notify(thrownSentence(thrown)));
  });
  const drawsArea = button('Draw an area', () => areaPen.begin(), { title: 'Click its corners on the map: only what lies inside is mapped' });
  const undecided = byId('map-undecided', HTMLInputElement);
  const majority = byId('map-majority', HTMLInputElement);
  const exports = byId('map-exports', HTMLElement);
  /** Whose lengths stand in the fields. */
  let filled = '';

  const draw = beforePaint(() => {
    const { scene } = view;
    const opened = scene && desk.opened(scene.id);
    const map = scene && maps.of(scene.id);
    form.hidden = !opened;
    areaRow.hidden = !opened;
    exports.hidden = !map;
    // As high as they will ever be: nothing below moves while cells are classified.
    rows.style.setProperty('--classes', String(session.status.loaded?.info.labels.length ?? 0));
    rows.replaceChildren(...(map ? [legendOf(map)] : []));
    const told = map ? notesOf(map) : ['The classes of the cells stand here as soon as a model with classes is in use.'];
    notes.replaceChildren(...told.map((note) => element('p', { className: 'help' }, note)));
    facts.replaceChildren(...(opened ? [...opened.info.lines, ...opened.info.notes].map((line) => element('li', {}, line)) : []));
    if (!scene || !opened) return;
    const { plan } = scene;
    const { area } = plan.grid;
    areaName.textContent = area ? `Area of interest: ${isolated(area.name)}` : 'All of the scene is mapped.';
    wholeScene.hidden = !area;
    const key = JSON.stringify([scene.id, plan]);
    if (filled !== key) {
      filled = key;
      [cell.value, step.value, offset.value] = [plan.grid.cell, plan.grid.step, plan.grid.offset];
      undecided.value = String(plan.map.undecidedPercent);
      majority.checked = plan.map.isMajority;
    }
    const { windows, cellPx, cellM, hint } = opened.grid;
    const chosen = opened.grid.wanted ? `${counted(opened.grid.wanted.length, 'cell')} in the area of interest, of ${(windows[0] * windows[1]).toLocaleString()},` : counted(windows[0] * windows[1], 'cell');
    const metres = cellM ? ` (${cellM.map((side) => Math.round(side).toLocaleString()).join(' × ')} m)` : '';
    cut.replaceChildren(
      `${chosen} of ${cellPx.join(' × ')} pixels${metres}.`,
      ...(hint ? [element('strong', { className: 'warning-text' }, ` ${hint.replace('--cell ', 'a cell of ')}`)] : []),
    );
  });

  /** @param {ClassMap} map */
  function legendOf(map) {
    const { areas } = map.summary;
    const measured = hasAreas(map);
    const number = (/** @type {number} */ value, digits = 1) => value.toLocaleString(undefined, { maximumFractionDigits: digits });
    const present = areas.filter(({ cells }) => cells > 0);
    const sizes = (/** @type {number | null | undefined} */ squareM) => (typeof squareM === 'number' ? [number(squareM / 1e4), number(squareM / 1e6, 2)] : ['–', '–']);
    const swatched = (/** @type {string} */ name, /** @type {string} */ colour) => {
      const swatch = element('span', { className: 'swatch' });
      swatch.style.background = colour;
      return element('span', { title: name }, swatch, name);
    };
    return table(
      'legend',
      ['Class', 'Cells', ...(measured ? ['ha', 'km²'] : []), 'Share'],
      present.map(({ name, colour, cells, squareM, share }) => [swatched(name, colour), cells.toLocaleString(), ...(measured ? sizes(squareM) : []), percent(share)]),
    );
  }

  /** @param {ClassMap} map */
  function notesOf(map) {
    const { areas } = map.summary;
    const present = areas.filter(({ cells }) => cells > 0);
    const changed = changedCells(map);
    return [
      present.length < areas.length && `Classes without a cell: ${areas.length - present.length}.`,
      map.open > 0 && `${counted(map.open, 'cell')} not classified yet.`,
      map.unreadable > 0 && `${counted(map.unreadable, 'cell')} cannot be read: the file is damaged or cut off there.`,
      map.summary.filtered > 0 && `The majority filter changed ${counted(map.summary.filtered, 'cell')}.`,
      map.before && `${counted(changed, 'cell')} changed their class with this model: see the layer “What changed”.`,
      map.summary.leftOut > 0 && `${counted(map.summary.leftOut, 'cell')} are left out.`,
      map.summary.outside > 0 && `${counted(map.summary.outside, 'cell')} reach beyond the edge and have no class.`,
    ].filter((note) => typeof note === 'string');
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { scene } = view;
    if (!scene) return;
    cell.setCustomValidity('');
    const grid = { ...scene.plan.grid, cell: cell.value.trim(), step: step.value.trim() || cell.value.trim(), offset: offset.value.trim() || '0px' };
    try {
      if (JSON.stringify(grid) !== JSON.stringify(scene.plan.grid)) await desk.recut(scene, grid);
    } catch (thrown) {
      cell.setCustomValidity(thrownSentence(thrown));
      cell.reportValidity();
    }
  });
  for (const field of [cell, step, offset]) field.addEventListener('input', () => cell.setCustomValidity(''));

  const plan = () => {
    const { scene } = view;
    if (!scene) return;
    const undecidedPercent = Math.min(100, Math.max(0, Number(undecided.value) || 0));
    scenes.change(scene.id, { plan: { ...scene.plan, map: { undecidedPercent, isMajority: majority.checked } } });
  };
  undecided.addEventListener('change', plan);
  majority.addEventListener('change', plan);

  /** @param {(scene: Scene, map: ClassMap) => Promise<void>} work */
  async function take(work) {
    const { scene } = view;
    if (!scene) return;
    try {
      const map = await maps.upToDate(scene.id);
      if (!map) return;
      if (map.open > 0) notify(`${counted(map.open, 'cell')} of the map are not classified yet, and are without class in the file.`, [], 'news');
      await work(scene, map);
    } catch (thrown) {
      notify(`The map could not be written. ${thrownSentence(thrown)}`);
    }
  }
  const stem = (/** @type {Scene} */ { name }) => `${stemOf(name)}-map`;
  exports.append(
    ...FORMS.map(([mapForm, label, title]) =>
      button(label, () => take(async (scene) => {
        const files = (await room.ask('writeMap', { sceneId: scene.id, form: mapForm })).map(({ ending, file }) => ({ name: `${stem(scene)}${ending}`, file }));
        if (files.length === 1) return download(files[0].file, files[0].name);
        const { zipped } = await import('./map/zip.js');
        download(await zipped(files), `${stem(scene)}.zip`);
      }), { title }),
    ),
    button('Picture with legend', () => take(async (scene, map) => {
      const opened = desk.opened(scene.id);
      if (opened) download(await mapPicture(room, scene, opened, map), `${stem(scene)}.png`);
    }), { title: 'PNG: the scene, its classes, what they mean, and a scale' }),
  );
  areaRow.append(areaName, wholeScene, drawsArea);
  byId('remove-scene', HTMLButtonElement).addEventListener('click', () => view.scene && desk.remove(view.scene));

  for (const source of [desk, scenes]) source.addEventListener('changed', draw);
  maps.addEventListener('changed', () => soon(draw));
  session.addEventListener('status', draw);
  byId('scene-picker', HTMLSelectElement).addEventListener('change', draw);
  draw();
}

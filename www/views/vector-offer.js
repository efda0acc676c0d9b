/** A GeoJSON file lies on the scene that is shown: its polygons label cells, or are the area that is mapped. */

import { MAX_CLASSES } from '../engine/index.js';
import { LabelError } from '../labels/labelling.js';
import { cellsByWindow } from '../scene/cells.js';
import { areaPlan } from './area-plan.js';
import { byId, counted, element, isolated, stemOf } from './dom.js';
import { notify, orNotify } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../scene/scene-desk.js').OpenedScene} OpenedScene */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('./area-plan.js').Plan} Plan */
/** @typedef {import('./intake.js').NewFile} NewFile */
/** @typedef {{ file: File, scene: Scene, opened: OpenedScene }} Laid A file on a scene. */

const GEOJSON = /\.(geo)?json$/i;
/** Vector files that GDAL makes GeoJSON of. */
const OTHERS = /\.(shp|gpkg|kml|kmz|gml|fgb|gpx|dxf|tab)$/i;

/** How many names a sentence lists. */
const NAMES = 8;

/**
 * @param {object} page
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scenes.js').Scenes} page.scenes
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../tiles/tile-list.js').TileList} page.tiles
 * @param {import('../labels/labelling.js').Labelling} page.labelling
 * @param {() => void} showMap
 */
export function setUpVectorOffer({ room, scenes, desk, tiles, labelling }, showMap) {
  const picker = byId('scene-picker', HTMLSelectElement);
  const dialog = byId('vector-dialog', HTMLDialogElement);
  const what = byId('vector-what', HTMLElement);
  const notes = byId('vector-notes', HTMLElement);
  const property = byId('vector-property', HTMLSelectElement);
  const share = byId('vector-share', HTMLInputElement);
  const labels = byId('vector-labels', HTMLFieldSetElement);
  const preview = byId('vector-preview', HTMLElement);
  const apply = byId('vector-apply', HTMLButtonElement);
  const uses = [...dialog.querySelectorAll('input[name="vector-use"]')].filter((input) => input instanceof HTMLInputElement);
  const use = () => uses.find(({ checked }) => checked)?.value ?? 'labels';

  /** @param {Laid} laid @returns {Promise<Plan>} */
  async function planLabels({ file, scene, opened }) {
    const leastShare = Math.min(100, Math.max(1, Number(share.value) || 50)) / 100;
    const found = await room.ask('vectorLabels', { sceneId: scene.id, file, grid: scene.plan.grid, property: property.value, leastShare });
    const cells = cellsByWindow(tiles, scene.id, opened.grid);
    const pairs = found.windows.flatMap(([window, place]) => {
      const cell = cells[window];
      return cell ? [/** @type {[Tile, string]} */ ([cell, found.names[place]])] : [];
    });
    if (pairs.length === 0) return { words: 'No cell is covered that far: take a smaller share, or cut the scene into smaller cells.', act: null };
    const counts = found.names.map((name) => `${isolated(name)} (${pairs.filter(([, other]) => other === name).length.toLocaleString()})`);
    const others = pairs.filter(([{ classId }, name]) => classId !== null && classId !== labelling.named(name)?.id).length;
    const shown = [...counts.slice(0, NAMES), ...(counts.length > NAMES ? [`${counts.length - NAMES} classes more`] : [])].join(', ');
    const words = [`${counted(pairs.length, 'cell')} will have a label: ${shown}.`, ...(others > 0 ? [`${counted(others, 'cell')} of them lose another one.`] : [])];
    return { words: words.join(' '), act: () => orNotify(LabelError, () => labelling.assignByName(`the labels of ${file.name}`, pairs)) };
  }

  /** @param {Laid} laid @returns {Promise<Plan>} */
  async function planArea({ file, scene }) {
    const area = { name: file.name.slice(0, 200), polygons: await room.ask('vectorArea', { sceneId: scene.id, file }) };
    return areaPlan({ room, desk, tiles }, scene, area, `This makes them simpler: ogr2ogr -simplify 10 simpler.geojson ${file.name}`);
  }

  /** Plans are asked for faster than they are made: of all only the last one counts. */
  let asked = 0;
  /** What is being made. Each plan looks at all shapes: the next waits, and those between are not made at all. @type {Promise<unknown>} */
  let making = Promise.resolve();
  /** @type {Plan['act']} */
  let act = null;

  /** @param {Laid} laid */
  async function plan(laid) {
    asked += 1;
    const number = asked;
    labels.disabled = use() !== 'labels';
    apply.disabled = true;
    await making;
    if (number !== asked) return;
    const made = (use() === 'area' ? planArea(laid) : planLabels(laid)).catch((thrown) => ({ words: thrownSentence(thrown), act: null }));
    making = made;
    const planned = await made;
    if (number !== asked) return;
    preview.textContent = planned.words;
    act = planned.act;
    apply.disabled = !act;
  }

  /** @param {Laid} laid @returns {Promise<void>} when the user has chosen */
  async function offer(laid) {
    const { file, scene } = laid;
    const info = await room.ask('readVectors', { sceneId: scene.id, file });
    // More values than classes can be are names or numbers of single shapes.
    const properties = info.properties.filter(({ values }) => values.length <= MAX_CLASSES);
    what.textContent = `${isolated(file.name)} has ${counted(info.count, 'shape')} on ${isolated(scene.name)}.`;
    notes.replaceChildren(...info.notes.map((note) => element('li', {}, note)));
    property.replaceChildren(...properties.map(({ name, values }) => element('option', { value: name }, `${name} (${counted(values.length, 'value')})`)));
    for (const input of uses) {
      input.checked = input.value === (properties.length > 0 ? 'labels' : 'area');
      input.disabled = input.value === 'labels' && properties.length === 0;
      input.title = input.disabled ? 'The shapes have no property that could name classes.' : '';
    }
    const replan = () => void plan(laid);
    for (const field of [property, share, ...uses]) field.addEventListener('input', replan);
    replan();
    dialog.returnValue = 'cancel';
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
    for (const field of [property, share, ...uses]) field.removeEventListener('input', replan);
    if (dialog.returnValue !== 'apply') return;
    await act?.();
    showMap();
  }

  /** @param {File} file */
  async function take(file) {
    const scene = scenes.get(picker.value) ?? scenes.all[0];
    if (!scene) return void notify(`${isolated(file.name)} labels the cells of a scene. Add the scene first, then this file again.`, [], 'news');
    const opened = desk.opened(scene.id);
    if (!opened) return void notify(`${isolated(scene.name)} is not open yet. Add ${isolated(file.name)} again when the map shows it.`, [], 'news');
    try {
      await offer({ file, scene, opened });
    } catch (thrown) {
      notify(`${isolated(file.name)} cannot be laid on ${isolated(scene.name)}. ${thrownSentence(thrown)}`);
    } finally {
      // A worker that has ended has nothing left to forget.
      room.ask('forgetVectors', {}).catch(() => undefined);
    }
  }

  return {
    /**
     * Takes shapes, one file after the other.
     * @param {NewFile[]} files
     * @returns {Promise<NewFile[]>} the others
     */
    async takeShapes(files) {
      const isShapes = (/** @type {NewFile} */ { name }) => GEOJSON.test(name) && (scenes.size > 0 || !/\.json$/i.test(name));
      for (const { file } of files.filter(isShapes)) await take(file);
      const unread = files.filter(({ name }) => OTHERS.test(name));
      for (const { name } of unread) {
        notify(`${isolated(name)} cannot be read here: shapes come as GeoJSON. This makes it of most vector files: ogr2ogr -t_srs EPSG:4326 ${stemOf(name)}.geojson ${name}`, [], 'news');
      }
      return files.filter((file) => !isShapes(file) && !unread.includes(file));
    },
  };
}

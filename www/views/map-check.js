/** Beside the map: a sample of its cells is judged by a person, and says how right it is and how large its classes are. */

import { USUAL_SAMPLE, accuracyCsv, answered, beginCheck, cellWindow, drawnOf, foundIn, identityOf, nextOpen, progressOf } from '../scene/map-check.js';
import { hasAreas } from '../scene/class-maps.js';
import { MOST_CHECKED } from '../scene/plan.js';
import { beforePaint, byId, button, counted, download, element, isTyping, isolated, percent, stemOf, table } from './dom.js';
import { classIndexOf, keyOf } from './label-keys.js';
import { notify } from './notices.js';
import { soon } from './on-tiles.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').MapAccuracy} MapAccuracy */
/** @typedef {import('../scene/plan.js').MapCheck} MapCheck */
/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {{ value: number, plus_minus: number }} Estimate */

const CITATION =
  'Stratified estimator of Olofsson, P., Foody, G. M., Herold, M., Stehman, S. V., Woodcock, C. E. and Wulder, M. A. (2014): Good practices for estimating area and assessing accuracy of land change. Remote Sensing of Environment 148, 42–57. doi:10.1016/j.rse.2014.02.015';

/**
 * @param {object} page
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scenes.js').Scenes} page.scenes
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../scene/class-maps.js').ClassMaps} page.maps
 * @param {import('../labels/labelling.js').Labelling} page.labelling
 * @param {{ scene: Scene | null, judge: (window: import('../engine/index.js').PixelWindow | null) => void }} view
 */
export function setUpMapCheck({ room, scenes, desk, maps, labelling }, view) {
  const root = byId('map-check', HTMLElement);
  const count = element('input', { type: 'number', id: 'check-count', min: '2', max: String(MOST_CHECKED), value: String(USUAL_SAMPLE) });
  /** The cell that is being judged, by its place in the sample. @type {{ sceneId: string, place: number } | null} */
  let judged = null;
  /** @type {{ key: string, accuracy: MapAccuracy, isInMetres: boolean } | null} */
  let report = null;

  const mapOf = (/** @type {Scene} */ scene) => maps.of(scene.id);
  const checkOf = (/** @type {Scene} */ scene) => scene.plan.check ?? null;
  const keyOfReport = (/** @type {Scene} */ scene, /** @type {MapCheck} */ check) => JSON.stringify([scene.id, check]);
  const keep = (/** @type {Scene} */ scene, /** @type {MapCheck | null} */ check) => scenes.change(scene.id, { plan: { ...scene.plan, check } });

  /** Classes with their keys: the ones that label, where the map's classes are the project's. @param {string[]} labels */
  function keysOf(labels) {
    const places = labels.map((label) => labelling.classes.findIndex(({ name }) => name === label));
    return places.every((place) => place >= 0) ? places : labels.map((_, index) => index);
  }

  async function begin() {
    const { scene } = view;
    if (!scene) return;
    try {
      const map = await maps.upToDate(scene.id);
      if (!map) return;
      if (map.open > 0) return void notify(`${counted(map.open, 'cell')} are not classified yet. Draw the sample when the map is complete.`, [], 'news');
      const wanted = Math.min(MOST_CHECKED, Math.max(1, Math.floor(Number(count.value)) || USUAL_SAMPLE));
      const drawn = await room.ask('drawSample', { sceneId: scene.id, count: wanted, seed: Math.floor(Math.random() * 2 ** 32) });
      keep(scene, beginCheck(map, drawn));
    } catch (thrown) {
      notify(`No sample could be drawn. ${thrownSentence(thrown)}`);
    }
  }

  /** @param {number} place */
  function go(place) {
    const { scene } = view;
    const check = scene && checkOf(scene);
    const grid = scene && desk.opened(scene.id)?.grid;
    judged = scene && grid && check && place >= 0 && place < check.cells.length ? { sceneId: scene.id, place } : null;
    view.judge(judged && grid && check ? cellWindow(grid, check.cells[place]) : null);
    draw();
  }

  /** @param {string} truth '' where it cannot be told */
  function answer(truth) {
    const { scene } = view;
    const check = scene && checkOf(scene);
    if (!scene || !check || !judged) return;
    const next = answered(check, judged.place, truth);
    keep(scene, next);
    go(nextOpen(next, judged.place + 1));
  }

  async function estimate() {
    const { scene } = view;
    const check = scene && checkOf(scene);
    if (!scene || !check) return;
    try {
      const map = await maps.upToDate(scene.id);
      // The estimate is one of the map that the sample was drawn from, and of no other.
      if (!map || identityOf(map) !== check.map) return draw();
      const accuracy = await room.ask('mapAccuracy', { sceneId: scene.id, ...foundIn(check) });
      report = { key: keyOfReport(scene, check), accuracy, isInMetres: hasAreas(map) };
    } catch (thrown) {
      notify(`The map's accuracy could not be estimated. ${thrownSentence(thrown)}`);
    }
    draw();
  }

  /** @param {Scene} scene @param {MapAccuracy} accuracy @param {boolean} isInMetres */
  function reportOf(scene, accuracy, isInMetres) {
    const number = (/** @type {number} */ value) => (isInMetres ? value / 1e4 : value).toLocaleString(undefined, { maximumFractionDigits: 1 });
    const area = (/** @type {Estimate} */ { value, plus_minus }) => `${number(value)} ± ${number(plus_minus)}`;
    const share = (/** @type {Estimate | null | undefined} */ estimate) => (estimate ? `${percent(estimate.value)} ± ${percent(estimate.plus_minus)}` : '–');
    const unit = isInMetres ? 'ha' : 'cells';
    const heads = ['Class', `Mapped, ${unit}`, `In truth, ${unit}`, 'User’s accuracy', 'Producer’s accuracy'];
    return [
      element('p', { id: 'check-overall' }, `Overall accuracy ${share(accuracy.overall)}, by ${counted(accuracy.checked, 'checked cell')}. All intervals are of 95 %.`),
      table('legend', heads, accuracy.classes.map((one) => [one.name, number(one.mapped_area), area(one.area), share(one.users_accuracy), share(one.producers_accuracy)])),
      element('p', { className: 'help' }, 'An interval of ± 0 means that no mistake was among few cells, not that there is none.'),
      element('p', { className: 'help' }, CITATION),
      button('Report as CSV', () => download(new Blob([accuracyCsv(accuracy, isInMetres)], { type: 'text/csv' }), `${stemOf(scene.name)}-accuracy.csv`)),
    ];
  }

  /** @param {MapCheck} check @param {number} place @param {string[]} labels */
  function questionOf(check, place, labels) {
    const keys = keysOf(labels);
    const before = check.truths[place];
    return [
      element('p', { id: 'check-progress', role: 'status' }, `${place + 1} of ${check.cells.length}: what is in the frame?`),
      element('div', { className: 'check-classes' }, ...labels.map((label, index) => button(`${keyOf(keys[index]) ?? ''} ${isolated(label)}`.trim(), () => answer(label), { ariaPressed: String(before === label) }))),
      element(
        'div',
        { className: 'check-steps' },
        button('Back', () => go(place - 1), { disabled: place === 0 }),
        button('Skip', () => answer(''), { title: 'It cannot be told what is there: the cell is left out of the estimate' }),
        button('Stop for now', () => go(-1)),
      ),
    ];
  }

  const draw = beforePaint(() => {
    const { scene } = view;
    const map = scene && mapOf(scene);
    const check = scene && checkOf(scene);
    const isSame = check && map ? identityOf(map) === check.map : false;
    if (judged && (judged.sceneId !== scene?.id || !isSame)) {
      judged = null;
      view.judge(null);
    }
    if (!scene || !map) return root.replaceChildren(element('p', { className: 'help' }, 'There is no map to check yet.'));
    if (judged && check) return root.replaceChildren(...questionOf(check, judged.place, map.labels));
    const begins = [element('label', {}, 'Cells ', count), button(check ? 'Draw another sample' : 'Draw a sample', begin)];
    if (!check) {
      const help = 'How right is the map, and how large are its classes in truth? Look at a sample of its cells and say what is there. What you say here is never a label: a check that was trained on is none.';
      return root.replaceChildren(element('p', { className: 'help' }, help), ...begins);
    }
    const { found, skipped, open } = progressOf(check);
    const parts = [element('p', {}, `${found} of ${check.cells.length} cells are checked.${skipped > 0 ? ` ${counted(skipped, 'cell')} skipped, and left out.` : ''}`)];
    if (!isSame) {
      const help = 'The map is another than the one that the sample was drawn from: the sample is a fair one only for that. Your answers are kept and count again as soon as that map is back; or draw another sample.';
      return root.replaceChildren(...parts, element('p', { className: 'warning-text' }, help), ...begins);
    }
    parts.push(element('p', { className: 'help' }, `Drawn: ${drawnOf(check, map).map(({ name, count: drawn }) => `${drawn} of ${name}`).join(', ')}. The answers are no labels, and train nothing.`));
    const steps = [
      ...(open > 0 ? [button(found + skipped > 0 ? 'Go on' : 'Begin', () => go(nextOpen(check)))] : [button('Look again', () => go(0))]),
      ...(found > 0 ? [button('Estimate', estimate)] : []),
    ];
    parts.push(element('div', { className: 'check-steps' }, ...steps));
    const stands = report && report.key === keyOfReport(scene, check) ? report : null;
    root.replaceChildren(...parts, ...(stands ? reportOf(scene, stands.accuracy, stands.isInMetres) : []), ...begins);
  });

  // Before all others: a class's key is an answer here, and labels nothing.
  document.addEventListener(
    'keydown',
    (event) => {
      const map = view.scene && mapOf(view.scene);
      if (!judged || !map || document.documentElement.dataset.view !== 'map' || isTyping(event.target)) return;
      const wanted = keysOf(map.labels).indexOf(classIndexOf(event));
      if (wanted >= 0 && classIndexOf(event) >= 0) answer(map.labels[wanted]);
      else if (event.key === 'Backspace') go(Math.max(0, judged.place - 1));
      else if (event.key === 'Escape') go(-1);
      else if (classIndexOf(event) < 0 && !(event.shiftKey && event.key.startsWith('Arrow'))) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  for (const source of [desk, scenes]) source.addEventListener('changed', draw);
  maps.addEventListener('changed', () => soon(draw));
  labelling.addEventListener('classes', draw);
  byId('scene-picker', HTMLSelectElement).addEventListener('change', draw);
  draw();
}

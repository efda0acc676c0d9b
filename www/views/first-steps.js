/** The first steps: a line below the bar for newcomers, which says what comes next and leads there. */

import { STEPS, firstSteps } from '../app/first-steps.js';
import { beforePaint, byId, counted, element, isolated } from './dom.js';
import { keyOf } from './label-keys.js';
import { onTiles } from './on-tiles.js';
import { remember, remembered } from './remembered.js';

/** @typedef {import('../app/first-steps.js').Next} Next */
/** @typedef {import('../app/first-steps.js').Step} Step */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/projects.js').Projects} Projects */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../training/fine-tuning.js').FineTuning} FineTuning */
/** @typedef {import('./layout.js').Layout} Layout */
/** @typedef {ReturnType<typeof import('./tile-grid.js').setUpTileGrid>} TileGrid */

/** @type {Record<Step, string>} */
const TITLES = { add: 'Add tiles', label: 'Label five of each', train: 'Train', look: 'Look at the mistakes', take: 'Take it away' };

/** What the button says; where there is nothing to press, it is not there. @type {Record<Next['do'], string>} */
const BUTTONS = { add: 'Choose files…', classes: 'Name a class', label: 'Go to the tiles', scarce: 'Train', train: 'Train', wait: '', training: '', look: 'See the report', take: 'Take it away', end: 'Close' };

/**
 * @param {{ session: Session, tiles: TileList, shown: ShownTiles, labelling: Labelling, workspace: Workspace, fineTuning: FineTuning }} page
 * @param {Projects} projects
 * @param {Layout} layout
 * @param {TileGrid} grid
 */
export async function setUpFirstSteps({ session, tiles, shown, labelling, workspace, fineTuning }, projects, layout, grid) {
  const strip = byId('first-steps', HTMLElement);
  const list = byId('first-steps-list', HTMLElement);
  const sentence = byId('first-steps-next', HTMLElement);
  const go = byId('first-steps-go', HTMLButtonElement);
  /** What is drawn. */
  let drawn = '';
  /** @type {Next} */
  let next = { do: 'add' };
  /** What happened to the project. A head that is trained again does not begin the way anew. */
  let past = pastOf(workspace.id);

  function state() {
    const isTrained = workspace.current.report !== null;
    const before = past.projectId === workspace.id ? past : pastOf(workspace.id);
    past = {
      projectId: workspace.id,
      isLookedAt: before.isLookedAt || (isTrained && layout.view === 'report'),
      isTakenAway: before.isTakenAway || (isTrained && workspace.isTakenAway),
    };
    if (past.isLookedAt !== before.isLookedAt || past.isTakenAway !== before.isTakenAway) rememberPast(past);
    const unlabelled = tiles.all.filter(({ classId, state: is }) => classId === null && is !== 'error').length;
    return { ...past, tiles: tiles.size, unlabelled, counts: labelling.counts, obstacle: fineTuning.obstacle, isTraining: fineTuning.stage !== 'idle', isTrained };
  }

  const draw = beforePaint(() => {
    if (strip.hidden) return;
    const found = firstSteps(state());
    next = found.next;
    const says = sentenceOf(next);
    // Answers stream in: what says the same stays as it is.
    const wanted = JSON.stringify([found.done, says]);
    if (wanted === drawn) return;
    drawn = wanted;
    const current = found.done.indexOf(false);
    list.replaceChildren(...STEPS.map((step, place) => item(TITLES[step], place, found.done[place], place === current)));
    sentence.textContent = says;
    go.textContent = BUTTONS[next.do];
    go.hidden = BUTTONS[next.do] === '';
  });

  /** @param {Next} step */
  function sentenceOf(step) {
    switch (step.do) {
      case 'add':
        return 'Drop a folder of tiles anywhere, or choose files.';
      case 'classes':
        return labelling.classes.length === 0 ? 'Make a class for each kind of ground that you want to tell apart.' : 'Make another class: it takes two to tell apart.';
      case 'label': {
        const name = isolated(labelling.classes[step.place]?.name ?? '');
        const key = keyOf(step.place) ?? '+';
        return `Select ${counted(step.missing, 'more tile')} of ${name}, then press ${key} on the keyboard or beside the class.`;
      }
      case 'scarce':
        return 'Every tile has a label. Train with these, or add more tiles first.';
      case 'train':
        return 'These labels are enough for a first try. Training takes seconds.';
      case 'wait':
        return fineTuning.obstacle;
      case 'training':
        return 'Training goes on. The time left stands under Train.';
      case 'look':
        return 'Your classifier is ready. See how good it is, and where it errs.';
      case 'take':
        return 'Download your classifier, or export the project as one file.';
      case 'end':
        return 'That was the whole way. Label more where it errs, and train again.';
    }
  }

  /** Where classes and tiles are seen. */
  function toWork() {
    if (layout.view !== 'map') layout.show('grid');
    layout.unfoldClasses();
  }

  function train() {
    toWork();
    byId('train', HTMLButtonElement).click();
    byId('training-status', HTMLElement).scrollIntoView({ block: 'nearest' });
  }

  /** @type {Record<Next['do'], () => void>} */
  const acts = {
    add: () => byId('choose-files', HTMLButtonElement).click(),
    classes: () => {
      toWork();
      byId('class-name', HTMLInputElement).focus();
    },
    label: () => {
      layout.show('grid');
      const tile = shown.all.find(({ classId }) => classId === null) ?? shown.all[0];
      // The grid is measured when it is seen again.
      requestAnimationFrame(() => requestAnimationFrame(() => tile && grid.focus(tile)));
    },
    scarce: train,
    train,
    wait: () => {},
    training: () => {},
    look: () => layout.show('report'),
    take: () => {
      layout.show('report');
      byId('take-away-panel', HTMLElement).scrollIntoView({ block: 'start' });
      byId('take-away', HTMLElement).querySelector('button')?.focus({ preventScroll: true });
    },
    end: close,
  };

  function close() {
    strip.hidden = true;
    remember('tilelens-window', { firstSteps: false });
    // The button is gone, and the keyboard would be nowhere. This one brings the steps back.
    byId('show-shortcuts', HTMLButtonElement).focus();
  }

  function open() {
    strip.hidden = false;
    remember('tilelens-window', { firstSteps: true });
    draw();
  }

  go.addEventListener('click', () => acts[next.do]());
  byId('first-steps-close', HTMLButtonElement).addEventListener('click', close);
  byId('show-first-steps', HTMLButtonElement).addEventListener('click', open);
  for (const type of ['changed', 'models', 'takenAway']) workspace.addEventListener(type, draw);
  for (const type of ['stage', 'trained']) fineTuning.addEventListener(type, draw);
  session.addEventListener('status', draw);
  labelling.addEventListener('classes', draw);
  layout.addEventListener('view', draw);
  onTiles(tiles, ['added', 'changed', 'removed'], draw);

  // Who has a project has gone this way before; unless the steps are open since.
  const isNewcomer = tiles.size === 0 && (await projects.list().catch(() => [])).length === 0;
  if (remembered('tilelens-window', 'firstSteps', isNewcomer)) open();
}

/** What the user of this browser did with a project, which the project does not know. @typedef {{ projectId: string, isLookedAt: boolean, isTakenAway: boolean }} Past */

/** @param {string} projectId @returns {Past} */
function pastOf(projectId) {
  const isKept = remembered('tilelens-window', 'firstStepsOf', '') === projectId;
  return { projectId, isLookedAt: isKept && remembered('tilelens-window', 'firstStepsLooked', false), isTakenAway: isKept && remembered('tilelens-window', 'firstStepsTaken', false) };
}

/** Of one project: the way is gone once. @param {Past} past */
function rememberPast({ projectId, isLookedAt, isTakenAway }) {
  remember('tilelens-window', { firstStepsOf: projectId, firstStepsLooked: isLookedAt, firstStepsTaken: isTakenAway });
}

/** @param {string} title @param {number} place @param {boolean} isDone @param {boolean} isCurrent */
function item(title, place, isDone, isCurrent) {
  const mark = element('span', { className: 'mark', ariaHidden: 'true' }, isDone ? '✓' : String(place + 1));
  const made = element('li', { className: isDone ? 'done' : '' }, mark, element('span', { className: 'title' }, title));
  if (isDone) made.append(element('span', { className: 'visually-hidden' }, ': done'));
  if (isCurrent) made.setAttribute('aria-current', 'step');
  return made;
}

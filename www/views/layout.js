/** What is where: the welcome before there are tiles, the views, and the panels at the sides, which can be folded. */

import { byId, isTyping } from './dom.js';
import { remember, remembered } from './remembered.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/heatmaps.js').Heatmaps} Heatmaps */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../scene/scenes.js').Scenes} Scenes */
/** @typedef {'grid' | 'map' | 'similarity' | 'report'} View */
/** @typedef {{ view: View, show: (wanted: View) => void, unfoldClasses: () => void } & Pick<EventTarget, 'addEventListener'>} Layout Tells of another `view`. */

/** @type {View[]} */
const VIEWS = ['grid', 'map', 'similarity', 'report'];

/** The narrowest windows in which tiles have room beside the classes, and beside the details of one of them. */
const WIDE = { classes: '(min-width: 901px)', inspector: '(min-width: 1100px)' };

/**
 * @param {{ tiles: TileList, labelling: Labelling, workspace: Workspace, spotlight: Spotlight, scenes: Scenes, heatmaps: Heatmaps }} page
 * @returns {Layout}
 */
export function setUpLayout({ tiles, labelling, workspace, spotlight, scenes, heatmaps }) {
  const root = document.documentElement;
  const top = byId('top', HTMLElement);
  const toolbar = byId('toolbar', HTMLElement);
  const panels = byId('panels', HTMLElement);
  const inspector = byId('inspector', HTMLElement);
  const begin = byId('begin-classes', HTMLButtonElement);
  const classesFold = byId('toggle-classes', HTMLButtonElement);
  const inspectorFold = byId('toggle-inspector', HTMLButtonElement);
  const hasRoom = { classes: window.matchMedia(WIDE.classes).matches, inspector: window.matchMedia(WIDE.inspector).matches };
  // What has no room is folded, however it was before.
  const isOpen = { classes: hasRoom.classes && remembered('tilelens-window', 'classes', true), inspector: hasRoom.inspector && remembered('tilelens-window', 'inspector', true) };
  /** Whether the user began with classes, before there are tiles. */
  let hasBegun = false;
  /** How far each view is scrolled. */
  const scrolled = { grid: 0, map: 0, similarity: 0, report: 0 };
  /** @type {View} */
  let view = 'grid';
  const events = new EventTarget();

  function draw() {
    const isEmpty = tiles.size === 0;
    const hasClasses = isEmpty ? hasBegun || labelling.classes.length > 0 : isOpen.classes;
    root.dataset.tiles = isEmpty ? 'none' : 'some';
    byId('drop-zone', HTMLElement).hidden = !isEmpty;
    byId('add-menu', HTMLElement).hidden = isEmpty;
    byId('results', HTMLElement).hidden = isEmpty;
    toolbar.hidden = isEmpty;
    panels.hidden = !hasClasses;
    inspector.hidden = isEmpty || !isOpen.inspector;
    byId('view-map', HTMLButtonElement).hidden = scenes.size === 0;
    if (scenes.size === 0 && view === 'map') show('grid');
    begin.ariaExpanded = String(hasClasses);
    begin.hidden = labelling.classes.length > 0;
    classesFold.ariaExpanded = String(isOpen.classes);
    inspectorFold.ariaExpanded = String(isOpen.inspector);
  }

  /** @param {View} wanted */
  function show(wanted) {
    if (wanted === view) return;
    scrolled[view] = window.scrollY;
    view = wanted;
    root.dataset.view = view;
    // Beside the map there is room for one column.
    byId(view === 'map' ? 'map-panel' : 'workbench', HTMLElement).append(inspector);
    for (const name of VIEWS) byId(`view-${name}`, HTMLButtonElement).ariaPressed = String(name === view);
    window.scrollTo(0, scrolled[view]);
    events.dispatchEvent(new Event('view'));
  }

  /** @param {'classes' | 'inspector'} side */
  function fold(side) {
    isOpen[side] = !isOpen[side];
    if (hasRoom[side]) remember('tilelens-window', { [side]: isOpen[side] });
    draw();
  }

  root.dataset.view = view;
  for (const name of /** @type {const} */ (['grid', 'map', 'similarity'])) byId(`view-${name}`, HTMLButtonElement).addEventListener('click', () => show(name));
  for (const id of ['view-report', 'open-report']) byId(id, HTMLButtonElement).addEventListener('click', () => show('report'));
  classesFold.addEventListener('click', () => fold('classes'));
  inspectorFold.addEventListener('click', () => fold('inspector'));
  begin.addEventListener('click', () => {
    hasBegun = !hasBegun;
    isOpen.classes ||= hasBegun;
    draw();
    if (hasBegun) byId('class-name', HTMLInputElement).focus();
  });
  document.addEventListener('keydown', (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || tiles.size === 0) return;
    if (event.key === '[') fold('classes');
    else if (event.key === ']') fold('inspector');
  });
  // What was turned on is to be seen.
  heatmaps.addEventListener('switched', () => heatmaps.isOn && !isOpen.inspector && fold('inspector'));
  // Those tiles are to be seen; the map frames those that are its cells.
  spotlight.addEventListener('changed', () => spotlight.ranks && view !== 'map' && show('grid'));
  let projectId = workspace.id;
  workspace.addEventListener('changed', () => {
    if (workspace.id === projectId) return;
    projectId = workspace.id;
    hasBegun = false;
    scrolled.grid = 0;
    show('grid');
    draw();
  });
  for (const type of ['added', 'removed']) tiles.addEventListener(type, draw);
  labelling.addEventListener('classes', draw);
  scenes.addEventListener('changed', draw);
  draw();

  // What sticks below the bar has to know how high it is: it grows with notices, and wraps in a narrow window.
  const measured = new ResizeObserver(() => {
    root.style.setProperty('--top-height', `${top.offsetHeight}px`);
    root.style.setProperty('--toolbar-height', `${toolbar.offsetHeight}px`);
  });
  for (const bar of [top, toolbar]) measured.observe(bar);

  return {
    get view() {
      return view;
    },
    show,
    unfoldClasses: () => isOpen.classes || fold('classes'),
    addEventListener: events.addEventListener.bind(events),
  };
}

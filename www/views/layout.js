/** What is where: the welcome before there are tiles, the views, and the panels at the sides, which can be folded. */

import { byId, isTyping } from './dom.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {'grid' | 'similarity' | 'report'} View */

/** The narrowest windows in which tiles have room beside the classes, and beside the details of one of them. */
const WIDE = { classes: '(min-width: 901px)', inspector: '(min-width: 1100px)' };

/**
 * @param {{ tiles: TileList, labelling: Labelling, workspace: Workspace, spotlight: Spotlight }} page
 */
export function setUpLayout({ tiles, labelling, workspace, spotlight }) {
  const root = document.documentElement;
  const top = byId('top', HTMLElement);
  const toolbar = byId('toolbar', HTMLElement);
  const panels = byId('panels', HTMLElement);
  const inspector = byId('inspector', HTMLElement);
  const begin = byId('begin-classes', HTMLButtonElement);
  const classesFold = byId('toggle-classes', HTMLButtonElement);
  const inspectorFold = byId('toggle-inspector', HTMLButtonElement);
  const isOpen = { classes: window.matchMedia(WIDE.classes).matches, inspector: window.matchMedia(WIDE.inspector).matches };
  /** Whether the user began with classes, before there are tiles. */
  let hasBegun = false;
  /** How far each view is scrolled. */
  const scrolled = { grid: 0, similarity: 0, report: 0 };
  /** @type {View} */
  let view = 'grid';

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
    for (const name of /** @type {View[]} */ (['grid', 'similarity', 'report'])) byId(`view-${name}`, HTMLButtonElement).ariaPressed = String(name === view);
    window.scrollTo(0, scrolled[view]);
  }

  /** @param {'classes' | 'inspector'} side */
  function fold(side) {
    isOpen[side] = !isOpen[side];
    draw();
  }

  root.dataset.view = view;
  byId('view-grid', HTMLButtonElement).addEventListener('click', () => show('grid'));
  byId('view-similarity', HTMLButtonElement).addEventListener('click', () => show('similarity'));
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
  // Those tiles are to be seen.
  spotlight.addEventListener('changed', () => spotlight.ranks && show('grid'));
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
  draw();

  // What sticks below the bar has to know how high it is: it grows with notices, and wraps in a narrow window.
  const measured = new ResizeObserver(() => {
    root.style.setProperty('--top-height', `${top.offsetHeight}px`);
    root.style.setProperty('--toolbar-height', `${toolbar.offsetHeight}px`);
  });
  for (const bar of [top, toolbar]) measured.observe(bar);
}

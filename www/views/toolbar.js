/** The batch's progress, and what can be done with all tiles at once. */

import { counts } from '../tiles/arrangement.js';
import { resultsCsv } from '../tiles/results-csv.js';
import { beforePaint, button, byId, counted, download, duration, isolated } from './dom.js';
import { onTiles } from './on-tiles.js';
import { failureSentence, tileNotes } from './sentences.js';
import { timeLeft } from './time-left.js';

/** @typedef {import('../tiles/arrangement.js').ClassFilter} ClassFilter */
/** @typedef {import('../tiles/arrangement.js').Order} Order */
/** @typedef {import('../tiles/classification.js').Classification} Classification */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/shown-tiles.js').ShownTiles} ShownTiles */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/**
 * @param {{ tiles: TileList, labelling: Labelling, classification: Classification, shown: ShownTiles, spotlight: Spotlight }} page
 */
export function setUpToolbar({ tiles, labelling, classification, shown, spotlight }) {
  setUpBatch(tiles, classification);
  setUpArrangement(tiles, labelling, spotlight, shown);
  byId('clear', HTMLButtonElement).addEventListener('click', () => labelling.removeTiles(tiles.all));
  const labelOf = (/** @type {Tile} */ { classId }) => labelling.classOf(classId)?.name ?? '';
  byId('download-csv', HTMLButtonElement).addEventListener('click', () => download(resultsCsv(tiles.all, labelOf, failureSentence, tileNotes), 'tilelens-results.csv'));
}

/**
 * @param {TileList} tiles
 * @param {Classification} classification
 */
function setUpBatch(tiles, classification) {
  const bar = byId('batch-bar', HTMLProgressElement);
  const status = byId('batch-status', HTMLElement);
  const announcement = byId('announcement', HTMLElement);
  const cancel = byId('cancel', HTMLButtonElement);
  const resume = byId('resume', HTMLButtonElement);
  let startMs = 0;
  let settledAtStart = 0;

  const settled = () => tiles.inState('done').length + tiles.inState('error').length;

  function sentence() {
    const total = tiles.size;
    const done = settled();
    const left = tiles.inState('queued').length + tiles.inState('working').length;
    const elapsedMs = performance.now() - startMs;
    const inBatch = done - settledAtStart;
    const msATile = elapsedMs / inBatch;
    if (left === 0) {
      const speed = inBatch > 0 ? `, the last ${inBatch.toLocaleString()} in ${duration(elapsedMs)} (${duration(msATile)} per tile)` : '';
      return `${counted(done, 'tile')} done${speed}`;
    }
    if (!classification.running) return `${counted(left, 'tile')} waiting for the engine`;
    return `${done.toLocaleString()} of ${counted(total, 'tile')}${timeLeft(startMs, inBatch / (inBatch + left))}`;
  }

  let lastSentence = '';
  const draw = beforePaint(() => {
    const cancelled = tiles.inState('cancelled').length;
    const waiting = tiles.inState('queued').length + tiles.inState('working').length;
    bar.max = Math.max(1, tiles.size);
    bar.value = settled();
    cancel.hidden = waiting === 0;
    resume.hidden = cancelled === 0 || waiting > 0;
    resume.textContent = `Continue with ${counted(cancelled, 'tile')}`;
    // The time of a batch stands still once the batch has ended.
    if (waiting > 0 || lastSentence === '') lastSentence = sentence();
    status.textContent = lastSentence;
  });

  onTiles(tiles, ['added', 'changed', 'removed'], draw);
  classification.addEventListener('started', () => {
    startMs = performance.now();
    settledAtStart = settled();
  });
  classification.addEventListener('ended', () => {
    lastSentence = sentence();
    announcement.textContent = lastSentence;
    draw();
  });
  tiles.addEventListener('removed', () => {
    settledAtStart = Math.min(settledAtStart, settled());
    if (!classification.running) lastSentence = `${counted(settled(), 'tile')} done`;
  });
  cancel.addEventListener('click', () => classification.cancel());
  resume.addEventListener('click', () => classification.resume());
  // Tiles may have come before the toolbar.
  draw();
}

/**
 * @param {TileList} tiles
 * @param {Labelling} labelling
 * @param {Spotlight} spotlight
 * @param {ShownTiles} shown
 */
function setUpArrangement(tiles, labelling, spotlight, shown) {
  const sort = byId('sort', HTMLSelectElement);
  const byLabel = byId('filter-label', HTMLSelectElement);
  const spotlightBar = byId('spotlight', HTMLElement);
  const byClass = byId('filter-class', HTMLSelectElement);
  const byConfidence = byId('filter-confidence', HTMLSelectElement);
  /** One for each option, because a label may be any text. @type {ClassFilter[]} */
  let classFilters = [];

  const tell = () =>
    shown.arrange({
      order: /** @type {Order} */ (sort.value),
      byClass: classFilters[byClass.selectedIndex] ?? { kind: 'all' },
      byConfidence: Object.fromEntries([byConfidence.value.split(':')].map(([kind, limit]) => [kind, Number(limit)])),
      byLabel: byLabel.value,
      spotlight: spotlight.ranks,
    });

  const offerLabels = () => {
    const chosen = byLabel.value;
    const options = [
      ['any', 'Any'],
      ['none', 'Unlabelled'],
      ...labelling.classes.map(({ id, name }) => [id, name]),
    ].map(([value, text]) => new Option(text, value, false, value === chosen));
    byLabel.replaceChildren(...options);
    if (byLabel.value !== chosen) tell();
  };
  const showSpotlight = () => {
    spotlightBar.hidden = spotlight.title === '';
    spotlightBar.replaceChildren(spotlight.title, button('Show all tiles', () => spotlight.clear()));
    tell();
  };

  const offerClasses = beforePaint(() => {
    // While the list may be open, its options stay where they are.
    if (document.activeElement === byClass) return;
    const chosen = classFilters[byClass.selectedIndex] ?? { kind: 'all' };
    const { classes, errors } = counts(tiles.all);
    /** @type {{ filter: ClassFilter, value: string, text: string }[]} */
    const options = [
      { filter: { kind: 'all' }, value: '', text: `All (${tiles.size})` },
      ...classes.map(([name, count]) => ({
        filter: /** @type {ClassFilter} */ ({ kind: 'class', name }),
        value: name,
        text: `${isolated(name)} (${count})`,
      })),
    ];
    if (errors > 0) options.push({ filter: { kind: 'error' }, value: ' errors', text: `Errors (${errors})` });
    const isChosen = (/** @type {ClassFilter} */ filter) => JSON.stringify(filter) === JSON.stringify(chosen);
    // A class that was chosen and has no tile any more stays chosen.
    if (!options.some(({ filter }) => isChosen(filter))) {
      const name = chosen.kind === 'class' ? chosen.name : 'Errors';
      options.push({ filter: chosen, value: name, text: `${isolated(name)} (0)` });
    }
    classFilters = options.map(({ filter }) => filter);
    byClass.replaceChildren(...options.map(({ value, text, filter }) => new Option(text, value, false, isChosen(filter))));
  });

  onTiles(tiles, ['added', 'changed', 'removed'], offerClasses);
  for (const select of [sort, byClass, byConfidence, byLabel]) select.addEventListener('change', tell);
  byClass.addEventListener('blur', offerClasses);
  labelling.addEventListener('classes', offerLabels);
  spotlight.addEventListener('changed', showSpotlight);
  offerClasses();
  offerLabels();
}

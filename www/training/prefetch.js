/** While nothing else is asked of the engine, computes the features that training will need of the labelled tiles. */

import { VIEWS } from '../engine/index.js';
import { settingsFrom } from './settings.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/classification.js').Classification} Classification */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('./fine-tuning.js').FineTuning} FineTuning */
/** @typedef {import('./view-features.js').ViewFeatures} ViewFeatures */

/** A user who has just acted may act again at once. */
const IDLE_MS = 500;

/** On a slower device the user's next wish would wait for seconds. */
const SLOWEST_INFERENCE_MS = 200;

/**
 * @param {object} page
 * @param {Session} page.session
 * @param {TileList} page.tiles
 * @param {Labelling} page.labelling
 * @param {Workspace} page.workspace
 * @param {Classification} page.classification
 * @param {FineTuning} page.fineTuning
 * @param {ViewFeatures} page.viewFeatures
 */
export function startPrefetch({ session, tiles, labelling, workspace, classification, fineTuning, viewFeatures }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isRunning = false;

  const isFree = () => session.status.state === 'ready' && !classification.running && fineTuning.stage === 'idle';
  const isWorthIt = (/** @type {Tile} */ tile) =>
    tile.state === 'done' && (tile.answer?.inferenceMs ?? Infinity) <= SLOWEST_INFERENCE_MS && !viewFeatures.has(tile, VIEWS);

  async function run() {
    if (isRunning || !settingsFrom(workspace.settings).augmentation) return;
    isRunning = true;
    try {
      for (;;) {
        const next = isFree() ? labelling.labelled.filter(isWorthIt).slice(0, viewFeatures.atOnce) : [];
        if (next.length === 0) break;
        await viewFeatures.complete(next, () => undefined, new AbortController().signal);
      }
    } catch {
      // Whoever asks for the features next is told what is wrong with the engine.
    } finally {
      isRunning = false;
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(run, IDLE_MS);
  };
  tiles.addEventListener('changed', soon);
  classification.addEventListener('ended', soon);
  workspace.addEventListener('changed', soon);
}

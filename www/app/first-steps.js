/** The way of a newcomer: which of its five steps are done, and what comes next. Sentences are the views'. */

/** Labels of each class that are enough for a first try. */
export const ENOUGH = 5;

/** In their order. @typedef {'add' | 'label' | 'train' | 'look' | 'take'} Step */
/** @type {Step[]} */
export const STEPS = ['add', 'label', 'train', 'look', 'take'];

/**
 * @typedef {object} State How the page stands.
 * @property {number} tiles
 * @property {number} unlabelled tiles that can be read and have no label
 * @property {number[]} counts labelled tiles of each class
 * @property {string} obstacle why training cannot begin
 * @property {boolean} isTraining
 * @property {boolean} isTrained
 * @property {boolean} isLookedAt the report, since the head was trained
 * @property {boolean} isTakenAway the head or the project with it
 */

/**
 * What comes next, as exactly as it can be said.
 * @typedef {{ do: 'add' | 'classes' | 'train' | 'wait' | 'training' | 'scarce' | 'look' | 'take' | 'end' }
 *   | { do: 'label', place: number, missing: number }} Next `place` of the class that lacks labels.
 */

/**
 * @param {State} state
 * @returns {{ done: boolean[], next: Next }} `done` in the order of the steps
 */
export function firstSteps(state) {
  const { tiles, counts, isTrained, isLookedAt, isTakenAway } = state;
  const isLabelled = counts.length >= 2 && counts.every((count) => count >= ENOUGH);
  const found = [tiles > 0, isLabelled, isTrained, isTrained && isLookedAt, isTrained && isTakenAway];
  // Who trained had labels enough, whatever was added or removed since.
  const done = found.map((isDone, place) => isDone || place < found.lastIndexOf(true));
  return { done, next: nextOf(STEPS[done.indexOf(false)], state) };
}

/** @param {Step | undefined} step the first that is not done @param {State} state @returns {Next} */
function nextOf(step, { counts, unlabelled, obstacle, isTraining }) {
  if (isTraining) return { do: 'training' };
  if (step === undefined) return { do: 'end' };
  if (step === 'train') return { do: obstacle ? 'wait' : 'train' };
  if (step !== 'label') return { do: step };
  if (counts.length < 2) return { do: 'classes' };
  if (unlabelled === 0 && !obstacle) return { do: 'scarce' };
  const place = counts.findIndex((count) => count < ENOUGH);
  return { do: 'label', place, missing: ENOUGH - counts[place] };
}

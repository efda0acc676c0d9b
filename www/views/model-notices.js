/** Says why a model is not in use, and offers what can be done instead. */

import { notify } from './notices.js';
import { failureSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('../models/model-in-use.js').ModelInUse} ModelInUse */
/** @typedef {import('../models/model-in-use.js').Refusal} Refusal */
/** @typedef {import('../training/fine-tuning.js').FineTuning} FineTuning */
/** @typedef {import('../training/settings.js').Settings} Settings */

const LABELS_ARE_THERE = 'Your labels are all there.';

/**
 * @param {{ modelInUse: ModelInUse, fineTuning: FineTuning }} page
 * @param {() => Settings | null} settings
 */
export function setUpModelNotices({ modelInUse, fineTuning }, settings) {
  let closeNotice = () => {};

  /** @param {Refusal} refusal */
  function tell({ choice, failure }) {
    closeNotice();
    if (choice.kind !== 'project') {
      closeNotice = notify(`The model was not loaded: ${failureSentence(failure)}`);
    } else if (failure.code !== 'model.other_backbone') {
      closeNotice = notify(`The head of this project cannot be read (${failureSentence(failure)}): the model of this site is in use. ${LABELS_ARE_THERE}`);
    } else {
      const train = { label: 'Train a new head', act: trainAnew };
      const whole = { label: 'Use the old model', act: () => modelInUse.openWholeOfProject() };
      const text = `The head of this project belongs to a different backbone than this site's, so the site's model is in use. ${LABELS_ARE_THERE} Train a new head on them: it takes seconds.`;
      closeNotice = notify(text, failure.data?.isWhole ? [train, whole] : [train], 'news');
    }
  }

  function trainAnew() {
    const wanted = settings();
    if (!wanted) return;
    if (fineTuning.obstacle) notify(fineTuning.obstacle, [{ label: 'Train a new head', act: trainAnew }], 'news');
    else fineTuning.train({ ...wanted, start: 'scratch' });
  }

  modelInUse.addEventListener('refused', (event) => tell(/** @type {CustomEvent<Refusal>} */ (event).detail));
  modelInUse.addEventListener('misnamed', (event) => {
    const { detail } = /** @type {CustomEvent<Failure>} */ (event);
    notify(`The model could not be given the new name of a class: ${failureSentence(detail)} It goes on under the names that it learnt. Train again to give it the new ones.`);
  });
  // What was said of another project's head holds no longer.
  modelInUse.addEventListener('changed', () => {
    if (modelInUse.isOfProject && !modelInUse.isChanging) closeNotice();
  });
}

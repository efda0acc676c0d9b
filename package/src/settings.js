/** What `Classifier.train` is given, before the engine sees it: a name that is misspelt would else be passed over. */

import { TRAINING_DEFAULTS } from '../../www/engine/index.js';
import { TilelensError } from './errors.js';

/** @typedef {{ words: string, test: (value: any) => boolean }} Rule */

/** @param {number} most @returns {Rule} */
const share = (most) => ({ words: `a number from 0 to ${most}`, test: (value) => Number.isFinite(value) && value >= 0 && value <= most });
/** @type {Rule} */
const number = { words: 'a number from 0 on', test: (value) => Number.isFinite(value) && value >= 0 };
/** @type {Rule} */
const whole = { words: 'a whole number from 1 on', test: (value) => Number.isSafeInteger(value) && value >= 1 };
/** @type {Rule} */
const flag = { words: 'true or false', test: (value) => typeof value === 'boolean' };

/** @type {Record<string, Rule>} */
const RULES = {
  ...{ epochs: whole, batchSize: whole, denseNeurons: whole, patience: whole },
  ...{ learningRate: number, weightDecay: number, seed: number },
  ...{ dropoutRate: share(1), labelSmoothing: share(1), validationFraction: share(0.5) },
  ...{ standardised: flag, classWeighting: flag, augmentation: flag },
};

/** Told apart from the settings of the engine. */
const OWN = ['labels', 'name', 'signal'];

/**
 * @param {any} settings
 * @returns {any} with the defaults of what is not given
 */
export function checkedSettings(settings) {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) {
    if (OWN.includes(name)) continue;
    const rule = RULES[name];
    if (!rule) throw new TilelensError('training.setting', `There is no setting ${name}: the settings are ${[...Object.keys(RULES), ...OWN].join(', ')}.`);
    if (!rule.test(value)) throw new TilelensError('training.setting', `The setting ${name} is ${JSON.stringify(value)}: give ${rule.words}.`);
  }
  return { ...TRAINING_DEFAULTS, ...given };
}

/** @param {any} samples */
export function checkSamples(samples) {
  if (!Array.isArray(samples)) throw new TilelensError('training.samples', 'Give a list of samples: [{ source, label }, …].');
  const bad = samples.findIndex((sample) => typeof sample?.label !== 'string' || sample.source === undefined);
  if (bad >= 0) throw new TilelensError('training.samples', `Sample ${bad + 1} of ${samples.length} has no source, or no label that is text: give { source, label }.`);
  if (new Set(samples.map(({ label }) => label)).size < 2) throw new TilelensError('training.samples', 'All samples have one label: a classifier needs two classes or more.');
}

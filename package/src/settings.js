/** What `Classifier.train` is given, before the engine sees it: a name that is misspelt would else be passed over. */

import { TRAINING_DEFAULTS } from '../../www/engine/index.js';
import { TilelensError } from './errors.js';

/** @typedef {'whole' | 'any' | 'share' | 'flag'} Kind */

/** What each may be: a whole number from 1 on, any number from 0 on, a share from 0 to 1, or true or false. @type {Record<string, Kind>} */
const KINDS = {
  ...{ epochs: 'whole', batchSize: 'whole', denseNeurons: 'whole', patience: 'whole' },
  ...{ learningRate: 'any', weightDecay: 'any', seed: 'any' },
  ...{ dropoutRate: 'share', labelSmoothing: 'share', validationFraction: 'share' },
  ...{ standardised: 'flag', classWeighting: 'flag', augmentation: 'flag' },
};

/** @type {Record<Kind, { words: string, test: (value: any) => boolean }>} */
const RULES = {
  whole: { words: 'a whole number from 1 on', test: (value) => Number.isSafeInteger(value) && value >= 1 },
  any: { words: 'a number from 0 on', test: (value) => Number.isFinite(value) && value >= 0 },
  share: { words: 'a number from 0 to 1', test: (value) => Number.isFinite(value) && value >= 0 && value <= 1 },
  flag: { words: 'true or false', test: (value) => typeof value === 'boolean' },
};

/** Told apart from the settings of the engine. */
const OWN = ['labels', 'name', 'signal'];

/**
 * @param {any} settings
 * @returns {any} with the defaults of what is not given
 */
export function checkedSettings(settings) {
  for (const [name, value] of Object.entries(settings)) {
    if (OWN.includes(name) || value === undefined) continue;
    const rule = RULES[KINDS[name]];
    if (!rule) throw new TilelensError('training.setting', `There is no setting ${name}: the settings are ${[...Object.keys(KINDS), ...OWN].join(', ')}.`);
    if (!rule.test(value)) throw new TilelensError('training.setting', `The setting ${name} is ${JSON.stringify(value)}: give ${rule.words}.`);
  }
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return { ...TRAINING_DEFAULTS, ...given };
}

/** @param {any} samples */
export function checkSamples(samples) {
  if (!Array.isArray(samples)) throw new TilelensError('training.samples', 'Give a list of samples: [{ source, label }, …].');
  const bad = samples.findIndex((sample) => typeof sample?.label !== 'string' || sample.source === undefined);
  if (bad >= 0) throw new TilelensError('training.samples', `Sample ${bad + 1} of ${samples.length} has no source, or no label that is text: give { source, label }.`);
  if (new Set(samples.map(({ label }) => label)).size < 2) throw new TilelensError('training.samples', 'All samples have one label: a classifier needs two classes or more.');
}

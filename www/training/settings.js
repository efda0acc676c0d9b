/** What a user may set of a training run: bounds, defaults, and what each is in plain words. */

import { MAX_DENSE_NEURONS, MAX_EPOCHS, TRAINING_DEFAULTS } from '../engine/index.js';

/** @typedef {import('../engine/index.js').TrainingSettings} TrainingSettings */
/** @typedef {TrainingSettings & { validationFraction: number, augmentation: boolean, start: 'scratch' | 'current', device: import('../engine/index.js').DevicePreference }} Settings */

/** @type {Settings} */
export const DEFAULTS = { ...TRAINING_DEFAULTS, start: 'scratch', device: 'auto' };

/**
 * @typedef {object} NumberField
 * @property {keyof Settings} name
 * @property {string} label
 * @property {string} help
 * @property {number} min
 * @property {number} max
 * @property {number | 'any'} step
 */

/** @type {NumberField[]} */
export const NUMBERS = [
  {
    name: 'learningRate',
    label: 'Learning rate',
    help: 'How far each step of Adam moves the weights. Lower it if the loss jumps about, raise it if the curve is still falling at the end.',
    min: 1e-6,
    max: 1e30,
    step: 'any',
  },
  {
    name: 'dropoutRate',
    label: 'Dropout rate',
    help: 'The share of the features that is hidden in each step, so that the head does not learn single tiles by heart. 0.2 to 0.5 suits few tiles.',
    min: 0,
    max: 0.95,
    step: 0.05,
  },
  {
    name: 'labelSmoothing',
    label: 'Label smoothing',
    help: 'The share of each label that is spread over all classes, so that the head is less sure of itself. 0.1 helps with few tiles; 0 takes labels as they are.',
    min: 0,
    max: 0.9,
    step: 0.05,
  },
  {
    name: 'denseNeurons',
    label: 'Dense neurons',
    help: 'The width of the hidden layer. More can tell finer classes apart, and need more tiles.',
    min: 1,
    max: MAX_DENSE_NEURONS,
    step: 1,
  },
  { name: 'epochs', label: 'Epochs', help: 'Passes over the labelled tiles, at most: training ends sooner when it no longer helps.', min: 1, max: MAX_EPOCHS, step: 1 },
  { name: 'batchSize', label: 'Batch size', help: 'Tiles that are learnt from in one step.', min: 1, max: 1024, step: 1 },
  {
    name: 'patience',
    label: 'Patience',
    help: 'Epochs without a lower validation loss after which training stops. The best epoch is kept.',
    min: 1,
    max: 1000,
    step: 1,
  },
  {
    name: 'validationFraction',
    label: 'Validation share',
    help: 'The share of each class that is held out for validation. If that is fewer than 20 tiles, every tile is validated in turn (5-fold cross-validation).',
    min: 0,
    max: 0.5,
    step: 0.05,
  },
  { name: 'seed', label: 'Seed', help: 'Where random numbers start: the same seed and labels give the same head on the CPU.', min: 0, max: 2 ** 32 - 1, step: 1 },
];

/** @type {{ name: 'classWeighting' | 'augmentation', label: string, help: string }[]} */
export const SWITCHES = [
  { name: 'classWeighting', label: 'Weigh classes', help: 'Lets tiles of rare classes count for more, so that every class counts the same overall.' },
  {
    name: 'augmentation',
    label: 'Flips and turns',
    help: 'Learns from all eight flips and quarter turns of a tile: the ground has no up. The backbone then runs eight times per tile, once.',
  },
];

/**
 * The settings that were kept, with the default for each that is missing or no longer makes sense.
 * @param {Record<string, unknown>} kept
 * @returns {Settings}
 */
export function settingsFrom(kept) {
  const settings = { ...DEFAULTS };
  for (const { name, min, max } of NUMBERS) {
    const value = kept[name];
    if (typeof value === 'number' && value >= min && value <= max) Object.assign(settings, { [name]: value });
  }
  for (const { name } of SWITCHES) if (typeof kept[name] === 'boolean') settings[name] = kept[name];
  if (kept.start === 'current') settings.start = 'current';
  if (kept.device === 'cpu' || kept.device === 'webgpu') settings.device = kept.device;
  return settings;
}

/** How a head is trained where nobody says otherwise. */

export const TRAINING_DEFAULTS = {
  learningRate: 0.001,
  dropoutRate: 0.2,
  labelSmoothing: 0.1,
  denseNeurons: 128,
  epochs: 100,
  batchSize: 16,
  patience: 15,
  validationFraction: 0.2,
  seed: 0,
  classWeighting: false,
  augmentation: true,
};

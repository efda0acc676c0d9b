/** Trains a head with tfjs, in a worker as Tilelens does: its layers API as its documentation shows it. */

import * as tf from '@tensorflow/tfjs';
import { useBackend } from './tfjs-backend.js';

/** @typedef {import('../../../www/engine/index.js').TrainingSettings} TrainingSettings */
/** @typedef {import('./tfjs-backend.js').Backend} Backend */
/** @typedef {{ features: Float32Array, classes: number[] }} Samples rows of features, and the class of each */
/**
 * @typedef {object} TfjsRequest
 * @property {Backend} backend
 * @property {Samples} training
 * @property {Samples} validation
 * @property {number} classCount
 * @property {TrainingSettings} settings
 */
/**
 * @typedef {object} TrainedWith
 * @property {number} epochs
 * @property {number} epochsMs the epochs alone
 * @property {number} loss after the last one
 * @property {number} accuracy
 * @property {number} validationLoss
 * @property {number} validationAccuracy
 */
/** @typedef {{ value: TrainedWith & { weights: Float32Array[] } } | { error: string }} TfjsReply */

/**
 * @param {TfjsRequest} request
 * @returns {tf.LayersModel}
 */
function head({ training, classCount, settings }) {
  const width = training.features.length / training.classes.length;
  const model = tf.sequential({
    layers: [
      tf.layers.dropout({ rate: settings.dropoutRate, inputShape: [width] }),
      tf.layers.dense({ units: settings.denseNeurons, activation: 'relu' }),
      tf.layers.dense({ units: classCount, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(settings.learningRate), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/**
 * @param {Samples} samples
 * @param {number} classCount
 * @returns {[tf.Tensor2D, tf.Tensor]}
 */
function tensors({ features, classes }, classCount) {
  return [tf.tensor2d(features, [classes.length, features.length / classes.length]), tf.oneHot(tf.tensor1d(classes, 'int32'), classCount)];
}

/**
 * @param {TfjsRequest} request
 * @returns {Promise<TrainedWith & { weights: Float32Array[] }>}
 */
async function train(request) {
  const { backend, training, validation, classCount, settings } = request;
  await useBackend(backend);
  tf.engine().startScope();
  try {
    const model = head(request);
    const [inputs, targets] = tensors(training, classCount);
    const startMs = performance.now();
    const { history } = await model.fit(inputs, targets, {
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      validationData: tensors(validation, classCount),
      // Nothing else has to get its turn in this worker: what it does otherwise is slower.
      yieldEvery: 'never',
      verbose: 0,
    });
    const weights = /** @type {Float32Array[]} */ (await Promise.all(model.getWeights().map((tensor) => tensor.data())));
    const epochsMs = performance.now() - startMs;
    const last = (/** @type {string} */ name) => Number(history[name].at(-1));
    model.dispose();
    return {
      epochs: history.loss.length,
      epochsMs,
      loss: last('loss'),
      accuracy: last('acc'),
      validationLoss: last('val_loss'),
      validationAccuracy: last('val_acc'),
      weights,
    };
  } finally {
    tf.engine().endScope();
  }
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<TfjsRequest>} */ { data }) => {
  /** @type {TfjsReply} */
  const reply = await train(data).then(
    (value) => ({ value }),
    (thrown) => ({ error: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
  postMessage(reply);
});

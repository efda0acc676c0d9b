/**
 * MobileNetV3-Small and a head in tfjs's operators, as its converter would lay them out: channels last, batch norms
 * folded into the convolutions, bias and ReLU fused with them. The hard swish is `x · relu6(x + 3) / 6`.
 *
 * The weights tell the layers: what they do not tell, strides and activations, is table 2 of the paper.
 */

import * as tf from '@tensorflow/tfjs';
import { readSafetensors } from './safetensors.js';

/** @typedef {import('./safetensors.js').Parameter} Parameter */
/** @typedef {(x: tf.Tensor4D) => tf.Tensor4D} Layer */

/** Of the blocks, which are `features.1` to `features.11`. */
const STRIDES = [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1];
/** The blocks from this one on have hard swishes, those before ReLUs. */
const FIRST_HARD_SWISH = 3;
/** torchvision builds its batch norms with it. */
const EPSILON = 1e-3;

/**
 * The network of a model file that has 32-bit weights.
 * @param {Uint8Array} bytes
 * @returns {(images: tf.Tensor4D) => tf.Tensor2D} `[batch, height, width, 3]`, normalised, to probabilities
 */
export function networkOf(bytes) {
  const { names, parameter, metadata } = readSafetensors(bytes);
  const { temperature } = JSON.parse(metadata.tilelens);
  const [three, sixth, cold] = [3, 1 / 6, temperature].map((value) => tf.scalar(value));
  const hardSigmoid = (/** @type {tf.Tensor4D} */ x) => /** @type {tf.Tensor4D} */ (tf.mul(tf.relu6(tf.add(x, three)), sixth));
  const hardSwish = (/** @type {tf.Tensor4D} */ x) => /** @type {tf.Tensor4D} */ (tf.mul(x, hardSigmoid(x)));

  /**
   * @param {Parameter} weight `[output, input / groups, side, side]`
   * @param {Float32Array} bias
   * @param {{ stride?: number, activation?: 'relu' | 'linear' }} [options]
   * @returns {Layer}
   */
  function convolution({ shape: [outputs, inputs, side], values }, bias, { stride: strides = 1, activation = 'linear' } = {}) {
    const isDepthwise = inputs === 1;
    // tfjs has the kernel's sides first, then inputs and outputs; of a depthwise one, channels and one.
    const [first, second] = isDepthwise ? [outputs, 1] : [inputs, outputs];
    const laidOut = new Float32Array(values.length);
    for (let output = 0; output < outputs; output += 1) {
      for (let input = 0; input < inputs; input += 1) {
        for (let place = 0; place < side * side; place += 1) {
          const [row, column] = isDepthwise ? [output, 0] : [input, output];
          laidOut[(place * first + row) * second + column] = values[(output * inputs + input) * side * side + place];
        }
      }
    }
    const filter = tf.tensor4d(laidOut, [side, side, first, second]);
    /** @type {'floor'} */
    const dimRoundingMode = 'floor';
    const options = { filter, strides, pad: Math.floor(side / 2), dimRoundingMode, bias: tf.tensor1d(bias), activation };
    return isDepthwise ? (x) => tf.fused.depthwiseConv2d({ x, ...options }) : (x) => tf.fused.conv2d({ x, ...options });
  }

  /**
   * @param {string} path
   * @param {number} stride
   * @param {'relu' | 'linear' | 'hardSwish'} activation
   * @returns {Layer}
   */
  function convNorm(path, stride, activation) {
    const weight = parameter(`${path}.0.weight`);
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => parameter(`${path}.1.${name}`).values);
    const scales = gamma.map((value, channel) => value / Math.sqrt(variance[channel] + EPSILON));
    const ofOutput = weight.values.length / weight.shape[0];
    const values = weight.values.map((value, index) => value * scales[Math.floor(index / ofOutput)]);
    const bias = beta.map((value, channel) => value - mean[channel] * scales[channel]);
    const fused = convolution({ shape: weight.shape, values }, bias, { stride, activation: activation === 'relu' ? 'relu' : 'linear' });
    return activation === 'hardSwish' ? (x) => hardSwish(fused(x)) : fused;
  }

  /**
   * @param {string} path
   * @returns {Layer}
   */
  function squeezeExcitation(path) {
    const [squeeze, excite] = /** @type {const} */ (['relu', 'linear']).map((activation, index) => {
      const name = `${path}.fc${index + 1}`;
      return convolution(parameter(`${name}.weight`), parameter(`${name}.bias`).values, { activation });
    });
    return (x) => tf.mul(x, hardSigmoid(excite(squeeze(tf.mean(x, [1, 2], true)))));
  }

  /**
   * @param {number} index
   * @param {number} stride
   * @returns {Layer}
   */
  function block(index, stride) {
    const has = (/** @type {string} */ path) => names.has(`${path}.0.weight`) || names.has(`${path}.fc1.weight`);
    const paths = [0, 1, 2, 3].map((place) => `features.${index + 1}.block.${place}`).filter(has);
    const activation = index < FIRST_HARD_SWISH ? 'relu' : 'hardSwish';
    const layers = paths.map((path, place) => {
      if (names.has(`${path}.fc1.weight`)) return squeezeExcitation(path);
      const isDepthwise = parameter(`${path}.0.weight`).shape[1] === 1;
      return convNorm(path, isDepthwise ? stride : 1, place === paths.length - 1 ? 'linear' : activation);
    });
    return (input) => {
      const output = layers.reduce((x, layer) => layer(x), input);
      return tf.util.arraysEqual(input.shape, output.shape) ? tf.add(output, input) : output;
    };
  }

  /**
   * @param {string} path
   * @param {'relu' | 'linear'} activation
   * @returns {(x: tf.Tensor2D) => tf.Tensor2D}
   */
  function dense(path, activation) {
    const { shape, values } = parameter(`${path}.weight`);
    const b = tf.tidy(() => tf.transpose(tf.tensor2d(values, [shape[0], shape[1]])));
    const bias = tf.tensor1d(parameter(`${path}.bias`).values);
    return (a) => /** @type {tf.Tensor2D} */ (tf.fused.matMul({ a, b, bias, activation }));
  }

  const layers = [convNorm('features.0', 2, 'hardSwish'), ...STRIDES.map((stride, index) => block(index, stride)), convNorm(`features.${STRIDES.length + 1}`, 1, 'hardSwish')];
  const head = [dense('head.dense', 'relu'), dense('head.output', 'linear')];
  return (images) => {
    const maps = layers.reduce((x, layer) => layer(x), images);
    const logits = head.reduce((x, layer) => layer(x), /** @type {tf.Tensor2D} */ (tf.mean(maps, [1, 2])));
    return tf.softmax(tf.div(logits, cold));
  };
}

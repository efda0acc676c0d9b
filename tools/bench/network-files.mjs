/** The shipped model in the forms that the other engines read. */
import { readFile } from 'node:fs/promises';
import protobuf from 'protobufjs/minimal.js';
import { initSync, toF32Model, toOnnxModel } from '../../pkg/training/tilelens.js';
import { wholeModel } from '../whole-model.mjs';

/** The input of an exported graph, and the tensor that the backbone reads once it is normalised. */
const INPUT = 'images';
const NORMALISED = 'normalisation';

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, input: 11 };
const NODE_NAME = 3;
const TENSOR_NAME = 8;
const VALUE_NAME = 1;

const LENGTH_DELIMITED = 2;

/**
 * The fields of a message: their numbers, their bytes with the tag, and the value of those that hold bytes.
 * @param {Uint8Array} message
 */
function* fieldsOf(message) {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const isBytes = (tag & 7) === LENGTH_DELIMITED;
    const value = isBytes ? reader.bytes() : null;
    if (!isBytes) reader.skipType(tag & 7);
    yield { number: tag >>> 3, value, bytes: message.subarray(start, reader.pos) };
  }
}

/**
 * A message with some of its fields changed.
 * @param {Uint8Array} message
 * @param {Record<number, (value: Uint8Array) => Uint8Array | null>} changes by field number; null leaves a value out
 */
function changed(message, changes) {
  const writer = protobuf.Writer.create();
  const parts = [];
  for (const { number, value, bytes } of fieldsOf(message)) {
    const change = changes[number];
    if (!change || !value) {
      parts.push(bytes);
      continue;
    }
    const replacement = change(value);
    if (replacement) parts.push(writer.uint32((number << 3) | LENGTH_DELIMITED).bytes(replacement).finish());
    writer.reset();
  }
  return Buffer.concat(parts);
}

/**
 * Leaves out what bears the normalisation's name.
 * @param {number} nameField
 */
function withoutNormalisation(nameField) {
  return (/** @type {Uint8Array} */ part) => {
    const name = [...fieldsOf(part)].find(({ number }) => number === nameField)?.value;
    return name && text(name).startsWith(NORMALISED) ? null : part;
  };
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  return Buffer.from(bytes).toString();
}

/**
 * The network as all engines are measured: it is fed normalised images, so that the graph does not do it once more.
 * @param {Uint8Array} model
 */
function fedNormalised(model) {
  const renamed = (/** @type {Uint8Array} */ input) =>
    changed(input, { [VALUE_NAME]: (name) => (text(name) === INPUT ? Buffer.from(NORMALISED) : name) });
  return changed(model, {
    [MODEL_GRAPH]: (graph) =>
      changed(graph, {
        [GRAPH.node]: withoutNormalisation(NODE_NAME),
        [GRAPH.initializer]: withoutNormalisation(TENSOR_NAME),
        [GRAPH.input]: renamed,
      }),
  });
}

/**
 * The names of a model's classes, which stand in its header: a length of eight bytes, then JSON.
 * @param {Uint8Array} model
 * @returns {string[]}
 */
function labelsOf(model) {
  const length = Number(Buffer.from(model).readBigUInt64LE());
  return JSON.parse(JSON.parse(text(model.subarray(8, 8 + length))).__metadata__.tilelens).labels;
}

/**
 * The same weights for onnxruntime, and for tfjs as 32-bit floats. The engine that writes them is the built one.
 * @returns {Promise<{ onnx: Uint8Array, safetensors: Uint8Array, labels: string[] }>}
 */
export async function networkFiles() {
  const model = await wholeModel();
  initSync({ module: await readFile(new URL('../../pkg/training/tilelens_bg.wasm', import.meta.url)) });
  return { onnx: fedNormalised(toOnnxModel(model)), safetensors: toF32Model(model), labels: labelsOf(model) };
}

/**
 * What onnxruntime answers: `node onnxruntime.mjs MODEL IMAGES SIDE`, where IMAGES holds little-endian float32 values
 * of `[batch, 3, SIDE, SIDE]`. Prints a JSON object with the values of every output.
 */
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';

const [model, images, side] = process.argv.slice(2);
// Threads would need workers; one is enough for a few images.
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await readFile(model));
const values = new Float32Array(new Uint8Array(await readFile(images)).buffer);
const size = Number(side);
const dimensions = [values.length / (3 * size * size), 3, size, size];
const answer = await session.run({ images: new ort.Tensor('float32', values, dimensions) });
const outputs = Object.entries(answer).map(([name, { data }]) => [name, Array.from(/** @type {Float32Array} */ (data))]);
process.stdout.write(JSON.stringify(Object.fromEntries(outputs)));

/**
 * How long the layout of the view Similarity takes on one core, and how well neighbours stay neighbours: tiles of ten kinds as
 * rows of 576 drawn numbers, or those of a file of 32-bit floats.
 *
 *     node tools/bench/similarity.mjs [--tiles 10000] [--rows FILE]
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { arrange } from '../../www/similarity/arrange.js';
import { nearest } from '../../www/similarity/neighbours.js';
import { seededRandom } from '../../www/similarity/random.js';

const WIDTH = 576;
const KINDS = 10;
const NEIGHBOURS = 15;

/** @param {number} tiles */
function drawnRows(tiles) {
  const random = seededRandom(1);
  const kinds = Float32Array.from({ length: KINDS * WIDTH }, () => random() * 2);
  return Float32Array.from({ length: tiles * WIDTH }, (_, at) => kinds[(Math.floor(at / WIDTH) % KINDS) * WIDTH + (at % WIDTH)] + random() * 4);
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const { values } = parseArgs({ options: { tiles: { type: 'string', default: '10000' }, rows: { type: 'string' } } });
const file = values.rows ? await readFile(values.rows) : null;
const all = file ? new Float32Array(file.buffer, file.byteOffset, file.length / 4) : drawnRows(Number(values.tiles));
const taken = all.subarray(0, Number(values.tiles) * WIDTH);
const [startMs, startCpuMs] = [performance.now(), cpuMs()];
let axesCpuMs = 0;
const positions = arrange(taken, WIDTH, { onAxes: () => (axesCpuMs = cpuMs() - startCpuMs) });
const took = { tiles: taken.length / WIDTH, axesCpuMs, allCpuMs: cpuMs() - startCpuMs, wallMs: performance.now() - startMs };
const near = nearest(positions.subarray(0, 2000), positions, 2, NEIGHBOURS + 1).indices;
const alike = near.filter((row, at) => row % KINDS === Math.floor(at / (NEIGHBOURS + 1)) % KINDS).length;
// Each finds itself, too.
console.log({ ...took, neighboursOfTheSameKind: file ? undefined : (alike - 1000) / (near.length - 1000) });

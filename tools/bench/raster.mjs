/**
 * How long the reader of rasters takes for a cell of a scene, from the bytes as they are stored to its colours: the module
 * that the page has, in Node, on one thread, without the time that the disk takes.
 *
 *     node tools/bench/raster.mjs SCENE.tif… [--cell 256] [--across 10]
 *
 * It reads a square of so many cells across, at the upper left corner.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../tests/e2e/harness.mjs';
import { median } from './measuring.mjs';

const { values, positionals } = parseArgs({ options: { cell: { type: 'string', default: '256' }, across: { type: 'string', default: '10' } }, allowPositionals: true });
const [cellPx, across] = [Number(values.cell), Number(values.across)];
const cells = across * across;
const { Raster, initSync } = await import('../../pkg/raster/tilelens.js');
initSync({ module: readFileSync(path.join(ROOT, 'pkg/raster/tilelens_bg.wasm')) });

for (const scene of positionals) {
  const file = openSync(scene, 'r');
  let readMs = 0;
  const read = (/** @type {number} */ offset, /** @type {number} */ length) => {
    const startMs = performance.now();
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, offset);
    readMs += performance.now() - startMs;
    return bytes;
  };
  const raster = Raster.open(statSync(scene).size, read, undefined, undefined, null);
  /** @type {number[]} */
  const times = [];
  for (let cell = 0; cell < cells; cell += 1) {
    const [startMs, readBeforeMs] = [performance.now(), readMs];
    const tile = raster.tile((cell % across) * cellPx, Math.floor(cell / across) * cellPx, cellPx, cellPx);
    tile.takeRgb();
    tile.free();
    times.push(performance.now() - startMs - (readMs - readBeforeMs));
  }
  console.log(`${path.basename(scene)}: ${median(times).toFixed(2)} ms a cell of ${cellPx} × ${cellPx} pixels (${times.length} cells)`);
  raster.free();
  closeSync(file);
}

/** The package in Node.js, and what its README says, done. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, SLOW_MS } from '../e2e/harness.mjs';
import { PACKAGE, SAMPLES, project } from './packed.mjs';

const run = promisify(execFile);
/** Blocks that are marked `js`, and nothing more: those of the browser are marked so. */
const NODE_BLOCK = /^```js\n([^]*?)^```$/gm;

/** The shipped backbone with one other weight, under a right checksum: that of the file with zeros in its place. @param {Buffer} file */
function otherBackbone(file) {
  const other = Buffer.from(file);
  other[other.length - 1] ^= 1;
  const place = other.indexOf(/** @type {RegExpExecArray} */ (/[0-9a-f]{64}/.exec(other.subarray(0, 20_000).toString('latin1')))[0]);
  other.fill('0', place, place + 64);
  other.write(createHash('sha256').update(other).digest('hex'), place);
  return other;
}

test('each code block of the README runs, pasted into a fresh project', async (t) => {
  const folder = await project(t, []);
  const pictures = { 'forest-1': 'forest', 'forest-2': 'grass', 'parking-1': 'parking', 'parking-2': 'industry' };
  for (const [name, sample] of Object.entries(pictures)) await cp(path.join(SAMPLES, `synthetic-${sample}.jpg`), path.join(folder, `${name}.jpg`));
  await writeFile(path.join(folder, 'notes.txt'), 'no image');
  const blocks = Array.from((await readFile(path.join(PACKAGE, 'README.md'), 'utf8')).matchAll(NODE_BLOCK), ([, code]) => code);
  assert.equal(blocks.length, 4);
  for (const [index, code] of blocks.entries()) {
    await writeFile(path.join(folder, `block-${index}.mjs`), code);
    const { stdout, stderr } = await run(process.execPath, [`block-${index}.mjs`], { cwd: folder, timeout: SLOW_MS });
    t.diagnostic(`block ${index + 1}: ${stdout.trim().split('\n').at(-1)} ${stderr.trim()}`);
    if (index === 0) assert.match(stdout, /^Forest 0\.\d+/);
    if (index === 1) assert.match(stderr, /A text file cannot be read here/);
    if (index === 2) assert.match(stdout, /^(?:[01]\.\d(?: [01]\.\d){6}\n){7}Forest\n$/);
  }
  assert.ok((await readFile(path.join(folder, 'mine.onnx'))).length > 1e6);
});

/** Which samples show buildings or what belongs to them. */
const BUILT = 'synthetic-(industry|parking|residential)';

test('many tiles, a head that was trained, and the way back through a file', async (t) => {
  const folder = await project(t, []);
  const names = (await readdir(SAMPLES)).filter((name) => name.endsWith('.jpg')).map((name) => path.join(SAMPLES, name));
  const code = `
    import { Classifier, TilelensError } from 'tilelens';
    const names = ${JSON.stringify(names)};
    const classifier = await Classifier.open();
    const told = [];
    const many = await classifier.classify([...Array(12).fill(names).flat(), 'gone.jpg'], { onResult: (_, index) => told.push(index) });
    const [first, second] = await classifier.features(names.slice(0, 2));
    const stop = new AbortController();
    const aborted = await classifier.classify(Array(12).fill(names).flat(), { signal: stop.signal, onResult: () => stop.abort() }).catch((error) => error.name);
    const samples = names.flatMap((source) => Array(4).fill({ source, label: /${BUILT}/.test(source) ? 'built' : 'open' }));
    await classifier.train(samples, { learningRate: 0.01, augmentation: false });
    const answers = (await classifier.classify(names)).map(({ label }) => label);
    const again = await Classifier.open({ model: await classifier.exportModel() });
    const bad = await classifier.train([{ source: 'gone.jpg', label: 'a' }, { source: names[0], label: 'b' }]).catch((error) => error.message);
    const bare = await Classifier.open({ model: new URL('node_modules/tilelens/assets/overhead.safetensors', import.meta.url), head: null });
    const noHead = [await bare.classify(names[0]).catch((error) => error.code), await bare.exportModel().catch((error) => error.code)];
    const noPixels = await again.classify({ width: 9, height: 9 }).catch((error) => error.code);
    const unknown = await Classifier.open({ head: 'trees' }).catch((error) => error.message);
    const foreign = await Classifier.open({ model: 'other.safetensors', head: 'sentinel-2' }).catch((error) => error.code);
    bare.dispose();
    const sameAnswers = (await again.classify(names)).map(({ label }) => label);
    console.log(JSON.stringify({ many: many.map((result) => result instanceof TilelensError ? result.code : result.label), told: told.length, widths: [first.length, second.length], differ: first.some((value, index) => value !== second[index]), aborted, noHead, noPixels, unknown, foreign, answers, sameAnswers, bad }));
    classifier.dispose();
    again.dispose();
  `;
  await writeFile(path.join(folder, 'other.safetensors'), otherBackbone(await readFile(path.join(PACKAGE, 'assets/overhead.safetensors'))));
  await writeFile(path.join(folder, 'use.mjs'), code);
  const found = JSON.parse((await run(process.execPath, ['use.mjs'], { cwd: folder, timeout: SLOW_MS })).stdout);
  assert.equal(found.many.length, 12 * names.length + 1);
  assert.deepEqual(found.many.slice(0, names.length), found.many.slice(names.length, 2 * names.length), 'the order is that of the sources');
  assert.equal(found.many.at(-1), 'image.unreadable');
  assert.equal(found.told, found.many.length);
  assert.deepEqual(found.widths, [576, 576]);
  assert.ok(found.differ);
  assert.equal(found.aborted, 'AbortError');
  assert.deepEqual(found.noHead, ['model.no_head', 'model.no_head']);
  assert.equal(found.noPixels, 'source.no_canvas');
  assert.equal(found.foreign, 'model.other_backbone', 'a head is put on no other backbone, and no other backbone under it');
  assert.match(found.unknown, /^There is no head trees/);
  assert.deepEqual(found.answers, names.map((name) => (new RegExp(BUILT).test(name) ? 'built' : 'open')));
  assert.deepEqual(found.sameAnswers, found.answers);
  assert.match(found.bad, /^Sample 1 of 2 \("a"\) cannot be used\. gone\.jpg cannot be read/);
});

test('what is given wrongly is named, and what a callback throws ends the work', async (t) => {
  const folder = await project(t, []);
  const code = `
    import { Classifier } from 'tilelens';
    const [a, b] = ${JSON.stringify(['forest', 'river-lake'].map((name) => path.join(SAMPLES, `synthetic-${name}.jpg`)))};
    const classifier = await Classifier.open({ assets: 'node_modules/tilelens/assets' });
    const samples = [a, b].flatMap((source) => Array(3).fill({ source, label: source }));
    const refused = (work) => work().then(() => 'done', ({ code, message }) => [code, message].join(': '));
    const own = (work) => work().then(() => 'done', ({ message }) => message);
    const fails = () => { throw new Error('mine'); };
    const found = {
      name: await refused(() => classifier.train(samples, { epoch: 5 })),
      value: await refused(() => classifier.train(samples, { epochs: -5 })),
      sample: await refused(() => classifier.train([{ source: a }, ...samples])),
      none: await refused(() => classifier.train()),
      one: await refused(() => classifier.train(samples.slice(0, 3))),
      tile: await refused(() => classifier.classify({})),
      onResult: await own(() => classifier.classify([a, b], { onResult: fails })),
      onEpoch: await own(() => classifier.train(samples, { epochs: 5, augmentation: false }, fails)),
      after: (await classifier.classify(a)).label,
    };
    const pending = refused(() => classifier.classify(Array(80).fill(a)));
    setTimeout(() => classifier.dispose(), 50);
    console.log(JSON.stringify({ ...found, disposed: await pending }));
  `;
  await writeFile(path.join(folder, 'wrong.mjs'), code);
  const found = JSON.parse((await run(process.execPath, ['wrong.mjs'], { cwd: folder, timeout: SLOW_MS })).stdout);
  assert.match(found.name, /^training\.setting: There is no setting epoch: the settings are epochs, /);
  assert.match(found.value, /^training\.setting: The setting epochs is -5: give a whole number from 1 on/);
  assert.match(found.sample, /^training\.samples: Sample 1 of 7 /);
  assert.match(found.none, /^training\.samples: Give a list/);
  assert.match(found.one, /^training\.samples: All samples have one label/);
  assert.match(found.tile, /^source\.unknown: This is no tile/);
  assert.deepEqual([found.onResult, found.onEpoch, found.after], ['mine', 'mine', 'Forest']);
  assert.match(found.disposed, /^engine\.disposed: /);
});

test('where in a tile a class is seen', async (t) => {
  const folder = await project(t, []);
  const code = `
    import { Classifier } from 'tilelens';
    const [picture, raster] = ${JSON.stringify([path.join(SAMPLES, 'synthetic-river-lake.jpg'), path.join(ROOT, 'tests/fixtures/raster/float32.tif')])};
    const classifier = await Classifier.open();
    const own = await classifier.heatmap(picture);
    const other = await classifier.heatmap(picture, 'Forest');
    const ofRaster = await classifier.heatmap(raster);
    const bare = await Classifier.open({ head: null });
    const refusals = await Promise.all([classifier.heatmap(picture, 'Trees'), classifier.heatmap('gone.jpg'), bare.heatmap(picture)].map((one) => one.catch((error) => error.code)));
    console.log(JSON.stringify({ own: { ...own, values: [...own.values] }, other: [...other.values], labels: [own, other].map(({ className }) => className), best: (await classifier.classify(picture)).label, cells: ofRaster.values.length, refusals }));
    classifier.dispose();
    bare.dispose();
  `;
  await writeFile(path.join(folder, 'heatmap.mjs'), code);
  const found = JSON.parse((await run(process.execPath, ['heatmap.mjs'], { cwd: folder, timeout: SLOW_MS })).stdout);
  assert.deepEqual(found.labels, [found.best, 'Forest']);
  assert.deepEqual([found.own.side, found.own.values.length, found.cells], [7, 49, 49]);
  assert.deepEqual([Math.max(...found.own.values), Math.min(...found.own.values)], [1, 0]);
  assert.ok(found.own.strongest > 0);
  assert.deepEqual(found.own.seen, { left: 0, top: 0, right: 1, bottom: 1 });
  assert.notDeepEqual(found.other, found.own.values, 'another class is seen elsewhere');
  assert.deepEqual(found.refusals, ['heatmap.no_class', 'image.unreadable', 'model.no_head']);
});

test('rasters: numbers become colours, and what was guessed is told', async (t) => {
  const folder = await project(t, []);
  const rasters = ['float32.tif', 'float64.tif', 'four-bands.tif'].map((name) => path.join(ROOT, 'tests/fixtures/raster', name));
  const code = `
    import { Classifier } from 'tilelens';
    const [rasters, picture] = ${JSON.stringify([rasters, path.join(SAMPLES, 'synthetic-forest.jpg')])};
    const classifier = await Classifier.open();
    const [first, ...others] = await classifier.classify([...rasters, picture]);
    const alone = await classifier.classify(rasters[0], { averaged: true });
    const widths = (await classifier.features(rasters)).map(({ length }) => length);
    const samples = [...rasters, picture].flatMap((source) => Array(3).fill({ source, label: source === picture ? 'picture' : 'raster' }));
    await classifier.train(samples, { epochs: 20 });
    const trained = (await classifier.classify([...rasters, picture])).map(({ label }) => label);
    console.log(JSON.stringify({ notes: first.notes, labels: others.map(({ label }) => label), alone: alone.label, widths, trained }));
    classifier.dispose();
  `;
  await writeFile(path.join(folder, 'rasters.mjs'), code);
  const found = JSON.parse((await run(process.execPath, ['rasters.mjs'], { cwd: folder, timeout: SLOW_MS })).stdout);
  assert.match(found.notes.join(' '), /from black to white/);
  assert.equal(found.labels.at(-1), 'Forest');
  assert.ok([...found.labels, found.alone].every((label) => typeof label === 'string'));
  assert.deepEqual(found.widths, [576, 576, 576]);
  assert.deepEqual(found.trained, ['raster', 'raster', 'raster', 'picture']);
});

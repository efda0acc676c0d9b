/** Maps of scenes, as GDAL and PROJ read them: each command as a user runs it. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Papa from 'papaparse';
import { ROOT, SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';
import { PLACES } from '../scene/places.mjs';

const TILELENS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const PYTHON = process.env.PYTHON ?? 'python3';
const EUROSAT = path.join(process.env.TILELENS_DATA ?? path.join(ROOT, '../shared/data'), 'eurosat');
const WITHOUT_EUROSAT = !existsSync(EUROSAT) && 'real tiles may not be redistributed: TILELENS_DATA names a folder with them';
const HEAD = path.join(ROOT, 'models/sentinel-2.safetensors');
const LABELS = ['Annual crop', 'Forest', 'Herbaceous vegetation', 'Highway', 'Industrial', 'Pasture', 'Permanent crop', 'Residential', 'River', 'Sea/lake'];

/** How far corners of cells may lie from where the scene has them, in its pixels, and from PROJ's degrees. */
const PIXELS = 1e-6;
const DEGREES = 1e-9;

/**
 * Runs a command, whatever its status.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
async function run(program, args) {
  try {
    return { status: 0, ...(await promisify(execFile)(program, args, { cwd: ROOT, maxBuffer: 1 << 28 })) };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {{ code: number, stdout: string, stderr: string }} */ (error);
    return { status: code, stdout, stderr };
  }
}

/**
 * Runs a command that must succeed.
 * @param {string} program
 * @param {string[]} args
 */
async function printed(program, args) {
  const { status, stdout, stderr } = await run(program, args);
  assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
  return { stdout, stderr };
}

/** @param {string[]} args */
const map = (...args) => printed(TILELENS, ['map', '--head', HEAD, ...args]);

/**
 * @param {string} file
 * @returns {Promise<Record<string, string>[]>}
 */
async function table(file) {
  return /** @type {Record<string, string>[]} */ (Papa.parse((await readFile(file, 'utf8')).trim(), { header: true }).data);
}

/**
 * What GDAL and PROJ say of maps.
 * @param {number} cellPx
 * @param {string[]} scenesAndMaps
 * @returns {Promise<{ map: string, pixels_apart: number, degrees_apart: number | null, names: string[], warnings: string[], cells: number }[]>}
 */
async function checked(cellPx, scenesAndMaps) {
  const { stdout } = await printed(PYTHON, ['tests/scene/check_maps.py', String(cellPx), ...scenesAndMaps]);
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

/**
 * Makes the scenes, those of real tiles too where there are any.
 * @param {string} folder
 * @param {string[]} tiles
 */
const makeScenes = (folder, ...tiles) => printed(PYTHON, ['tests/scene/make_scenes.py', folder, ...tiles]);

test('a map lies where its scene does, however that lies', { timeout: SLOW_MS }, async (t) => {
  const made = await temporaryFolder(t);
  await makeScenes(made);
  const folder = path.join(made, 'places');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.tif'));
  const maps = path.join(folder, 'maps');
  const paths = files.map((name) => path.join(folder, name));
  const mapPath = (/** @type {string} */ name) => path.join(maps, name.replace('.tif', '-map.tif'));
  for (const shapes of ['regions', 'cells']) {
    const { stderr } = await map(...paths, '--cell', '32px', '--shapes', shapes, '--output', maps);
    for (const [name, words] of PLACES) {
      const said = stderr.split(path.join(folder, `${name}.tif`))[1].split('is written')[0];
      assert.match(said, words, name);
    }
    const found = await checked(32, files.flatMap((name) => [path.join(folder, name), mapPath(name)]));
    assert.equal(found.length, files.length);
    for (const { map: name, pixels_apart, degrees_apart, names, warnings, cells } of found) {
      assert.ok(pixels_apart < PIXELS, `${name}: ${pixels_apart} pixels`);
      // 3 × 2 whole cells, of which one has no data.
      assert.equal(cells, 5, name);
      assert.deepEqual(names, ['', ...LABELS], name);
      const isPlaced = !/^(no-place|control-points)/.test(name);
      const unexpected = warnings.filter((warning) => isPlaced || !/georeference|geotransform/.test(warning));
      assert.deepEqual(unexpected, [], name);
      const hasLonLat = isPlaced && !/^(no-crs|unknown-crs|world-file)/.test(name);
      assert.equal(degrees_apart !== null, hasLonLat, name);
      assert.ok((degrees_apart ?? 0) < DEGREES, `${name}: ${degrees_apart} degrees`);
      if (shapes === 'regions') t.diagnostic(`${name}: ${pixels_apart.toExponential(1)} pixels, ${degrees_apart?.toExponential(1) ?? 'no'} degrees apart`);
    }
  }
});

test('parts of a scene, joined, make the map that it has', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await makeScenes(folder);
  const args = [path.join(folder, 'places/turned.tif'), '--cell', '32px', '--step', '8px', '--output'];
  const file = (/** @type {string} */ name) => path.join(folder, name);
  const answers = [];
  for (const number of [3, 1, 2]) {
    const { stdout } = await map(...args, file(`${number}.tif`), '--part', `${number}/3`);
    assert.equal(stdout, '');
    answers.push(await readFile(file(`${number}.tif.part`)));
  }
  assert.ok(!existsSync(file('1.tif')));
  await writeFile(file('joined.tif.part'), Buffer.concat(answers));
  const { stderr } = await map(...args, file('joined.tif'), '--resume');
  assert.match(stderr, /70 of 70 cells are done already/);
  await map(...args, file('whole.tif'));
  for (const ending of ['.tif', '.csv', '.geojson', '-confidence.tif']) {
    assert.deepEqual(await readFile(file(`joined${ending}`)), await readFile(file(`whole${ending}`)), ending);
  }
  assert.ok(!existsSync(file('joined.tif.part')));
  const none = await run(TILELENS, ['map', '--head', HEAD, ...args, file('none.tif'), '--part', '4/3']);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /3 parts are numbered from 1 to 3/);
});

test('answers of another run are never thrown away', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await makeScenes(folder);
  const file = (/** @type {string} */ name) => path.join(folder, name);
  const scene = file('places/turned.tif');
  const part = file('map.tif.part');
  const args = (/** @type {string[]} */ ...more) => ['map', '--head', HEAD, scene, '--cell', '32px', '--output', file('map.tif'), ...more];
  await printed(TILELENS, args('--part', '1/3'));
  const first = await readFile(part, 'utf8');
  // Neither for the next part, nor for the whole, nor for other cells.
  for (const [more, words] of /** @type {[string[], RegExp][]} */ ([
    [['--part', '2/3'], /has answers for this map already: go on with --resume, or remove it/],
    [[], /has answers for this map already: go on with --resume, or remove it/],
    [['--step', '16px'], /is of another scene, model, cell or stretch: remove it to begin anew/],
    [['--step', '16px', '--resume'], /is of another scene, model, cell or stretch: remove it to begin anew/],
  ])) {
    const { status, stderr } = await run(TILELENS, args(...more));
    assert.equal(status, 1, stderr);
    assert.match(stderr, words);
    assert.equal(await readFile(part, 'utf8'), first);
  }
  await printed(TILELENS, args('--part', '2/3', '--resume'));
  const both = await readFile(part, 'utf8');
  assert.ok(both.startsWith(first) && both.length > first.length);
  // Where only the first line was written, or not all of it, nothing is lost.
  const head = `${first.split('\n')[0]}\n`;
  for (const begun of [head, head.slice(0, 40)]) {
    await writeFile(part, begun);
    await printed(TILELENS, args());
    await rm(file('map.tif'));
    for (const ending of ['.csv', '.geojson', '.qml', '-confidence.tif', '.tif.aux.xml']) await rm(file(`map${ending}`));
  }

  // Parts of copies with other time stamps, and a line that names a cell that is not there.
  const copy = file('places/copy.tif');
  await copyFile(scene, copy);
  await utimes(copy, 1, 1);
  await printed(TILELENS, args('--part', '1/2'));
  await printed(TILELENS, args('--part', '2/2').map((word) => (word === scene ? copy : word === file('map.tif') ? file('copy.tif') : word)));
  await writeFile(part, Buffer.concat([await readFile(part), await readFile(file('copy.tif.part'))]));
  const joined = await run(TILELENS, args('--resume'));
  assert.match(joined.stderr, /map\.tif\.part: it was joined of parts of different scenes or settings: .*same time stamp/);
  assert.doesNotMatch(joined.stderr, /damaged/);
  await writeFile(part, `${head}{"window":0,"empty":[1000000]}\n`);
  const damaged = await run(TILELENS, args('--resume'));
  assert.match(damaged.stderr, /map\.tif\.part: it is damaged: remove it to begin anew/);
  assert.doesNotMatch(damaged.stderr, /panicked|fault of its own/);
});

test('a run that has the answers in its hands shares them with no other', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await makeScenes(folder);
  const part = path.join(folder, 'map.tif.part');
  const args = ['map', '--head', HEAD, path.join(folder, 'places/turned.tif'), '--cell', '32px', '--step', '1px', '--threads', '1', '--resume', '--output', path.join(folder, 'map.tif')];
  const child = spawn(TILELENS, args, { cwd: ROOT, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (child.exitCode === null && (!existsSync(part) || (await readFile(part)).length === 0)) await sleep(5);
  const { status, stderr } = await run(TILELENS, args);
  child.kill('SIGKILL');
  await ended;
  assert.equal(child.signalCode, 'SIGKILL', 'it was done before it could be ended');
  assert.equal(status, 1, stderr);
  assert.match(stderr, /map\.tif\.part is in use by another run: wait for it, or name another --output/);
});

test('files of others stay, and one bad scene stops no other', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await makeScenes(folder);
  const file = (/** @type {string} */ name) => path.join(folder, name);
  const [scene, other] = [file('places/turned.tif'), file('places/no-place.tif')];
  await copyFile(scene, file('a.tif'));
  await copyFile(scene, file('a-map.tif'));
  await copyFile(other, file('field.tif'));
  for (const name of ['lines.geojson', 'own.tif.part']) await writeFile(file(name), 'mine');
  await symlink(file('a.tif'), file('link.tif'));
  for (const [args, words] of /** @type {[string[], RegExp][]} */ ([
    [[file('a.tif'), file('a-map.tif'), '--output', folder], /a-map\.tif is read, and would be written over/],
    [[file('a.tif'), '--output', file('link.tif')], /link\.tif is read, and would be written over/],
    [[file('a.tif'), '--output', file('field.tif')], /field\.tif is there already, and is of no map that Tilelens made/],
    [[file('a.tif'), '--output', file('lines.tif')], /lines\.geojson is there already, and is of no map that Tilelens made/],
    [[file('a.tif'), '--output', file('own.tif')], /own\.tif\.part is of another scene/],
  ])) {
    const { status, stderr } = await run(TILELENS, ['map', '--head', HEAD, '--cell', '32px', ...args]);
    assert.equal(status, 1, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, words);
  }
  assert.deepEqual(await readFile(file('field.tif')), await readFile(other));
  assert.deepEqual(await readFile(file('a-map.tif')), await readFile(scene));
  for (const name of ['lines.geojson', 'own.tif.part']) assert.equal(await readFile(file(name), 'utf8'), 'mine');

  await writeFile(file('broken.tif'), 'no scene');
  const several = await run(TILELENS, ['map', '--head', HEAD, '--cell', '32px', scene, file('broken.tif'), other, '--output', file('maps')]);
  assert.equal(several.status, 1);
  assert.equal(several.stderr.match(/broken\.tif/g)?.length, 1, several.stderr);
  assert.match(several.stderr, /error: 1 of 3 scenes have no map/);
  assert.ok(existsSync(file('maps/turned-map.tif')) && existsSync(file('maps/no-place-map.tif')));
});

test('a check sample is of one map, and what a person wrote stays', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await makeScenes(folder);
  const file = (/** @type {string} */ name) => path.join(folder, name);
  const draw = (/** @type {string[]} */ ...more) => map(file('places/turned.tif'), '--cell', '16px', '--check-sample', '8', '--output', file('map.tif'), ...more);
  await draw();
  const [csv, geojson] = ['map-check.csv', 'map-check.geojson'].map(file);
  const drawn = await readFile(csv, 'utf8');
  assert.match((await draw()).stderr, /map-check\.csv is there already and is left as it is: it was drawn from this map/);
  // Nobody has labelled it, and the map is another one.
  assert.match((await draw('--undecided', '100')).stderr, /8 cells to check stand in/);
  const anew = await readFile(csv, 'utf8');
  assert.notEqual(anew, drawn);
  // Labelled in a GIS program alone, or in the list.
  const outlines = JSON.parse(await readFile(geojson, 'utf8'));
  outlines.features[0].properties.truth = 'Forest';
  await writeFile(geojson, JSON.stringify(outlines));
  for (const gone of [null, csv]) {
    if (gone) await rm(gone);
    const { stderr } = await draw();
    assert.match(stderr, /map-check\.geojson is there already and is left as it is: it was drawn from another map than this one/);
    assert.equal(await readFile(geojson, 'utf8'), JSON.stringify(outlines));
    assert.equal(existsSync(csv), !gone);
  }
  assert.equal((await run(TILELENS, ['area', file('map.tif'), geojson])).status, 1);
  // Lists of before do not say it.
  const rows = /** @type {Record<string, string>[]} */ (Papa.parse(drawn.trim(), { header: true }).data);
  await writeFile(csv, Papa.unparse(rows.map(({ map_id: _, ...row }) => ({ ...row, truth: 'Forest' }))));
  const { stderr } = await printed(TILELENS, ['area', file('map.tif'), csv]);
  assert.match(stderr, /map-check\.csv does not say from which map its cells were drawn: its figures hold for that one alone/);
});

test('a scene becomes colours as the tiles did that the head learnt from', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  // Dark and bright tiles of 16 bits; a scene that is dark everywhere: its own stretch would make it bright.
  const make = `
import sys, pathlib, warnings
import numpy as np, rasterio
warnings.simplefilter("ignore")
folder, noise = pathlib.Path(sys.argv[1]), np.random.default_rng(3)
def write(name, pixels):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", width=pixels.shape[2], height=pixels.shape[1], count=3, dtype="uint16", photometric="RGB") as file:
        file.write(pixels.astype("uint16"))
for name, level in [("dark", 400), ("bright", 2600)]:
    for index in range(10):
        write(f"tiles/{name}/{index}.tif", noise.integers(level - 300, level + 300, (3, 64, 64)))
write("scene.tif", noise.integers(100, 700, (3, 192, 192)))
`;
  await printed(PYTHON, ['-c', make, folder]);
  const file = (/** @type {string} */ name) => path.join(folder, name);
  await printed(TILELENS, ['train', file('tiles'), '--output', file('head.safetensors'), '--no-baselines', '--no-augmentation', '--epochs', '8']);
  const classes = async (/** @type {string} */ name) => new Set((await table(file(`${name}.csv`))).map((row) => row.class_name));
  const learnt = await printed(TILELENS, ['map', file('scene.tif'), '--model', file('head.safetensors'), '--cell', '64px', '--output', file('learnt.tif')]);
  assert.deepEqual(await classes('learnt'), new Set(['dark']));
  // Its own would end at 700.
  assert.match(learnt.stderr, /from black to white: red 1\d\d to 2[89]\d\d/);
  assert.doesNotMatch(learnt.stderr, /otherwise than the tiles/);
});

describe('a scene of known tiles', { skip: WITHOUT_EUROSAT, timeout: SLOW_MS }, () => {
  /** @type {string} */
  let folder;
  /** @param {string} name */
  const file = (name) => path.join(folder, name);

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tilelens-'));
    await makeScenes(folder, EUROSAT);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('each cell has the class that its window has as a tile', async () => {
    await map(file('rgb.tif'), '--cell', '64px', '--output', file('rgb-map.tif'));
    const { stdout } = await printed(TILELENS, ['classify', file('rgb'), '--head', HEAD]);
    const tiles = /** @type {Record<string, string>[]} */ (Papa.parse(stdout.trim(), { header: true }).data);
    const cells = await table(file('rgb-map.csv'));
    assert.equal(cells.length, 120);
    for (const { column, row, class_name, score } of cells) {
      const tile = tiles.find((other) => path.basename(other.file) === `${column}-${row}.tif`);
      assert.deepEqual([class_name, score], [tile?.class, tile?.confidence], `${column}, ${row}`);
    }
  });

  test('16 bits, four bands, a border without data: the known classes are found, and GDAL reads the map', async (t) => {
    const { stderr, stdout } = await map(file('tiles.tif'), '--cell', '640m', '--output', file('map.tif'));
    assert.match(stderr, /13 × 11 cells of 64 × 64 pixels, 640 × 640 m/);
    assert.match(stderr, /Bands 3, 2 and 1 serve as red, green and blue/);
    assert.match(stderr, /from black to white/);
    assert.match(stderr, /23 cells of mostly no data have no class/);
    assert.match(stderr, /25 cells cut by the edge of the scene have no class/);
    assert.match(stdout, /Sea\/lake/);
    const [found] = await checked(64, [file('tiles.tif'), file('map.tif')]);
    assert.deepEqual(found.warnings, []);
    assert.deepEqual(found.names, ['', ...LABELS]);
    assert.equal(found.cells, 120);
    assert.ok(found.pixels_apart < PIXELS && Number(found.degrees_apart) < DEGREES, JSON.stringify(found));
    const cells = await table(file('map.csv'));
    const truth = await table(file('truth.csv'));
    const right = truth.filter(({ column, row, class: name }) =>
      cells.some((cell) => cell.column === column && cell.row === row && cell.class_name === name));
    t.diagnostic(`${right.length} of ${truth.length} cells have their known class`);
    assert.ok(right.length >= 0.85 * truth.length, `${right.length} of ${truth.length}`);
    const hectares = cells.reduce((sum, { area_ha, class_id }) => sum + (class_id === '' ? 0 : Number(area_ha)), 0);
    assert.ok(Math.abs(hectares - 120 * 40.96) < 1e-6, `${hectares}`);
    assert.ok(!existsSync(file('map.tif.part')));
  });

  test('a picture is mapped where its world file says', async () => {
    const picture = file('places/picture.jpg');
    await map(picture, '--cell', '32px', '--output', file('picture-map.tif'));
    const [found] = await checked(32, [picture, file('picture-map.tif')]);
    assert.equal(found.cells, 6);
    assert.ok(found.pixels_apart < PIXELS, JSON.stringify(found));
  });

  test('overlapping cells, undecided ones and the majority filter', async () => {
    const more = ['--step', '32px', '--majority', '--undecided', '50', '--output', file('votes.tif')];
    await map(file('tiles.tif'), '--cell', '64px', ...more);
    const cells = await table(file('votes.csv'));
    const at = (/** @type {number} */ column, /** @type {number} */ row) =>
      cells.find((cell) => cell.column === `${column}` && cell.row === `${row}`);
    // The border without data stays without class, though windows see beyond it.
    assert.equal(at(1, 10)?.state, 'no data');
    assert.equal(at(2, 10)?.state === 'classified' || at(2, 10)?.state === 'undecided', true);
    assert.ok(cells.some(({ class_name, state }) => state === 'undecided' && class_name === 'Undecided'));
    const [found] = await checked(32, [file('tiles.tif'), file('votes.tif')]);
    assert.deepEqual(found.names, ['', ...LABELS, 'Undecided']);
    assert.equal(found.cells, 480);
  });

  test('a map that was cut off goes on, and is the same', async () => {
    const args = ['map', file('tiles.tif'), '--head', HEAD, '--cell', '64px', '--step', '32px', '--threads', '1'];
    const part = file('resumed.tif.part');
    const child = spawn(TILELENS, [...args, '--output', file('resumed.tif')], { cwd: ROOT, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (child.exitCode === null && (!existsSync(part) || (await readFile(part, 'utf8')).split('\n').length < 3)) {
      await sleep(5);
    }
    child.kill('SIGKILL');
    await ended;
    assert.ok(existsSync(part), 'it was done before it could be ended');
    // As if it had ended in the middle of a line.
    await truncate(part, (await readFile(part)).length - 5);
    const anew = await run(TILELENS, [...args, '--output', file('resumed.tif')]);
    assert.match(anew.stderr, /has answers for this map already: go on with --resume/);
    const { stderr } = await printed(TILELENS, [...args, '--resume', '--output', file('resumed.tif')]);
    assert.match(stderr, /[1-9]\d* of \d+ cells are done already/);
    await printed(TILELENS, [...args, '--output', file('whole.tif')]);
    for (const ending of ['.tif', '.csv', '.geojson', '-confidence.tif']) {
      assert.deepEqual(await readFile(file(`resumed${ending}`)), await readFile(file(`whole${ending}`)), ending);
    }
    assert.ok(!existsSync(part));
    // What was computed for other cells is not taken for these.
    await writeFile(file('other.tif.part'), '{"grid":"another"}\n');
    const other = await run(TILELENS, [...args, '--resume', '--output', file('other.tif')]);
    assert.equal(other.status, 1);
    assert.match(other.stderr, /is of another scene, model, cell or stretch/);
    // Nor what was computed on another machine of another file, or damaged on the way.
    await printed(TILELENS, [...args, '--part', '1/1000', '--output', file('begun.tif')]);
    const [first] = (await readFile(file('begun.tif.part'), 'utf8')).split('\n');
    for (const [more, words] of /** @type {[string, RegExp][]} */ ([
      ['{"backbone":"another"}', /was joined of parts of different scenes/],
      ['{"window":0,"empty":[1000000]}', /is damaged: remove it/],
    ])) {
      await writeFile(file('other.tif.part'), `${first}\n${more}\n`);
      const wrong = await run(TILELENS, [...args, '--resume', '--output', file('other.tif')]);
      assert.match(wrong.stderr, words);
      assert.doesNotMatch(wrong.stderr, /panicked/);
    }
  });

  test('a check sample is drawn, labelled, and gives the areas', async () => {
    // More than there are: every cell is checked, and the areas must be the true ones.
    const args = ['--cell', '64px', '--check-sample', '200', '--output', file('checked.tif')];
    await map(file('tiles.tif'), ...args);
    const sample = await table(file('checked-check.csv'));
    assert.equal(sample.length, 120);
    const truth = await table(file('truth.csv'));
    const label = (/** @type {Record<string, string>} */ row) =>
      truth.find(({ column, row: of }) => column === row.column && of === row.row)?.class ?? '';
    await writeFile(file('labelled.csv'), Papa.unparse(sample.map((row) => ({ ...row, truth: label(row) }))));
    const geojson = JSON.parse(await readFile(file('checked-check.geojson'), 'utf8'));
    for (const { properties } of geojson.features) {
      properties.truth = label({ column: `${properties.column}`, row: `${properties.row}` });
    }
    await writeFile(file('labelled.geojson'), JSON.stringify(geojson));
    const json = file('areas.json');
    const { stdout } = await printed(TILELENS, ['area', file('checked.tif'), file('labelled.csv'), '--json', json]);
    assert.match(stdout, /in truth, ha/);
    const report = JSON.parse(await readFile(json, 'utf8'));
    assert.equal(report.checked, 120);
    for (const { name, area } of report.classes) {
      assert.ok(Math.abs(area.value - 12 * 40.96) < 1e-6, `${name}: ${area.value}`);
    }
    const again = await printed(TILELENS, ['area', file('checked.tif'), file('labelled.geojson')]);
    assert.equal(again.stdout, stdout);
    // A sample that may be labelled already is not written over.
    const { stderr } = await map(file('tiles.tif'), ...args.with(3, '20'));
    assert.match(stderr, /is there already and is left as it is/);
    // Its areas would be those of other classes.
    await map(file('tiles.tif'), '--cell', '64px', '--undecided', '90', '--output', file('unsure.tif'));
    const other = await run(TILELENS, ['area', file('unsure.tif'), file('labelled.csv')]);
    assert.equal(other.status, 1);
    assert.match(other.stderr, /labelled\.csv: its cells were drawn from another map/);
    const unlabelled = await run(TILELENS, ['area', file('checked.tif'), file('checked-check.csv')]);
    assert.match(unlabelled.stderr, /fill in the column truth/);
  });

  test('what gives no map is refused in a sentence, and nothing is lost', async () => {
    const [tiles, cut, cutRgb] = ['tiles.tif', 'cut.tif', 'cut-rgb.tif'].map(file);
    for (const [whole, part] of [[tiles, cut], [file('rgb.tif'), cutRgb]]) {
      await copyFile(whole, part);
      await truncate(part, Math.round((await readFile(whole)).length * 0.7));
    }
    const output = ['--output', file('none/map.tif')];
    await writeFile(file('field.geojson'), '{}');
    for (const [args, words] of /** @type {[string[], RegExp][]} */ ([
      [[tiles, '--cell', '7px', ...output], /at least 8 × 8/],
      [[tiles, '--cell', '64px', '--step', '48px', ...output], /does not divide cells/],
      [[tiles, '--cell', '64', ...output], /256px, or in metres, 640m/],
      [[tiles, '--cell', '2000px', ...output], /no cell of 2000 × 2000 pixels fits/],
      [[path.join(folder, 'places/no-place.tif'), '--cell', '64m', ...output], /give the cell in pixels/],
      [[tiles, '--cell', '64px', '--undecided', '101', ...output], /between 0 and 100/],
      [[tiles, '--cell', '64px', '--output', tiles], /tiles\.tif is read, and would be written over/],
      [[file('rgb.tif'), '--area', file('field.geojson'), '--output', file('field.tif')], /field\.geojson is read, and would be written over/],
      [[file('rgb.tif'), '--output', file('truth.tif')], /truth\.csv is there already, and is of no map/],
      [[tiles, cut, ...output], /name a folder by --output/],
      [[cut, '--cell', '64px', ...output], /cut off before its end/],
      [[file('missing.tif'), ...output], /cannot be read/],
      [[file('truth.csv'), ...output], /no TIFF file/],
      [[tiles, '--cell', '64px', '--area', file('truth.csv'), ...output], /truth\.csv: it is no GeoJSON/],
      [[tiles, '--cell', '64px', '--area', file('missing.geojson'), ...output], /missing\.geojson cannot be read/],
    ])) {
      const { status, stderr } = await run(TILELENS, ['map', '--head', HEAD, ...args]);
      assert.ok(status === 1 || status === 2, `${args.join(' ')}: ${status}`);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /panicked/);
    }
    // Where its numbers are colours already, what is there is mapped.
    const { status, stderr } = await run(TILELENS, ['map', cutRgb, '--head', HEAD, '--cell', '64px', '--output', file('cut-map.tif')]);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cells of unreadable pixels have no class/);
    const states = (await table(file('cut-map.csv'))).map(({ state }) => state);
    assert.ok(states.includes('unreadable') && states.includes('classified'));
    // Whatever is wrong with one scene, the others are mapped.
    const several = await run(TILELENS, ['map', file('missing.tif'), tiles, '--head', HEAD, '--cell', '64px', '--output', file('several')]);
    assert.equal(several.status, 1);
    assert.match(several.stderr, /error: [^\n]*missing\.tif: it cannot be read[^]*1 of 2 scenes have no map/);
    assert.equal(several.stderr.match(/missing\.tif/g)?.length, 1, 'it is named once');
    assert.ok(existsSync(file('several/tiles-map.tif')));
    // No room, or no right, to write: what is computed stays.
    await map(tiles, '--cell', '64px', '--output', file('taken.tif'));
    await rm(file('taken.csv'));
    await mkdir(file('taken.csv'));
    const failed = await run(TILELENS, ['map', tiles, '--head', HEAD, '--cell', '64px', '--output', file('taken.tif')]);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /taken\.csv cannot be written/);
    assert.ok(existsSync(file('taken.tif.part')));
  });
});

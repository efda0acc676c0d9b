/** Projects go out to a zip file and come back; what is no such file is refused in words. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { exportArchive, importArchive, omissions, packedFiles, without } from '../../www/project/archive.js';
import { LIMITS } from '../../www/project/archive/layout.js';
import { Folder, safeFileName, safeName } from '../../www/project/archive/names.js';
import { usualPlan } from '../../www/scene/plan.js';
import { SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';
import { open } from './bench.mjs';
import { codePage437, contentStart, entriesOf, forge, plain, project, rename, tile, unzip, withManifest, zip } from './zip-bench.mjs';

const LABELLED = 'images/Wood/tile.png';
const UNLABELLED = 'unlabelled/tile.png';
const hasPython = spawnSync('python3', ['--version']).status === 0;

/**
 * @param {Blob} archive
 * @param {string} code
 * @param {RegExp} message
 */
async function refused(archive, code, message) {
  await assert.rejects(importArchive(archive), (/** @type {any} */ thrown) => {
    assert.equal(thrown instanceof Error, true);
    assert.match(thrown.message, message);
    assert.match(thrown.message, /^[A-Z].*\.$/s, 'a sentence');
    assert.equal(thrown.code, code, thrown.message);
    return true;
  });
}

/** The project of an archive that is whole. @param {Blob} archive */
async function whole(archive) {
  const { project: found, leftOut } = await importArchive(archive);
  assert.deepEqual(leftOut, []);
  return found;
}

/**
 * What is wrong with an entry is named, and all else opens.
 * @param {Blob} archive
 * @param {string} name
 * @param {RegExp} why
 */
async function leavesOut(archive, name, why) {
  const { project: found, leftOut } = await importArchive(archive);
  assert.deepEqual(leftOut.map((one) => one.name), [name]);
  assert.match(leftOut[0].why, why);
  assert.match(leftOut[0].why, /^[A-Z].*\.$/s, 'a sentence');
  return found;
}

test('a project comes back under new ids, and is otherwise the same', async () => {
  const exported = project();
  const archive = await exportArchive(exported);
  assert.equal(archive.type, 'application/zip');
  const startedAt = Date.now();
  const [first, second] = [await whole(archive), await whole(archive)];
  assert.deepEqual(await plain(first), await plain(exported));
  const idsOf = (/** @type {import('./zip-bench.mjs').Project} */ { record, tiles }) => [record.id, ...record.classes.map(({ id }) => id), ...tiles.map(({ id }) => id)];
  const ids = [exported, first, second].flatMap(idsOf);
  assert.equal(new Set(ids).size, ids.length, 'no id is used twice');
  assert.deepEqual(first.tiles.map(({ order, thumbnail }) => ({ order, thumbnail })), [{ order: 0, thumbnail: null }, { order: 1, thumbnail: null }]);
  const createdAt = Date.parse(first.record.createdAt);
  assert.ok(createdAt >= startedAt && createdAt <= Date.now(), `${first.record.createdAt} is the time of the import`);
});

test('the stretch of a raster comes back, and so does that a tile has none', async () => {
  const range = { black: -1.5, white: 3000 };
  /** @type {import('../../www/engine/index.js').Raster} */
  const raster = { alike: 'tiff-1', stretch: { bands: [4, 3, 2], ranges: [range, range, range], rule: 'fixed', no_data: -9999 } };
  const file = new Blob(['numbers']);
  const tiles = [raster, null, undefined].map((raster, place) => tile(String(place), { source: { kind: 'file', file, ...(raster !== undefined && { raster }) }, noDataShare: 0.25 }));
  const found = await whole(await exportArchive(project({}, tiles)));
  assert.deepEqual(found.tiles.map(({ source, noDataShare }) => [source.raster, noDataShare]), [[raster, 0.25], [null, 0.25], [undefined, 0.25]]);
});

test('an empty project comes back', async () => {
  const empty = { ...project({ name: '', classes: [], settings: {} }, []), models: {} };
  assert.deepEqual(await plain(await whole(await exportArchive(empty))), await plain(empty));
});

test('awkward names come back, and are harmless in the archive', async () => {
  const classNames = ['a/b', '..', '.', '🌲🌲', 'wood', 'Wood', 'WOOD', '', ' ', 'x'.repeat(300), '森林', 'NUL', 'con.txt', 'ends in a dot.', '-rf', '<>:"|?*\\', 'line\nbreak', '\ud800', 'wood-2', 'e\u0301', '\u00e9'];
  const classes = classNames.map((name, index) => ({ id: String(index), name, colour: '#123456' }));
  const fileNames = ['tile.png', 'tile.png', 'TILE.PNG', '../../etc/passwd', '森.jpg', 'no extension', `${'y'.repeat(300)}.tiff`, '.png', 'aux.jpg', 'a.b.c.jpeg', '?'];
  const tiles = [...classes, { id: null }].flatMap(({ id }) =>
    fileNames.map((name) => tile(`${name} of ${id}`, { name, path: `..\\/${name}`, classId: id, order: Number(id) })),
  );
  const awkward = project({ name: 'a\0b\n"', classes }, tiles);
  const archive = await exportArchive(awkward);
  assert.deepEqual(await plain(await whole(archive)), await plain(awkward));

  const names = (await entriesOf(archive)).map(({ filename }) => filename);
  assert.equal(new Set(names.map((name) => name.normalize('NFKD').toLowerCase())).size, names.length, 'also without capitals and marks');
  for (const name of names) {
    for (const part of name.split('/')) {
      assert.doesNotMatch(part, /[<>:"\\|?*\p{C}]|^[.\s-]|[.\s]$|^$/u);
      assert.doesNotMatch(part, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      assert.ok(Buffer.byteLength(part) < 255, part);
    }
  }
  const folders = new Set(names.filter((name) => name.startsWith('images/')).map((name) => name.split('/')[1]));
  assert.equal(folders.size, classes.length, 'a folder for each class');
  assert.ok(names.filter((name) => name.startsWith('images/')).every((name) => name.split('/').length === 3), 'and nothing but files in it');
});

test('names are simplified so far that every system takes them', () => {
  assert.equal(safeName('Land use: wood/water?', 'class'), 'Land use_ wood_water_');
  assert.equal(safeName('森林', 'class'), '森林');
  assert.equal(safeName('🌲', 'class'), 'class');
  assert.equal(safeName('Aux.old', 'class'), '_Aux.old');
  assert.deepEqual(safeFileName('Tile.JPG', 'JPEG'), { stem: 'Tile', extension: '.JPG' });
  assert.deepEqual(safeFileName('tile', 'JPEG'), { stem: 'tile', extension: '.jpeg' });
  assert.deepEqual(safeFileName('tile', ''), { stem: 'tile', extension: '' });
  const folder = new Folder();
  assert.deepEqual(['a', 'A', 'a-2', 'a', 'b'].map((stem) => folder.take(stem, '.png')), ['a.png', 'A-2.png', 'a-2-2.png', 'a-3.png', 'b.png']);
});

test('the archive is what its readme says, with images as they are and text compressed', async () => {
  const entries = await entriesOf(await exportArchive(project()));
  assert.deepEqual(
    entries.map(({ filename, compressionMethod }) => `${filename} ${compressionMethod === 0 ? 'stored' : 'compressed'}`),
    [
      'README.txt compressed',
      'manifest.json compressed',
      `${LABELLED} stored`,
      `${UNLABELLED} stored`,
      'model/current.safetensors stored',
      'model/before.safetensors stored',
    ],
  );
  const [{ content: readme }] = await unzip(await exportArchive(project()));
  for (const name of ['images/', 'unlabelled/', 'model/', 'manifest.json']) assert.ok((await /** @type {Blob} */ (readme).text()).includes(name));
});

test('another zip program reads the archive', { skip: !hasPython && 'there is no python3' }, async (t) => {
  const file = path.join(await temporaryFolder(t), 'project.zip');
  await writeFile(file, Buffer.from(await (await exportArchive(project())).arrayBuffer()));
  const script = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.read(sys.argv[2]).decode())';
  const { stdout, stderr } = spawnSync('python3', ['-c', script, file, LABELLED], { encoding: 'utf8' });
  assert.deepEqual({ stdout, stderr }, { stdout: 'the image of wood\n', stderr: '' });
});

test('an archive that another program packed again is read', async () => {
  const files = await unzip(await exportArchive(project()));
  const repacked = await zip([{ name: '__MACOSX/._x', content: 'x' }, ...files.reverse().map((file) => ({ ...file, level: 9 }))]);
  assert.deepEqual(await plain(await whole(repacked)), await plain(project()));
});

test('a project that Finder, Explorer, PowerShell, 7-Zip or a Linux program packed again is read', async () => {
  const classes = [{ id: 'wood', name: 'Étang', colour: '#00ff00' }, { id: 'water', name: 'Water', colour: '#0000ff' }];
  const accented = project({ classes }, [tile('wood', { classId: 'wood', name: 'forêt.png' }), tile('nothing')]);
  const archive = await exportArchive(accented);
  const files = await unzip(archive);
  const renamed = (/** @type {(name: string) => string} */ change) => files.map((file) => ({ ...file, name: change(file.name) }));
  const junk = { name: '__MACOSX/A project/._manifest.json', content: 'x' };
  const withoutFlag = async (/** @type {typeof files} */ given) => {
    let packed = await zip(given);
    for (const { name } of given) packed = await forge(packed, name, { flags: (flags) => flags & ~0x800 });
    return packed;
  };
  const repacked = {
    Finder: await withoutFlag([junk, ...renamed((name) => `A project/${name}`.normalize('NFD'))]),
    'PowerShell 5': await zip(renamed((name) => name.replaceAll('/', '\\'))),
    'PowerShell 5, with folders': await zip([{ name: 'images\\', content: '' }, ...renamed((name) => `A project\\${name.replaceAll('/', '\\')}`)]),
    Linux: await withoutFlag(files),
    'a folder around all': await zip([{ name: 'A project/', content: '' }, ...renamed((name) => `A project/${name}`)]),
    Explorer: await zip(files, { encodeText: codePage437, useUnicodeFileNames: false }),
  };
  for (const [program, packed] of Object.entries(repacked)) assert.deepEqual(await plain(await whole(packed)), await plain(accented), program);
  const one = files.find(({ name }) => name.includes('Étang'))?.name ?? '';
  const rest = await leavesOut(await zip(files.filter(({ name }) => name !== one)), 'folder/tile.png', /“images\/Étang\/forêt\.png” is missing/);
  assert.equal(rest.tiles.length, 1);
});

test('an archive of images gives its files by class, and so does what Teachable Machine saved', async () => {
  const image = new Blob(['an image']);
  const of = async (/** @type {string} */ name, /** @type {import('./zip-bench.mjs').File[]} */ files) => packedFiles(new File([await zip(files)], name));
  const kaggle = await of('land.zip', [
    { name: 'land/train/forest/1.jpg', content: image, level: 9 },
    { name: 'land/labels.csv', content: 'forest' },
    { name: '__MACOSX/land/._1.jpg', content: 'x' },
  ]);
  assert.deepEqual(kaggle.map(({ path, isImage }) => [path, isImage]), [['land/land/train/forest/1.jpg', true], ['land/land/labels.csv', false], ['land/__MACOSX/land/._1.jpg', true]]);
  const unpacked = await kaggle[0].unpack();
  assert.deepEqual([unpacked.name, await unpacked.text()], ['1.jpg', 'an image']);
  const manifest = JSON.stringify({ type: 'image', version: '2.4.5', appdata: { publishResult: {}, trainEpochs: 50, trainBatchSize: 16, trainLearningRate: 0.001 } });
  const teachable = await of('project.tm', [
    { name: 'manifest.json', content: manifest },
    { name: 'Sea - coast-!-0.jpg', content: image },
    { name: 'Class 2-!-0.jpg', content: image },
  ]);
  assert.deepEqual(teachable.map(({ path }) => path), ['project/manifest.json', 'project/Sea - coast/0.jpg', 'project/Class 2/0.jpg']);
  const noImages = zip([{ name: 'notes.txt', content: 'x' }]);
  await assert.rejects(packedFiles(new File([await noImages], 'notes.zip')), { code: 'project.not_a_project' });
});

test('what is no archive of a project is told apart from a project', async () => {
  const notOurs = /no Tilelens project.*choose a zip file/;
  await refused(new Blob([]), 'project.not_a_project', notOurs);
  await refused(new Blob(['PK']), 'project.not_a_project', notOurs);
  await refused(new Blob(['a text, of no great length but longer than the end of a zip file']), 'project.not_a_project', notOurs);
  await refused(await zip([]), 'project.not_a_project', notOurs);
  await refused(await zip([{ name: 'readme.txt', content: 'hello' }]), 'project.not_a_project', notOurs);
  await refused(await zip([{ name: 'folder/manifest.json', content: '{}' }]), 'project.not_a_project', notOurs);
  await refused(await zip([{ name: 'manifest.json', content: '{"manifest_version":3}' }]), 'project.not_a_project', notOurs);
  await refused(await zip([{ name: 'manifest.json', content: '[]' }]), 'project.not_a_project', notOurs);
});

test('a truncated archive is named so, wherever it was cut', async () => {
  const archive = await exportArchive(project());
  for (let bytes = 4; bytes < archive.size; bytes += 1) {
    await refused(archive.slice(0, bytes), 'project.truncated', /not complete: its end is missing\. Copy or download/);
  }
});

test('whatever byte is wrong, the project is the same, or what is not is named, or it is refused', async () => {
  const archive = await exportArchive(project());
  const expected = await plain(project());
  const bytes = new Uint8Array(await archive.arrayBuffer());
  /** @type {Record<string, number>} */
  const codes = {};
  for (let place = 0; place < bytes.length; place += 1) {
    const flipped = bytes.slice();
    flipped[place] ^= 1 << place % 8;
    const outcome = await importArchive(new Blob([flipped])).catch((thrown) => thrown);
    if (outcome instanceof Error) {
      const { code } = /** @type {any} */ (outcome);
      assert.match(String(code), /^project\./, `byte ${place}: ${outcome.stack}`);
      codes[code] = (codes[code] ?? 0) + 1;
    } else if (outcome.leftOut.length > 0) {
      assert.ok(outcome.project.tiles.length + Object.keys(outcome.project.models).length < 4, `byte ${place}`);
      codes.leftOut = (codes.leftOut ?? 0) + 1;
    } else {
      assert.deepEqual(await plain(outcome.project), expected, `byte ${place}`);
    }
  }
  assert.ok(codes['project.damaged'] + codes.leftOut > bytes.length / 4 && codes.leftOut > 50, JSON.stringify(codes));
});

test('a wrong image is named, and the rest opens', async () => {
  const archive = await exportArchive(project());
  const bytes = new Uint8Array(await archive.arrayBuffer());
  bytes[await contentStart(archive, LABELLED)] ^= 1;
  const wrong = /“images\/Wood\/tile\.png” is not as it was written/;
  const rest = await leavesOut(new Blob([bytes]), 'folder/tile.png', wrong);
  assert.deepEqual((await plain(rest)).tiles, [(await plain(project())).tiles[1]]);
  await leavesOut(await forge(archive, LABELLED, { crc32: (value) => value ^ 1 }), 'folder/tile.png', wrong);
});

test('a project of a newer Tilelens is named so', async () => {
  const archive = await withManifest(await exportArchive(project()), (manifest) => ({ format: manifest.format, version: 5 }));
  await refused(archive, 'project.version', /made by a newer Tilelens \(version 5.*Reload the page/);
});

/** What can be wrong with a manifest, and what is said. @type {[string, (manifest: any) => unknown, RegExp][]} */
const DAMAGES = [
  ['no JSON', () => '{"format":', /manifest is no JSON/],
  ['no text', () => '\ufeff\ud800{', /manifest is no JSON/],
  ['no version', (manifest) => delete manifest.version && manifest, /it has no version/],
  ['version 0', (manifest) => ({ ...manifest, version: 0 }), /it has no version/],
  ['a version in words', (manifest) => ({ ...manifest, version: 'one' }), /it has no version/],
  ['no name', (manifest) => ({ ...manifest, name: 5 }), /the project has no name/],
  ['a long name', (manifest) => ({ ...manifest, name: 'x'.repeat(10_001) }), /the project has no name/],
  ['no classes', (manifest) => ({ ...manifest, classes: {} }), /no list of classes/],
  ['no tiles', (manifest) => ({ ...manifest, tiles: null }), /no list of tiles/],
  ['no settings', (manifest) => ({ ...manifest, settings: [] }), /the settings are no settings/],
  ['no models', (manifest) => ({ ...manifest, models: 'model' }), /no list of models/],
  ['a class of nothing', (manifest) => void (manifest.classes[1] = null), /class 2 is no class/],
  ['a class without name', (manifest) => void (manifest.classes[1].name = ['x']), /class 2 has no name/],
  ['a colour in words', (manifest) => void (manifest.classes[0].colour = 'green'), /the colour of class “Wood” is none/],
  ['a colour with more', (manifest) => void (manifest.classes[0].colour = '#00ff00;x'), /the colour of class “Wood” is none/],
  ['a class without folder', (manifest) => void delete manifest.classes[0].folder, /class “Wood” has no folder/],
  ['a tile of nothing', (manifest) => void (manifest.tiles[0] = 7), /tile 1 is no tile/],
  ['a tile without file', (manifest) => void delete manifest.tiles[0].source, /tile 1 has no file/],
  ['a tile of a kind that nobody knows', (manifest) => void (manifest.tiles[0].source.kind = 'planet'), /tile 1 has no file/],
  ['a tile without name', (manifest) => void (manifest.tiles[1].name = null), /tile 2 has no name/],
  ['a tile with a long path', (manifest) => void (manifest.tiles[1].path = 'x'.repeat(10_001)), /tile 2 has no path/],
  ['a class beyond the last', (manifest) => void (manifest.tiles[0].class = 2), /tile 1 has a class that is not there/],
  ['half a class', (manifest) => void (manifest.tiles[0].class = 0.5), /tile 1 has a class that is not there/],
  ['a class before the first', (manifest) => void (manifest.tiles[0].class = -1), /tile 1 has a class that is not there/],
  ['a tile without class', (manifest) => void delete manifest.tiles[0].class, /tile 1 has a class that is not there/],
  ['a tile without width', (manifest) => void (manifest.tiles[0].widthPx = '256'), /tile 1 has no size/],
  ['a tile without end', (manifest) => void (manifest.tiles[0].heightPx = 1e9), /tile 1 has no size/],
  ['a tile without format', (manifest) => void (manifest.tiles[0].format = {}), /tile 1 has no format/],
  ['a share beyond all', (manifest) => void (manifest.tiles[0].noDataShare = 2), /the share without data of tile 1 is none/],
  ['a stretch without bands', (manifest) => void (manifest.tiles[0].source.raster = { alike: 'a', stretch: { rule: 'fixed' } }), /the stretch of tile 1 is none/],
  ['a stretch of nothing', (manifest) => void (manifest.tiles[1].source.raster = 5), /the stretch of tile 2 is none/],
  ['a note in numbers', (manifest) => void (manifest.tiles[0].notes = [1]), /the notes on tile 1 are none/],
  ['too many notes', (manifest) => void (manifest.tiles[0].notes = Array(101).fill('x')), /the notes on tile 1 are none/],
  ['a model of nothing', (manifest) => void (manifest.models.current = 3), /the place of the model “current” is none/],
  ['a file twice', (manifest) => void (manifest.tiles[1].source.file = manifest.tiles[0].source.file), /“images\/Wood\/tile\.png” is named twice/],
  ['a tile that is a model', (manifest) => void (manifest.tiles[1].source.file = manifest.models.current), /“model\/current\.safetensors” is named twice/],
];

test('a manifest with something wrong is refused for just that', async (t) => {
  const archive = await exportArchive(project());
  for (const [what, damage, message] of DAMAGES) {
    await t.test(what, async () => refused(await withManifest(archive, damage), 'project.damaged', message));
  }
});

test('what is missing is named, and the rest opens', async () => {
  const archive = await exportArchive(project());
  for (const place of ['images/gone.png', '../../secret.png']) {
    const rest = await leavesOut(await withManifest(archive, (manifest) => void (manifest.tiles[1].source.file = place)), 'folder/tile.png', /is missing/);
    assert.equal(rest.tiles.length, 1);
  }
  const rest = await leavesOut(await withManifest(archive, (manifest) => void (manifest.models.before = '__proto__')), '__proto__', /“__proto__” is missing/);
  assert.deepEqual([await rest.models.current?.text(), rest.models.before], ['a model', undefined]);
});

test('reports find their tiles again, and none where a tile was left out', async () => {
  const kept = (/** @type {string[]} */ tileIds) => ({ report: {}, tileIds, classIds: ['water', 'wood'], inheritedTileIds: [], labels: ['Water', 'Wood'] });
  const report = { current: kept(['tile nothing', 'tile wood', 'tile long gone']), before: null, hasBefore: true };
  const archive = await exportArchive(project({ report }));
  const found = await whole(archive);
  const [wood, nothing] = found.tiles.map(({ id }) => id);
  const { current } = /** @type {any} */ (found.record.report);
  assert.deepEqual([current.tileIds, current.classIds], [[nothing, wood, ''], found.record.classes.map(({ id }) => id).toReversed()]);
  const rest = await leavesOut(await withManifest(archive, (manifest) => void (manifest.tiles[0].source.file = 'gone')), 'folder/tile.png', /is missing/);
  assert.deepEqual(/** @type {any} */ (rest.record.report).current.tileIds, [rest.tiles[0].id, '', '']);
});

test('a head that is lost gives way to the one before it, on the way out and on the way in', async () => {
  const kept = (/** @type {string} */ label) => ({ report: {}, tileIds: [], classIds: [], inheritedTileIds: [], labels: [label] });
  const both = project({ report: { current: kept('new'), before: kept('old'), hasBefore: true } });
  const archive = await withManifest(await exportArchive(both), (manifest) => void (manifest.models.current = 'gone'));
  const imported = await leavesOut(archive, 'gone', /is missing/);
  const exported = await whole(await exportArchive(without(both, { unreadable: [], tooLarge: [], scenes: [], models: ['current'] })));
  for (const { models, record } of [imported, exported]) {
    assert.deepEqual([await models.current?.text(), models.before], ['the model before', undefined]);
    assert.deepEqual(/** @type {any} */ (record.report).current.labels, ['old']);
  }
});

test('whatever goes out comes in again: a tile that no import takes is not written, and it is named', async () => {
  const large = /** @type {any} */ (new Blob(['x']));
  Object.defineProperty(large, 'size', { value: 300e6 });
  const given = project({}, [tile('wood', { classId: 'wood' }), tile('large', { source: { kind: 'file', file: large } }), tile('long', { name: 'n'.repeat(20_000), widthPx: LIMITS.tileSidePx })]);
  const omitted = await omissions(given);
  assert.deepEqual([omitted.tooLarge.map(({ id }) => id), omitted.unreadable], [['tile large'], []]);
  const found = await whole(await exportArchive(without(given, omitted)));
  assert.deepEqual(found.tiles.map(({ widthPx }) => widthPx), [256, LIMITS.tileSidePx]);
  const many = project({}, Array.from({ length: LIMITS.tiles + 1 }, () => tile('same')));
  await assert.rejects(exportArchive(many), { code: 'project.too_large', message: /100.001 tiles, and a file takes 100.000.*Remove tiles/ });
});

test('too many classes and tiles are refused', async () => {
  const archive = await exportArchive(project());
  const classes = await withManifest(archive, (manifest) => void (manifest.classes = Array(51).fill(manifest.classes[0])));
  await refused(classes, 'project.too_large', /51 classes, and 50 are allowed/);
  const tiles = await withManifest(archive, (manifest) => void (manifest.tiles = Array(100_001).fill(0)));
  await refused(tiles, 'project.too_large', /100.001 tiles, and 100.000 are allowed/);
});

test('names that lead out of the archive are refused', async () => {
  const files = await unzip(await exportArchive(project()));
  for (const name of ['../evil.txt', 'images/../../evil.txt', 'images/..', '/etc/passwd', 'C:\\evil.txt', 'c:evil.txt', '..\\evil.txt', 'images\\..\\..\\evil.txt', 'nul\0.txt']) {
    const archive = await zip([...files, { name: 'x'.repeat(Buffer.byteLength(name)), content: 'evil' }]);
    await refused(await rename(archive, 'x'.repeat(Buffer.byteLength(name)), name), 'project.unsafe', /would lie outside of its own folder/);
  }
  const harmless = await zip([...files, { name: 'images/..x/y..z', content: '' }]);
  assert.equal((await whole(harmless)).tiles.length, 2);
});

test('two files of one name are refused', async () => {
  const files = await unzip(await exportArchive(project()));
  const archive = await zip([...files, { name: 'images/Wood/tilf.png', content: 'another' }]);
  await refused(await rename(archive, 'images/Wood/tilf.png', LABELLED), 'project.damaged', /two files are called “images\/Wood\/tile\.png”/);
});

test('a locked archive is named so', async () => {
  const archive = await forge(await exportArchive(project()), LABELLED, { flags: (flags) => flags | 1 });
  await refused(archive, 'project.encrypted', /locked with a password: unpack it/);
});

test('files that declare too much are left out before they are read', async () => {
  const files = (await unzip(await exportArchive(project()))).map((file) => ({ ...file, level: 6 }));
  const archive = await zip(files);
  const one = await leavesOut(await forge(archive, LABELLED, { size: () => 200_000_001 }), 'folder/tile.png', /“images\/Wood\/tile\.png” has 201 MB, and no more than 200 MB are allowed/);
  assert.equal(one.tiles.length, 1, 'one bad entry does not spoil the rest');
  await leavesOut(await forge(archive, 'model/current.safetensors', { size: () => LIMITS.modelBytes + 1 }), 'model/current.safetensors', /“model\/current\.safetensors” has 537 MB, and no more than 537 MB/);
  await refused(await forge(archive, 'manifest.json', { size: () => 64_000_001 }), 'project.too_large', /“manifest\.json” has 65 MB, and no more than 64 MB/);

  let many = await zip([...files, { name: 'a', content: 'x' }, { name: 'b', content: 'x' }].map((file) => ({ ...file, level: 6 })));
  for (const name of ['a', 'b']) many = await forge(many, name, { size: () => 4_100_000_000 });
  await refused(many, 'project.too_large', /more than 8.000 MB are in it/);
});

test('files that unpack to more than they declare are stopped', async () => {
  const files = await unzip(await exportArchive(project()));
  const zeros = new Blob(Array(100).fill(new Uint8Array(1e6)));
  const bomb = await zip(files.map((file) => (file.name === LABELLED ? { ...file, content: zeros, level: 9 } : file)));
  assert.equal((await whole(bomb)).tiles[0].source.file.size, 100e6, 'with its true size it is a large tile');
  const forged = /“images\/Wood\/tile\.png” has another size than it declares/;
  const before = process.memoryUsage().arrayBuffers;
  await leavesOut(await forge(bomb, LABELLED, { size: () => 1000 }), 'folder/tile.png', forged);
  assert.ok(process.memoryUsage().arrayBuffers - before < 50e6, 'it was not unpacked');
  await leavesOut(await forge(bomb, LABELLED, { size: () => 150e6 }), 'folder/tile.png', /“images\/Wood\/tile\.png” is not as it was written/);
  const stored = await exportArchive(project());
  await refused(await forge(stored, LABELLED, { size: () => 1000 }), 'project.too_large', forged);
});

test('files that share their bytes are left out', async () => {
  const same = { source: { kind: /** @type {const} */ ('file'), file: new Blob(['one image for both']) } };
  const archive = await exportArchive(project({}, [tile('wood', { ...same, classId: 'wood' }), tile('nothing', same)]));
  const [, , first] = await entriesOf(archive);
  const overlapping = await forge(archive, UNLABELLED, { offset: () => first.offset });
  await leavesOut(overlapping, 'folder/tile.png', /“unlabelled\/tile\.png” is not as it was written \(Overlapping entry/);
});

test('a tile that was moved away is named, and so is an archive', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'tile.png');
  await writeFile(file, 'the image of a file');
  const moved = project({}, [tile('file', { source: { kind: 'file', file: await openAsBlob(file) } })]);
  await appendFile(file, ' that has changed');
  await assert.rejects(exportArchive(moved), { code: 'project.unreadable', message: /“folder\/tile\.png” can no longer be read.*export again/ });

  const archiveFile = path.join(folder, 'project.zip');
  await writeFile(archiveFile, Buffer.from(await (await exportArchive(project())).arrayBuffer()));
  const archive = await openAsBlob(archiveFile);
  assert.equal((await whole(archive)).tiles.length, 2);
  await appendFile(archiveFile, 'changed');
  await refused(archive, 'project.unreadable', /archive can no longer be read.*Choose it again/);
});

test('the page exports, imports and stores under its policy', { timeout: SLOW_MS }, async (t) => {
  const { bench, page, close } = await open(t);
  const { exported, stored } = await bench.evaluate(async ({ example, exportArchive, importArchive, store, fill, plain }) => {
    const given = example('a', { tiles: 20, tileBytes: 1_000_000 });
    const { project } = await importArchive(await exportArchive(given));
    await fill(project);
    const facts = (/** @type {import('./bench.mjs').Project | null} */ one) =>
      plain({ tiles: one?.tiles.map(({ source, name }) => ({ name, file: source.file.slice() })), models: one?.models });
    return { exported: await facts(given), stored: await facts(await store.load(project.record.id)) };
  });
  assert.deepEqual(stored, exported);

  const file = path.join(await temporaryFolder(t), 'project.zip');
  await writeFile(file, Buffer.from(await (await exportArchive(project())).arrayBuffer()));
  await page.setInputFiles('input', file);
  const importChosen = () =>
    bench.evaluate(async ({ importArchive, failure }) => {
      const [chosen] = /** @type {HTMLInputElement} */ (document.querySelector('input')).files ?? [];
      return failure(() => importArchive(chosen));
    });
  assert.equal(await importChosen(), null);
  await appendFile(file, 'changed');
  assert.equal((await importChosen())?.code, 'project.unreadable');
  await close();
});

test('a scene and its cells come back, with its file or without, and a stranger\'s cells of no scene are refused', async () => {
  const raster = { alike: '4 bands', stretch: /** @type {import('../../www/engine/index.js').Stretch} */ ({ bands: [3, 2, 1], ranges: [0, 1, 2].map(() => ({ black: 0, white: 3000 })), rule: 'fixed' }) };
  const plan = { grid: { cell: '640m', step: '320m', offset: '0px', area: { name: 'parcels.geojson', polygons: [[[[0, 0], [900.5, 0], [900.5, 700]]]] } }, map: { undecidedPercent: 40, isMajority: true }, check: null };
  const file = new Blob(['the image of a scene']);
  const scene = { id: 's', name: 'scene.tif', file, fileBytes: file.size, fingerprint: 'f00d', sidecars: { world: '10\n0\n0\n-10\n5\n5\n', auxXml: null }, raster, plan };
  const window = { x: 64, y: 128, width: 64, height: 64 };
  const source = /** @type {import('../../www/engine/index.js').WindowSource} */ ({ kind: 'window', sceneId: 's', file, window, raster, sidecars: scene.sidecars });
  const before = { ...project({}, [{ ...tile('cell', { classId: 'wood' }), source }]), scenes: [/** @type {any} */ (scene)] };

  const found = await whole(await exportArchive(before));
  const [again] = found.scenes;
  assert.deepEqual({ ...again, id: 's', file: null }, { ...scene, file: null });
  assert.equal(await again.file?.text(), 'the image of a scene');
  assert.deepEqual(found.tiles[0].source, { kind: 'window', sceneId: again.id, file: again.file, window, raster, sidecars: scene.sidecars });
  assert.equal(found.tiles[0].classId, found.record.classes[0].id);

  const lacking = await whole(await exportArchive(without(before, { unreadable: [], tooLarge: [], scenes: before.scenes, models: [] })));
  assert.deepEqual([lacking.scenes[0].file, lacking.tiles[0].classId], [null, lacking.record.classes[0].id]);

  const archive = await exportArchive(before);
  for (const [harm, words] of /** @type {[(manifest: any) => void, RegExp][]} */ ([
    [(manifest) => void (manifest.tiles[0].source.scene = 1), /tile 1 is no window of a scene/],
    [(manifest) => void (manifest.tiles[0].source.window.width = 0), /tile 1 is no window of a scene/],
    [(manifest) => void (manifest.scenes[0].raster = { alike: 'x' }), /the stretch of scene 1 is none/],
    [(manifest) => void (manifest.scenes = 'many'), /the scenes are no scenes/],
  ])) {
    await assert.rejects(importArchive(await withManifest(archive, harm)), words);
  }
});

test('a map of as many cells as a project may have goes into the file and comes back', async () => {
  const file = new Blob(['the image of a scene']);
  const scene = { id: 's', name: `${'n'.repeat(160)}.tif`, file, fileBytes: file.size, fingerprint: 'f00d', sidecars: { world: null, auxXml: null }, raster: null, plan: usualPlan() };
  const cells = Array.from({ length: LIMITS.tiles }, (_, index) => {
    const [column, row] = [index % 320, Math.floor(index / 320)];
    const name = `Row ${row + 1}, column ${column + 1} · ${scene.name}`;
    const source = /** @type {import('../../www/engine/index.js').WindowSource} */ ({ kind: 'window', sceneId: 's', file, window: { x: 256 * column, y: 256 * row, width: 256, height: 256 }, raster: null, sidecars: { world: null, auxXml: null } });
    return { ...tile(`cell ${index}`), name, path: name, source };
  });
  const found = await whole(await exportArchive({ ...project({}, cells), scenes: [scene] }));
  assert.equal(found.tiles.length, LIMITS.tiles);
  assert.deepEqual(found.tiles.at(-1)?.source, { ...cells[LIMITS.tiles - 1].source, sceneId: found.scenes[0].id, file: found.scenes[0].file });
});

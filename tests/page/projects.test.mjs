/** The open project: kept change by change, put away, opened again. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { History } from '../../www/labels/history.js';
import { Labelling } from '../../www/labels/labelling.js';
import { importArchive } from '../../www/project/archive.js';
import { Autosave } from '../../www/project/autosave.js';
import { ProjectError } from '../../www/project/failures.js';
import { Projects } from '../../www/project/projects.js';
import { toFeatures, toTiles } from '../../www/project/rows.js';
import { Workspace } from '../../www/project/workspace.js';
import { usualPlan } from '../../www/scene/plan.js';
import { Scenes } from '../../www/scene/scenes.js';
import { Features } from '../../www/tiles/features.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { settingsFrom } from '../../www/training/settings.js';
import { FakeStore } from './fake-store.mjs';
import { FakeSession, decodedEvent, newTiles, settled } from './fakes.mjs';

const OLD_PROJECT = fileURLToPath(new URL('../fixtures/projects/version-1.zip', import.meta.url));

function openPage(store = new FakeStore()) {
  const fake = new FakeSession();
  /** What the worker has. @type {Map<string, any>} */
  const worker = new Map();
  Object.assign(fake.answers, {
    keepFeatures: (/** @type {any} */ { rows }) => void rows.forEach((/** @type {any} */ row) => worker.set(row.tileId, row)),
    readFeatures: (/** @type {any} */ { tileIds }) => tileIds.flatMap((/** @type {string} */ id) => worker.get(id) ?? []),
    forgetFeatures: (/** @type {any} */ { tileIds }) => void tileIds.forEach((/** @type {string} */ id) => worker.delete(id)),
  });
  const tiles = new TileList();
  const history = new History();
  const page = { tiles, scenes: new Scenes(), history, features: new Features(fake.asSession), labelling: new Labelling(tiles, history), workspace: new Workspace() };
  const autosave = new Autosave(store.asStore, page);
  const projects = new Projects(page, { store: store.asStore, autosave });
  /** The engine answers for a tile. @param {import('../../www/tiles/tile-list.js').Tile} tile */
  const decode = (tile) => {
    const { result } = decodedEvent(tile.id);
    worker.set(tile.id, { tileId: tile.id, backbone: 'backbone-a', look: '', views: 1, values: new Float32Array(4) });
    page.features.note(tile.id, { backbone: 'backbone-a', look: '', views: 1 });
    tiles.answer(tile, result, { labels: ['forest', 'water'], preparations: [] });
  };
  return { ...page, store, worker, autosave, projects, decode, refill: () => fake.refill() };
}

test('nothing is kept before the first class or name; from then on everything is, features with it', async () => {
  const { tiles, labelling, workspace, store, autosave, decode } = openPage();
  const added = tiles.add(newTiles(3));
  decode(added[0]);
  await settled();
  assert.deepEqual([autosave.state, store.log], ['notKept', []]);
  const wood = labelling.create('Wood');
  await settled();
  assert.equal(autosave.state, 'saved');
  assert.equal(store.tiles.get(workspace.id)?.size, 3);
  assert.equal(store.rows.get(workspace.id)?.size, 1);
  store.log = [];
  labelling.assign([added[0]], wood);
  await settled();
  assert.deepEqual(store.log, ['labels 1'], 'a label rewrites no image');
  store.log = [];
  decode(added[1]);
  await settled();
  assert.deepEqual(store.log.toSorted(), ['features 1', 'tiles 1']);
});

test('what could not be written is written when there is room again', async () => {
  const { tiles, labelling, workspace, store, autosave } = openPage();
  const wood = labelling.create('Wood');
  await settled();
  store.broken = new Error('no room');
  labelling.assign(tiles.add(newTiles(2)), wood);
  await settled();
  assert.deepEqual([autosave.state, autosave.error?.message], ['failed', 'no room']);
  store.broken = null;
  await autosave.save();
  assert.equal(autosave.state, 'saved');
  assert.deepEqual([...(store.tiles.get(workspace.id)?.values() ?? [])].map(({ classId }) => classId), [wood.id, wood.id]);
});

test('a new engine gets the features of a project that was born on this page', async () => {
  const { tiles, labelling, features, worker, decode, refill } = openPage();
  const [tile] = tiles.add(newTiles(1));
  decode(tile);
  labelling.create('Wood');
  await settled();
  worker.clear();
  await refill();
  assert.ok(worker.has(tile.id) && features.has(tile.id, 'backbone-a'));
});

test('a project is opened with its labels, and its features are given to the engine; those of the one before go', async () => {
  const page = openPage();
  const { tiles, labelling, workspace, features, projects, worker, decode } = page;
  const wood = labelling.create('Wood');
  const added = tiles.add(newTiles(2));
  added.forEach(decode);
  labelling.assign([added[0]], wood);
  await settled();
  const { id } = workspace;
  await projects.create();
  assert.deepEqual([tiles.size, labelling.classes.length, worker.size], [0, 0, 0]);
  await projects.open(id);
  assert.deepEqual(tiles.all.map(({ classId }) => classId), [wood.id, null]);
  assert.deepEqual(tiles.all.map((tile) => features.has(tile.id, 'backbone-a')), [true, true]);
  assert.equal(worker.size, 2);
});

test('a tile that was removed and brought back is kept again', async () => {
  const { tiles, labelling, history, workspace, store, decode } = openPage();
  labelling.create('Wood');
  const [tile] = tiles.add(newTiles(1));
  decode(tile);
  await settled();
  labelling.removeTiles([tile]);
  await settled();
  assert.equal(store.tiles.get(workspace.id)?.size, 0);
  history.undo();
  await settled();
  assert.equal(store.tiles.get(workspace.id)?.size, 1);
});

test('work that cannot be saved is not left for another project', async () => {
  const { tiles, labelling, store, projects } = openPage();
  const wood = labelling.create('Wood');
  await settled();
  store.broken = new Error('no room');
  labelling.assign(tiles.add(newTiles(1)), wood);
  await settled();
  await assert.rejects(projects.create(), /no room/);
  assert.equal(tiles.size, 1);
});

test('a project file of the first version opens: tiles, labels, head, and its report in the words of today', async () => {
  const { project, leftOut } = await importArchive(new Blob([await readFile(OLD_PROJECT)]));
  assert.deepEqual(leftOut, []);
  const { tiles, labelling, workspace, projects } = openPage();
  await projects.adopt(project);
  assert.deepEqual(tiles.all.map(({ name, classId }) => [name, labelling.classOf(classId)?.name]), [['wood.png', 'Wood'], ['water.png', 'Water'], ['no image.txt', undefined]]);
  assert.deepEqual(await Promise.all(tiles.all.map(({ source }) => source.file.text())), ['the image of wood', 'the image of water', 'the image of nothing']);
  assert.equal(await workspace.current.model?.text(), 'a model');
  const report = workspace.current.report;
  assert.deepEqual(report?.report.predictions, [{ tile: 1, label: 1, predicted: 0, confidence: 0.75, labelProbability: 0.25 }]);
  assert.deepEqual(report?.tileIds, tiles.all.slice(0, 2).map(({ id }) => id));
  assert.ok(workspace.before, 'the model of the site was before');
});

test('rows of the first version are read: a tile with its file beside it, features without their views', () => {
  const file = new Blob(['pixels']);
  const facts = { projectId: 'p', id: 't', name: 't.png', path: 't.png', order: 1, classId: 'wood', widthPx: 8, heightPx: 8, format: 'PNG', notes: [] };
  const [tile] = toTiles([facts], [{ id: 't', file, thumbnail: null }], [{ id: 'wood', name: 'Wood', colour: '#000000' }], []);
  assert.deepEqual([tile.source, tile.classId], [{ kind: 'file', file }, 'wood']);
  const rows = [576, 8 * 576, 100].map((length) => ({ projectId: 'p', tileId: `t${length}`, backbone: 'b', values: new Float32Array(length) }));
  assert.deepEqual(toFeatures(rows).map(({ tileId, views }) => [tileId, views]), [['t576', 1], ['t4608', 8]]);
});

test('settings that an older page kept hold today', () => {
  const workspace = new Workspace();
  const record = { id: 'old', name: 'Old', createdAt: '', updatedAt: '', classes: [], settings: { learning_rate: 0.01, class_weighting: true, epochs: 7 }, report: null };
  workspace.open({ record, tiles: [], scenes: [], models: {} });
  const { learningRate, classWeighting, epochs } = settingsFrom(workspace.settings);
  assert.deepEqual([learningRate, classWeighting, epochs], [0.01, true, 7]);
});

/** A scene of three cells that are tiles, of which the engine has said nothing. @param {ReturnType<typeof openPage>} page @param {Blob} [file] */
function addScene({ scenes, tiles }, file = new Blob(['pixels'])) {
  const scene = { id: 's', name: 'scene.tif', file, fileBytes: file.size, fingerprint: null, sidecars: { world: null, auxXml: null }, raster: null, plan: usualPlan() };
  scenes.add([scene]);
  const cells = tiles.add(
    [0, 1, 2].map((column) => {
      const window = { x: 64 * column, y: 0, width: 64, height: 64 };
      return { name: `cell ${column}`, path: `cell ${column}`, source: { kind: 'window', sceneId: 's', file, window, raster: null, sidecars: { world: null, auxXml: null } } };
    }),
  );
  return { scene, cells };
}

test('a scene comes back with all its cells, also with those that were not classified yet', async () => {
  const page = openPage();
  page.workspace.rename('Map');
  await settled();
  const { cells } = addScene(page);
  page.decode(cells[0]);
  await settled();
  const { id } = page.workspace;
  assert.equal(page.store.tiles.get(id)?.size, 3);

  const again = openPage(page.store);
  await again.projects.open(id);
  assert.deepEqual(again.tiles.all.map(({ name, facts }) => [name, facts !== null]), [['cell 0', true], ['cell 1', false], ['cell 2', false]]);
  assert.deepEqual(again.scenes.all.map(({ name, fileBytes }) => [name, fileBytes]), [['scene.tif', 6]]);
});

test('the file of a scene is written once; without room all else is kept, and that is said once', async () => {
  const page = openPage();
  page.workspace.rename('Map');
  await settled();
  const { scene } = addScene(page);
  await settled();
  page.scenes.change('s', { plan: usualPlan('640m') });
  await settled();
  assert.deepEqual(page.store.log.filter((entry) => entry.startsWith('scene')), ['scene scene.tif with its file', 'scene scene.tif']);
  page.scenes.remove('s');
  await settled();
  assert.equal(page.store.log.at(-1), 'scene gone');

  const full = openPage();
  const { putScene } = full.store;
  full.store.putScene = async (id, one, file) => {
    if (file) throw new ProjectError('storage.full', 'There is no room.');
    return putScene.call(full.store, id, one, file);
  };
  /** @type {string[]} */
  const lacking = [];
  full.autosave.addEventListener('lacking', (event) => lacking.push(/** @type {CustomEvent<{ name: string }>} */ (event).detail.name));
  full.workspace.rename('Map');
  full.scenes.add([scene]);
  await settled();
  full.scenes.change('s', { plan: usualPlan('320m') });
  await settled();
  const kept = full.store.scenes.get(full.workspace.id)?.get('s');
  assert.deepEqual([full.autosave.state, lacking, kept.file, kept.plan.grid.cell], ['saved', ['scene.tif'], null, '320m']);

  const large = openPage();
  large.autosave.addEventListener('lacking', (event) => lacking.push(/** @type {CustomEvent<{ name: string }>} */ (event).detail.name));
  large.workspace.rename('Map');
  // No machine is asked for as many bytes.
  large.scenes.add([{ ...scene, name: 'large.tif', file: Object.defineProperty(new Blob(['x']), 'size', { value: 2e9 + 1 }) }]);
  await settled();
  assert.deepEqual([large.store.scenes.get(large.workspace.id)?.get('s').file, lacking], [null, ['scene.tif', 'large.tif']]);
});

test('a scene of an imported project that has no room stays open for this visit, and that is said once', async () => {
  const source = openPage();
  source.workspace.rename('Map');
  const { scene } = addScene(source);
  await settled();
  const project = source.projects.snapshot();

  const page = openPage();
  const { putScene } = page.store;
  page.store.putScene = async (id, one, file) => {
    if (file) throw new ProjectError('storage.full', 'There is no room.');
    return putScene.call(page.store, id, one, file);
  };
  const { putTiles } = page.store;
  // As the real store has it: a cell has no file but its scene's.
  page.store.putTiles = (id, tiles) => putTiles.call(page.store, id, tiles.map((tile) => ({ ...tile, source: { ...tile.source, file: new Blob() } })));
  /** @type {string[]} */
  const lacking = [];
  page.autosave.addEventListener('lacking', (event) => lacking.push(/** @type {CustomEvent<{ name: string }>} */ (event).detail.name));
  await page.projects.adopt(project);
  assert.deepEqual(page.scenes.all.map(({ file }) => file), [scene.file]);
  assert.deepEqual(page.tiles.all.map(({ source: { file } }) => file === scene.file), [true, true, true]);
  page.scenes.change('s', { plan: usualPlan('320m') });
  await settled();
  assert.deepEqual([page.autosave.state, lacking], ['saved', ['scene.tif']]);
  await page.projects.open(page.workspace.id);
  assert.equal(page.scenes.all[0].file, null, 'the next visit asks for it');
});

test('a removed project can be taken back until it is forgotten', async () => {
  const { projects, labelling, workspace, store, autosave, tiles } = openPage();
  await projects.openLast();
  labelling.assign(tiles.add(newTiles(2)), labelling.create('Wood'));
  await settled();
  const { id } = workspace;
  await projects.remove();
  assert.deepEqual([tiles.size, autosave.isKept, (await projects.list()).length, store.records.size], [0, false, 0, 1]);
  await projects.takeBack();
  assert.deepEqual([workspace.id, tiles.size, labelling.counts], [id, 2, [2]]);

  await projects.remove();
  await projects.forgetRemoved();
  assert.equal(store.records.size, 0);
  await projects.forgetRemoved();
});

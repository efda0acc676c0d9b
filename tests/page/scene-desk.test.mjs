/** Scenes are opened while the user goes on: what is done to one project stays out of the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeSession, deferred, settled } from './fakes.mjs';
import { History } from '../../www/labels/history.js';
import { Workspace } from '../../www/project/workspace.js';
import { SceneDesk } from '../../www/scene/scene-desk.js';
import { Scenes } from '../../www/scene/scenes.js';
import { TileList } from '../../www/tiles/tile-list.js';

const GRID = { windows: [2, 2], cells: [2, 2], cellPx: [8, 8], stepPx: [8, 8], offsetPx: [0, 0], wanted: null };
const NO_SIDECARS = { world: null, auxXml: null };

/** A desk whose room cuts scenes when the test says so. */
function openDesk() {
  const cuts = /** @type {ReturnType<typeof deferred>[]} */ ([]);
  const closed = /** @type {string[]} */ ([]);
  const room = {
    readable: async (/** @type {Blob} */ file) => file,
    open: async () => ({ widthPx: 16, heightPx: 16, pixelM: null }),
    close: async (/** @type {string} */ id) => void closed.push(id),
    ask: async () => {
      const cut = deferred();
      cuts.push(cut);
      return cut.promise;
    },
  };
  const session = Object.assign(new FakeSession(), { ask: async () => ({ groups: [], alike: {} }) });
  const stretches = Object.assign(new EventTarget(), { kinds: [] });
  const page = { scenes: new Scenes(), tiles: new TileList(), history: new History(), workspace: new Workspace() };
  const desk = new SceneDesk(/** @type {any} */ ({ session, room, stretches, ...page }));
  return { ...page, desk, cuts, closed };
}

/** @param {ReturnType<typeof openDesk>} page */
function openAnotherProject({ tiles, scenes, history, workspace }) {
  tiles.remove(tiles.all);
  scenes.clear();
  history.clear();
  workspace.open(null);
}

const FILE = new File(['pixels'], 'scene.tif');

/** @param {ReturnType<typeof openDesk>} page @param {number} count */
async function cutsAsked({ cuts }, count) {
  for (let turn = 0; turn < 100 && cuts.length < count; turn += 1) await settled();
  assert.equal(cuts.length, count);
}

/** A scene that is open. @param {ReturnType<typeof openDesk>} page */
async function addScene(page) {
  const adding = page.desk.add(FILE, NO_SIDECARS, page.desk.projectId);
  await cutsAsked(page, 1);
  page.cuts[0].resolve(GRID);
  return adding;
}

test('a scene goes to the project that it was opened in, or nowhere', async () => {
  const page = openDesk();
  const adding = page.desk.add(FILE, NO_SIDECARS, page.desk.projectId);
  await cutsAsked(page, 1);
  openAnotherProject(page);
  page.cuts[0].resolve(GRID);
  await assert.rejects(adding, { code: 'scene.other_project' });
  assert.deepEqual([page.scenes.size, page.tiles.size, page.closed.length], [0, 0, 1]);

  const again = page.desk.add(FILE, NO_SIDECARS, page.desk.projectId);
  await cutsAsked(page, 2);
  page.cuts[1].resolve(GRID);
  await again;
  assert.deepEqual([page.scenes.size, page.tiles.size], [1, 4]);
});

test('cells that are cut anew do not come to another project', async () => {
  const page = openDesk();
  const scene = await addScene(page);
  const cutting = page.desk.recut(scene, { ...scene.plan.grid, step: '4px' });
  await settled();
  openAnotherProject(page);
  page.cuts.at(-1)?.resolve(GRID);
  await assert.rejects(cutting, { code: 'scene.closed' });
  assert.deepEqual([page.tiles.size, page.history.undoable], [0, null]);
});

test('a file that a scene lacks is told from another of its name and size', async () => {
  const page = openDesk();
  const scene = await addScene(page);
  page.scenes.change(scene.id, { file: null });
  assert.equal(await page.desk.reunite(new File(['pixels'], 'other.tif')), 'unknown');
  assert.equal(await page.desk.reunite(new File(['pIxels'], 'scene.tif')), 'differs');
  assert.equal(scene.file, null);
  assert.equal(await page.desk.reunite(FILE), 'reunited');
  await settled();
  assert.equal(scene.file, FILE);
});

/** A scene that is cut otherwise, while the worker is asked for its grid once more. @param {ReturnType<typeof openDesk>} page */
async function recutScene(page) {
  const scene = await addScene(page);
  const cutting = page.desk.recut(scene, { ...scene.plan.grid, step: '4px' });
  await cutsAsked(page, 2);
  page.cuts[1].resolve(GRID);
  await cutting;
  await cutsAsked(page, 3);
  return scene;
}

test('a scene whose new grid cannot be had is opened anew, and where that fails it is said', async () => {
  const page = openDesk();
  const scene = await recutScene(page);
  page.cuts[2].reject(new Error('the worker ended'));
  await cutsAsked(page, 4);
  assert.equal(page.desk.opened(scene.id), null, 'the grid before is that of other cells');
  page.cuts[3].reject(new Error('it cannot be read'));
  await settled();
  assert.match(page.desk.failure(scene.id)?.message ?? '', /cannot be read/);
});

test('a scene that is removed while it is cut stays removed, and comes back', async () => {
  const page = openDesk();
  const scene = await recutScene(page);
  page.desk.remove(scene);
  page.cuts[2].resolve(GRID);
  await settled();
  assert.equal(page.desk.opened(scene.id), null);
  page.history.undo();
  page.desk.start();
  await cutsAsked(page, 4);
  page.cuts[3].resolve(GRID);
  await settled();
  assert.ok(page.desk.opened(scene.id));
});

test('a scene that cannot be cut is closed again', async () => {
  const page = openDesk();
  const adding = page.desk.add(FILE, NO_SIDECARS, page.desk.projectId);
  await cutsAsked(page, 1);
  page.cuts[0].reject(new Error('it cannot be read'));
  await assert.rejects(adding);
  assert.deepEqual([page.scenes.size, page.closed.length], [0, 1]);
});

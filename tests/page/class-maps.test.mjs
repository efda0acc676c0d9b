/** Cells that are cut otherwise, and what of a map was learnt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedLabels } from '../../www/scene/cells.js';
import { ClassMaps } from '../../www/scene/class-maps.js';
import { FakeSession, loadedModel, settled } from './fakes.mjs';

/** @param {number} x @param {string} classId */
function cell(x, classId) {
  return /** @type {import('../../www/scene/cells.js').Cell} */ (/** @type {unknown} */ ({ classId, source: { kind: 'window', sceneId: 's', window: { x, y: 0, width: 64, height: 64 } } }));
}

/**
 * The maps of one scene.
 * @param {{ session: FakeSession, scene: object, windows?: [number, number], tiles?: EventTarget, map: () => { ids: Uint8Array, summary: object } }} page
 */
function mapsOf({ session, scene, windows = [1, 1], tiles = Object.assign(new EventTarget(), { all: [] }), map }) {
  const grid = { windows, cellPx: [64, 64], stepPx: [64, 64], offsetPx: [0, 0] };
  return new ClassMaps(/** @type {any} */ ({
    session,
    room: { ask: async () => map() },
    tiles,
    labelling: Object.assign(new EventTarget(), { coloursOf: () => ['#000000', '#ffffff'] }),
    scenes: { all: [scene], get: () => scene },
    desk: Object.assign(new EventTarget(), { opened: () => ({ grid }) }),
  }));
}

test('windows that overlap cover what they share once', () => {
  const whole = { x: 0, y: 0, width: 128, height: 128 };
  assert.equal(carriedLabels([cell(0, 'wood'), cell(32, 'wood')])(whole), null, '96 × 64 pixels are less than half');
  assert.equal(carriedLabels([cell(0, 'wood'), cell(64, 'wood')])(whole), 'wood');
  const lower = { x: 0, y: 0, width: 96, height: 128 };
  assert.equal(carriedLabels([cell(0, 'wood'), cell(32, 'wood')])(lower), 'wood');
});

test('what changed is what the model says otherwise of the same cells under the same options', async () => {
  const session = new FakeSession();
  session.status = { ...session.status, loaded: loadedModel({ labels: ['a', 'b'] }, 1) };
  const scene = { id: 's', plan: { grid: { cell: '64px', step: '64px', offset: '0px', area: null }, map: { undecidedPercent: 0, isMajority: false } } };
  let ids = Uint8Array.of(1, 1);
  const maps = mapsOf({ session, scene, windows: [2, 1], map: () => ({ ids, summary: { areas: [{ name: 'a' }, { name: 'b' }] } }) });
  const before = async () => (await maps.upToDate('s'))?.before?.ids ?? null;
  assert.equal(await before(), null);
  session.status = { ...session.status, loaded: loadedModel({ labels: ['a', 'b'] }, 2) };
  ids = Uint8Array.of(1, 2);
  assert.deepEqual(await before(), Uint8Array.of(1, 1));
  // Cells that an option leaves undecided were not learnt.
  const options = scene.plan.map;
  scene.plan = { ...scene.plan, map: { ...options, undecidedPercent: 60 } };
  assert.equal(await before(), null);
  scene.plan = { ...scene.plan, map: options };
  assert.deepEqual(await before(), Uint8Array.of(1, 1));
  // As many cells elsewhere are others.
  scene.plan = { ...scene.plan, grid: { ...scene.plan.grid, offset: '4px' } };
  assert.equal(await before(), null);
});

test('a map can be had while cells are still classified', async () => {
  const session = new FakeSession();
  session.status = { ...session.status, loaded: loadedModel({ labels: ['a', 'b'] }, 1) };
  const tiles = Object.assign(new EventTarget(), { all: /** @type {unknown[]} */ ([]) });
  const scene = { id: 's', plan: { grid: {}, map: {} } };
  const maps = mapsOf({ session, scene, tiles, map: () => ({ ids: Uint8Array.of(1), summary: { areas: [{ name: 'a' }] } }) });
  const answers = setInterval(() => tiles.dispatchEvent(new CustomEvent('changed', { detail: { tiles: [cell(0, 'a')] } })), 5);
  await settled();
  const found = await Promise.race([maps.upToDate('s'), new Promise((resolve) => setTimeout(() => resolve('still waiting'), 1000))]);
  clearInterval(answers);
  assert.deepEqual(found?.ids, Uint8Array.of(1));
});

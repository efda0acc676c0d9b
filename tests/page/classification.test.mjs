/** The queue of tiles that the engine is asked about. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, REPLACED } from '../../www/engine/index.js';
import { Classification } from '../../www/tiles/classification.js';
import { Features } from '../../www/tiles/features.js';
import { Stretches } from '../../www/tiles/stretches.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { FakeSession, decodedEvent, deferred, loadedModel, newTiles, settled } from './fakes.mjs';

function queue() {
  const fake = new FakeSession();
  const tiles = new TileList();
  const features = new Features(fake.asSession);
  const classification = new Classification({ session: fake.asSession, tiles, features, stretches: new Stretches({ session: fake.asSession, tiles }) });
  /** @type {{ payload: any, onEvent: (event: any) => void, reply: ReturnType<typeof deferred> }[]} */
  const requests = [];
  fake.answers.classify = (payload, onEvent) => {
    const reply = deferred();
    requests.push({ payload, onEvent, reply });
    return reply.promise;
  };
  const idsOf = (/** @type {number} */ request) => requests[request].payload.tiles.map((/** @type {{ tileId: string }} */ { tileId }) => tileId);
  /** Answers every tile of a request. @param {number} request @param {Parameters<typeof decodedEvent>[1]} [answer] */
  const answer = async (request, answer) => {
    for (const id of idsOf(request)) requests[request].onEvent(decodedEvent(id, answer));
    requests[request].reply.resolve({ features: [] });
    await settled();
  };
  return { fake, tiles, features, classification, requests, idsOf, answer };
}

test('one slow tile holds up no other', async () => {
  const { tiles, classification, requests, idsOf, answer } = queue();
  tiles.add(newTiles(100));
  await settled();
  assert.equal(requests.length, 2, 'the next tiles are at hand while the first are at work');
  const [slow, ...others] = idsOf(0);
  for (const id of others) requests[0].onEvent(decodedEvent(id));
  await answer(1);
  await answer(2);
  await answer(3);
  assert.equal(tiles.inState('done').length, 99);
  assert.ok(classification.running);
  requests[0].onEvent(decodedEvent(slow));
  requests[0].reply.resolve({ features: [] });
  await settled();
  assert.equal(tiles.inState('done').length, 100);
  assert.equal(classification.running, false);
});

test('answers of another model than was asked are asked for again', async () => {
  const { fake, tiles, requests, answer } = queue();
  const [tile] = tiles.add(newTiles(1));
  await settled();
  // A model with other classes takes a turn before the tile does.
  fake.set({ loaded: loadedModel({ labels: ['crop', 'town'], backbone: 'backbone-b' }, 2) });
  await answer(0, { model: 2, backbone: 'backbone-b' });
  assert.notEqual(tile.verdict?.className, 'water', 'the old classes do not name the new answer');
  assert.equal(requests.length, 2);
  await answer(1, { model: 2, backbone: 'backbone-b' });
  assert.equal(tile.verdict?.className, 'town');
});

test('features bear the name of the backbone that computed them', async () => {
  const { fake, tiles, features, answer } = queue();
  const [tile] = tiles.add(newTiles(1));
  await settled();
  fake.set({ loaded: loadedModel({ backbone: 'backbone-b' }, 2) });
  await answer(0, { model: 1, backbone: 'backbone-a' });
  assert.ok(features.has(tile.id, 'backbone-a'));
  assert.ok(!features.has(tile.id, 'backbone-b'));
});

test('tiles at work when the engine stops are tried alone, and the one that stops it again is left out', async () => {
  const { fake, tiles, requests, idsOf } = queue();
  const added = tiles.add(newTiles(3));
  await settled();
  requests[0].reply.reject(new EngineError('engine.crashed', { data: { detail: 'unreachable' }, fatal: true }));
  await settled();
  assert.deepEqual(idsOf(1), [added[0].id], 'alone');
  requests[1].reply.reject(new EngineError('engine.crashed', { data: { detail: 'unreachable' }, fatal: true }));
  await settled();
  assert.deepEqual([added[0].state, added[0].error?.code], ['error', 'tile.engine_stopped']);
  for (const request of [2, 3]) {
    const [id] = idsOf(request);
    assert.equal(idsOf(request).length, 1);
    requests[request].onEvent(decodedEvent(id));
    requests[request].reply.resolve({ features: [] });
    await settled();
  }
  assert.deepEqual(added.map(({ state }) => state), ['error', 'done', 'done']);
  assert.ok(fake.asked.length === 4);
});

test('a worker that is replaced on purpose makes no tile suspect', async () => {
  const { fake, tiles, requests, idsOf } = queue();
  tiles.add(newTiles(3));
  await settled();
  fake.set({ state: 'loading' });
  requests[0].reply.reject(new EngineError(REPLACED));
  await settled();
  assert.equal(tiles.inState('queued').length, 3);
  fake.set({ state: 'ready' });
  await settled();
  assert.equal(idsOf(1).length, 3, 'all together again');
});

test('Cancel takes late answers for nothing, and the rest can be taken up', async () => {
  const { tiles, classification, requests, answer } = queue();
  tiles.add(newTiles(40));
  await settled();
  classification.cancel();
  assert.equal(tiles.inState('cancelled').length, 40);
  await answer(0);
  await answer(1);
  assert.equal(tiles.inState('cancelled').length, 40);
  classification.resume();
  await settled();
  for (let request = 2; request < requests.length; request += 1) await answer(request);
  assert.equal(tiles.inState('done').length, 40);
});

test('with the views averaged, features of one view are not enough', async () => {
  const { tiles, classification, requests, answer } = queue();
  tiles.add(newTiles(2));
  await settled();
  await answer(0);
  classification.setAveraged(true);
  await settled();
  assert.equal(requests[1].payload.isAveraged, true);
  assert.equal(tiles.inState('working').length, 2, 'every tile is asked about again');
});

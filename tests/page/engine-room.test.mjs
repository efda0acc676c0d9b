/** The engine room: workers, their helpers, and the features that they keep. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, EngineError, REPLACED, Session, lookOf } from '../../www/engine/index.js';
import { FeatureStore } from '../../www/engine/worker/feature-store.js';
import { rowsOf } from '../../www/engine/worker/places.js';
import { Pool } from '../../www/engine/worker/pool.js';
import { deferred, loadedModel, settled } from './fakes.mjs';

/** A worker as the page sees it: what it was sent, and what the test lets it say. */
class FakeWorker extends EventTarget {
  /** @type {FakeWorker[]} */
  static all = [];
  /** @type {any[]} */
  sent = [];
  isEnded = false;

  constructor() {
    super();
    FakeWorker.all.push(this);
  }

  /** @param {any} message */
  postMessage(message) {
    this.sent.push(message);
  }

  terminate() {
    this.isEnded = true;
  }

  /** @param {any} data */
  say(data) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }

  /** @param {string} message */
  crash(message) {
    this.dispatchEvent(Object.assign(new Event('error'), { message }));
  }

  /** @param {string} kind @param {unknown} value */
  reply(kind, value) {
    const request = this.sent.findLast((sent) => sent.kind === kind);
    this.say({ id: request.id, ok: true, value, elsewhere: 0 });
  }
}
Object.assign(globalThis, { Worker: FakeWorker });

const file = (/** @type {string} */ url) => ({ url, bytes: 10, sha256: '' });
const SITE = { engines: { cpu: file('cpu.wasm'), training: file('training.wasm'), raster: file('raster.wasm') }, workerUrl: 'worker.js' };
const BACKBONE = { url: 'backbone', bytes: 5, sha256: '' };
/** @type {import('../../www/engine/index.js').ModelSource} */
const SOURCE = { kind: 'site', backbone: BACKBONE, head: null };

test('a reply waits for what helpers tell on their own way', async () => {
  const connection = new Connection('worker.js');
  const worker = /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
  /** @type {string[]} */
  const told = [];
  let isOver = false;
  const asking = connection.request('classify', { tiles: [], isAveraged: false }, { onEvent: ({ tileId }) => told.push(tileId) });
  asking.then(() => (isOver = true));
  const { id } = worker.sent[0];
  const page = { onmessage: (/** @type {any} */ _) => {} };
  worker.say({ id: 77, event: 'helper', page });
  worker.say({ id, event: 'tile', tileId: 'here' });
  worker.say({ id, ok: true, value: { features: [] }, elsewhere: 2 });
  page.onmessage({ data: { id, event: 'tile', tileId: 'a' } });
  await settled();
  assert.equal(isOver, false);
  page.onmessage({ data: { id, event: 'tile', tileId: 'b' } });
  await settled();
  assert.equal(isOver, true);
  assert.deepEqual(told, ['here', 'a', 'b']);
});

test('whoever waits for a worker that dies is told, and so is who asks later', async () => {
  const connection = new Connection('worker.js');
  const waiting = connection.request('steerTraining', { command: 'stop' });
  /** @type {FakeWorker} */ (FakeWorker.all.at(-1)).crash('unreachable');
  for (const request of [waiting, connection.request('steerTraining', { command: 'stop' })]) {
    await assert.rejects(request, { code: 'engine.crashed', fatal: true, data: { detail: 'unreachable' } });
  }
});

/** A session whose engine is open. */
async function openSession() {
  const session = new Session();
  session.site = SITE;
  const opening = session.open('auto', SOURCE);
  const worker = /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
  worker.reply('start', {});
  worker.reply('useModel', loadedModel());
  assert.equal(await opening, true);
  return { session, worker };
}

test('a worker that traps is replaced, filled again, and only then is the engine ready', async () => {
  const { session, worker } = await openSession();
  const refilled = deferred();
  session.refill = () => refilled.promise;
  const asking = session.ask('steerTraining', { command: 'stop' });
  worker.crash('unreachable');
  await settled();
  const next = /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
  assert.ok(worker.isEnded && next !== worker);
  next.reply('start', {});
  next.reply('useModel', loadedModel());
  await settled();
  assert.equal(session.status.state, 'loading', 'what was known is not there yet');
  refilled.resolve(undefined);
  await assert.rejects(asking, { code: 'engine.crashed' });
  assert.equal(session.status.state, 'ready');
});

test('a GPU that takes the worker with it gives way to the CPU', async () => {
  const session = new Session();
  session.site = SITE;
  const opening = session.open('auto', SOURCE);
  /** @type {FakeWorker} */ (FakeWorker.all.at(-1)).crash('GPU process gone');
  await settled();
  const next = /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
  assert.equal(next.sent[0].payload.device, 'cpu');
  next.reply('start', {});
  next.reply('useModel', loadedModel());
  assert.equal(await opening, true);
  assert.equal(session.status.loaded?.why.code, 'stopped');
});

test('a model that cannot be used leaves the one before at work', async () => {
  const { session, worker } = await openSession();
  const before = session.status.loaded;
  const changing = session.changeModel({ kind: 'file', file: new Blob(['nonsense']), backbone: BACKBONE });
  assert.equal(session.status.state, 'loading');
  worker.say({ id: worker.sent.at(-1).id, ok: false, error: { code: 'model.not_a_model', message: 'This file is no model.' }, fatal: false });
  await assert.rejects(changing, { code: 'model.not_a_model' });
  assert.deepEqual([session.status.state, session.status.loaded], ['ready', before]);
});

/** A pool whose helpers do what the test says. @param {number} size */
function poolOf(size) {
  /** @type {{ close: () => void, isClosed: boolean, ready: ReturnType<typeof deferred> }[]} */
  const helpers = [];
  const connect = () => {
    const helper = { isClosed: false, ready: deferred(), close: () => (helper.isClosed = true) };
    helpers.push(/** @type {any} */ (helper));
    return /** @type {Connection} */ (/** @type {unknown} */ (helper));
  };
  const pool = new Pool((helper) => /** @type {any} */ (helper).ready.promise, { size, connect });
  return { pool, helpers };
}

test('neighbours in a scene go to one helper, and the last of them to whoever is free', async () => {
  const { pool, helpers } = poolOf(2);
  /** @type {{ place: string, helper: unknown, end: ReturnType<typeof deferred> }[]} */
  const begun = [];
  // Two rows of a scene of four squares, each two cells wide.
  const places = ['0', '0', '1', '1', '2', '2', '3', '3', '0', '0', '1', '1', '2', '2', '3', '3', '4', '4', '4', '4', '4', '4'];
  const jobs = places.map((place) => {
    const run = (/** @type {unknown} */ helper) => {
      const end = deferred();
      begun.push({ place, helper, end });
      return end.promise;
    };
    // The worker itself does the first one: no helper is ready yet.
    return pool.do(run, async () => undefined, place);
  });
  helpers.forEach(({ ready }) => ready.resolve(null));
  for (let done = 0; done < places.length; done += 1) {
    await settled();
    begun[done]?.end.resolve(null);
  }
  await Promise.allSettled(jobs);
  const whoWasAt = (/** @type {string} */ place) => new Set(begun.filter((job) => job.place === place).map(({ helper }) => helper)).size;
  assert.deepEqual(['0', '1', '2', '3', '4'].map(whoWasAt), [1, 1, 1, 1, 2]);
});

test('cells that lie side by side are one job, and a file is one by itself', () => {
  const cell = (/** @type {number} */ x, /** @type {number} */ y, sceneId = 'a') => ({ source: /** @type {any} */ ({ kind: 'window', sceneId, window: { x, y, width: 256, height: 256 } }) });
  const file = { source: /** @type {any} */ ({ kind: 'file' }) };
  const tiles = [...[0, 256, 512, 768, 1024, 1280].map((x) => cell(x, 0)), cell(1024, 256), cell(1280, 256, 'b'), file, file];
  assert.deepEqual(rowsOf(tiles).map((row) => row.length), [4, 2, 1, 1, 1, 1]);
  const small = Array.from({ length: 10 }, (_, column) => cell(64 * column, 0));
  assert.deepEqual(rowsOf(small).flat(), small);
  assert.deepEqual(rowsOf(small).map((row) => row.length), [4, 4, 2]);
});

test('jobs are dealt to whoever is free: one at work and two at hand, and a slow one holds up none', async () => {
  const { pool, helpers } = poolOf(2);
  const [a, b] = helpers;
  a.ready.resolve(null);
  b.ready.resolve(null);
  await settled();
  /** @type {{ helper: unknown, end: ReturnType<typeof deferred> }[]} */
  const begun = [];
  const jobs = Array.from({ length: 8 }, () =>
    pool.do(
      (helper) => {
        const end = deferred();
        begun.push({ helper, end });
        return end.promise;
      },
      async () => assert.fail('helpers are there'),
    ),
  );
  assert.deepEqual(begun.map(({ helper }) => helper), [a, b, a, b, a, b]);
  const slow = begun[0];
  for (const place of [1, 3, 5]) begun[place].end.resolve(null);
  await settled();
  for (const { helper, end } of begun.slice(6)) {
    assert.equal(helper, b);
    end.resolve(null);
  }
  await settled();
  for (const place of [2, 4]) begun[place].end.resolve(null);
  assert.equal(pool.isIdle, false);
  slow.end.resolve(null);
  await Promise.all(jobs);
  await pool.idle();
});

test('until a helper is ready the work is done here, one job at a time; and also where none ever is', async () => {
  const { pool, helpers } = poolOf(2);
  let atOnce = 0;
  let most = 0;
  const here = async () => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await settled();
    atOnce -= 1;
  };
  for (const { ready } of helpers) ready.reject(new EngineError('engine.crashed'));
  await Promise.all([1, 2, 3].map(() => pool.do(async () => assert.fail('no helper is there'), here)));
  assert.equal(most, 1);
});

test('a helper that fails is replaced; its other job goes to another, and the engine itself goes on', async () => {
  const { pool, helpers } = poolOf(1);
  helpers[0].ready.resolve(null);
  await settled();
  const [first, second] = [deferred(), deferred()];
  const failing = pool.do(() => first.promise, async () => {});
  let runs = 0;
  const innocent = pool.do(
    () => {
      runs += 1;
      return runs === 1 ? second.promise : Promise.resolve('done');
    },
    async () => {},
  );
  first.reject(new EngineError('engine.failed', { message: 'unreachable', fatal: true }));
  await assert.rejects(failing, { code: 'engine.failed', fatal: false });
  assert.ok(helpers[0].isClosed);
  second.reject(new EngineError(REPLACED));
  helpers[1].ready.resolve(null);
  assert.equal(await innocent, 'done');
});

const WIDTH = 4;
/** What the store needs of the engine. */
const OPEN = /** @type {any} */ ({
  backbone: 'a',
  engine: { featureWidth: WIDTH },
});
const TRAINING = /** @type {any} */ ({
  Features: class {
    /** @type {number[]} */
    values = [];
    /** @param {Float32Array} row */
    push(row) {
      this.values.push(...row);
    }
  },
});

test('features are kept by tile and backbone, more views are kept for fewer, and what is missing is said', () => {
  const store = new FeatureStore();
  const row = (/** @type {string} */ tileId, /** @type {string} */ backbone, /** @type {number} */ views, start = 0) => ({
    ...{ tileId, backbone, look: '', views },
    values: Float32Array.from({ length: views * WIDTH }, (_, place) => start + place),
  });
  store.keep(row('one', 'a', 8));
  store.keep(row('one', 'a', 1, 100));
  assert.ok(store.has('one', 'a', 8), 'one view does not take the place of eight');
  store.keep(row('two', 'a', 1, 50));
  assert.deepEqual([...store.joined(OPEN, ['two', 'one'])], [50, 51, 52, 53, 0, 1, 2, 3]);
  assert.equal(/** @type {any} */ (store.handed(TRAINING, OPEN, ['one'], 8)).values.length, 8 * WIDTH);
  assert.throws(() => store.joined(OPEN, ['one', 'two', 'three'], 8), (/** @type {any} */ thrown) => thrown.code === 'features.missing' && thrown.data.tiles === 2);
  store.keep(row('two', 'b', 1));
  assert.throws(() => store.joined(OPEN, ['two']), { code: 'features.missing' }, 'of another backbone they are not the same');
  const [read] = store.read(['two', 'nobody']);
  read.values.fill(9);
  assert.deepEqual(store.read(['two'])[0].values[0], 0, 'what is read is a copy');
  for (const [values, views] of /** @type {[number[], number][]} */ ([[[], 1], [[1, 2, 3], 2], [[1], 0], [[1], 0.5]])) {
    assert.throws(() => store.keep({ tileId: 'x', backbone: 'a', look: '', views, values: Float32Array.from(values) }), { code: 'features.size' });
  }
  store.forget(['one']);
  assert.equal(store.has('one', 'a'), false);
});

test('features of a look that is no longer wanted are dropped, also those that come late', () => {
  const store = new FeatureStore();
  const raster = (/** @type {number} */ white) => ({ alike: 'a', stretch: /** @type {any} */ ({ bands: [1, 1, 1], ranges: [0, 1, 2].map(() => ({ black: 0, white })), rule: 'fixed' }) });
  const source = (/** @type {number} */ white) => ({ kind: /** @type {const} */ ('file'), file: new Blob(), raster: raster(white) });
  const row = (/** @type {number} */ white) => ({ tileId: 'one', backbone: 'a', look: lookOf(source(white)), views: 1, values: new Float32Array([white]) });
  store.expect([{ tileId: 'one', source: source(10) }]);
  store.keep(row(10));
  assert.ok(store.has('one', 'a'));
  store.expect([{ tileId: 'one', source: source(20) }]);
  assert.ok(!store.has('one', 'a'), 'they were computed of other colours');
  store.keep(row(10));
  assert.ok(!store.has('one', 'a'), 'a helper was still at work on the old colours');
  store.keep(row(20));
  assert.deepEqual([...store.read(['one'])[0].values], [20]);
});

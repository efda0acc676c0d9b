/** One backbone and the heads on it, in the worker: what is loaded, what is fetched, and what a refusal leaves. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../www/engine/index.js';
import { Fetched, Models } from '../../www/engine/worker/models.js';
import { RasterReader } from '../../www/engine/worker/raster-reader.js';

/**
 * An engine whose model files are words: `backbone-a`, `head-a-scenes` (a head on it), `whole-a-land`.
 * @param {string[]} log
 */
function fakeEngine(log) {
  let backbone = '';
  const read = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes).split('-');
  const info = (/** @type {string} */ base, /** @type {string | undefined} */ head) => ({ name: head ?? base, labels: head ? [head] : [], backbone: base, headId: head ?? null });
  return {
    loadModel(/** @type {Uint8Array} */ bytes) {
      const [kind, base, head] = read(bytes);
      if (kind === 'head') throw { code: 'model.head_alone', message: 'A head alone.' };
      if (kind !== 'backbone' && kind !== 'whole') throw { code: 'model.not_a_model', message: 'No model.' };
      log.push(`load ${base}`);
      backbone = base;
      return info(base, head);
    },
    addHead(/** @type {Uint8Array} */ bytes) {
      const [, base, head] = read(bytes);
      if (base !== backbone) throw { code: 'model.other_backbone', message: `It belongs to ${base}.` };
      return { id: head, info: info(base, head) };
    },
    useHead: (/** @type {string | undefined} */ id) => void log.push(`use ${id ?? 'none'}`),
  };
}

function workbench() {
  /** @type {string[]} */
  const log = [];
  const device = /** @type {any} */ ({ engine: fakeEngine(log), choice: { device: 'cpu', why: { code: 'chosen' }, adapter: '' } });
  const models = new Models(device, 'cpu', async () => assert.fail('no other engine is needed'), new RasterReader({ url: '', bytes: 0, sha256: '' }));
  /** @type {string[]} */
  const fetched = [];
  class FakeFetched extends Fetched {
    /** @param {{ url: string }} file */
    async remote({ url }) {
      fetched.push(url);
      return new Blob([url]);
    }
  }
  const use = (/** @type {import('../../www/engine/index.js').ModelSource} */ source) => models.use(source, new FakeFetched(() => undefined));
  return { models, log, fetched, use };
}

const remote = (/** @type {string} */ url) => ({ url, bytes: 1, sha256: '' });
const BACKBONE = remote('backbone-a');
const site = (/** @type {string | null} */ head) => ({ kind: /** @type {const} */ ('site'), backbone: BACKBONE, head: head === null ? null : remote(head) });

test('the backbone is loaded once for all heads, and a head is fetched once', async () => {
  const { models, log, fetched, use } = workbench();
  const scenes = await use(site('head-a-scenes'));
  await use(site('head-a-land'));
  const none = await use(site(null));
  const again = await use(site('head-a-scenes'));
  assert.deepEqual(fetched, ['backbone-a', 'head-a-scenes', 'head-a-land']);
  assert.deepEqual(log, ['load a', 'use scenes', 'use land', 'use none', 'use scenes']);
  assert.deepEqual([none.info.labels, none.backbone, again.info.labels], [[], 'a', ['scenes']]);
  assert.ok(again.model > scenes.model, 'each change has a number of its own');
  assert.equal(models.inUse, again);
});

test('a file of the user may be a backbone, a whole model, or a head for what is loaded or for the site', async () => {
  const { use } = workbench();
  const open = (/** @type {string} */ text) => use({ kind: 'file', file: new Blob([text]), backbone: BACKBONE });
  const whole = await open('whole-b-mine');
  assert.deepEqual([whole.backbone, whole.info.labels, whole.base.isShared], ['b', ['mine'], false]);
  assert.equal((await open('head-b-other')).backbone, 'b', 'a head stands on what is loaded, if it belongs to that');
  const onSite = await open('head-a-scenes');
  assert.deepEqual([onSite.backbone, onSite.base.isShared], ['a', true], 'and else on the backbone of the site');
  assert.deepEqual((await open('backbone-c')).info.labels, []);
});

test('what cannot be used leaves what was in use, in the engine too', async () => {
  const { models, log, use } = workbench();
  const before = await use({ kind: 'file', file: new Blob(['whole-b-mine']), backbone: BACKBONE });
  await assert.rejects(use({ kind: 'file', file: new Blob(['nonsense']), backbone: BACKBONE }), { code: 'model.not_a_model' });
  assert.equal(models.inUse?.base.file, before.base.file);
  log.length = 0;
  const header = JSON.stringify({ __metadata__: { tilelens: JSON.stringify({ labels: [] }) } });
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const head = new Blob([length, header]);
  await assert.rejects(use({ kind: 'head', head, backbone: BACKBONE }), (/** @type {any} */ thrown) => thrown instanceof EngineError && thrown.code === 'model.other_backbone' && thrown.data?.isWhole === true);
  assert.deepEqual(log, ['load a', 'load b'], 'the backbone before is back');
  assert.equal(models.inUse?.backbone, 'b');
});

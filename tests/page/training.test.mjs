/** Training a head, and which model answers. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, REPLACED } from '../../www/engine/index.js';
import { History } from '../../www/labels/history.js';
import { Labelling } from '../../www/labels/labelling.js';
import { ModelInUse } from '../../www/models/model-in-use.js';
import { OWN_CLASSES, siteModels } from '../../www/models/site-models.js';
import { Workspace } from '../../www/project/workspace.js';
import { Classification } from '../../www/tiles/classification.js';
import { Features } from '../../www/tiles/features.js';
import { Stretches } from '../../www/tiles/stretches.js';
import { TileList } from '../../www/tiles/tile-list.js';
import { FineTuning } from '../../www/training/fine-tuning.js';
import { DEFAULTS } from '../../www/training/settings.js';
import { ViewFeatures } from '../../www/training/view-features.js';
import { FakeSession, deferred, newTiles, settled } from './fakes.mjs';

const file = (/** @type {string} */ id) => ({ id, name: id, purpose: '', groundResolutionM: null, data: '', description: '', url: id, bytes: 10, sha256: '' });
const SITE = siteModels({ backbone: file('backbone'), heads: [file('scenes'), file('land')], whole: [file('local')] });
const [SCENES, LAND] = SITE.models;
/** @type {any} */
const REPORT = { epoch: 3, tiles: 4, folds: 1, predictions: [{ tile: 0 }], reliability: [], doubtfulLabels: [] };

/** A session that opens whatever it is given, unless the test says why not. */
class OpeningSession extends FakeSession {
  /** What was opened, in short. @type {string[]} */
  opened = [];
  /** @type {(source: any) => Promise<EngineError | null> | EngineError | null} */
  refuse = () => null;

  /** @param {any} source */
  #name(source) {
    return source.kind === 'site' ? `${source.backbone.url}+${source.head?.url ?? 'none'}` : source.kind;
  }

  /** @param {string} device @param {any} source */
  async open(device, source) {
    const refusal = await this.refuse(source);
    this.opened.push(`open ${this.#name(source)} on ${device}${refusal ? ' refused' : ''}`);
    this.set(refusal ? { state: 'failed', error: refusal } : { state: 'ready', error: null });
    return !refusal;
  }

  /** @param {any} source */
  async changeModel(source) {
    const refusal = await this.refuse(source);
    this.opened.push(`${this.#name(source)}${refusal ? ' refused' : ''}`);
    if (refusal) throw refusal;
    return true;
  }
}

function openPage() {
  const fake = new OpeningSession();
  fake.answers.forgetFeatures = () => ({});
  const session = fake.asSession;
  const tiles = new TileList();
  const features = new Features(session);
  const labelling = new Labelling(tiles, new History());
  const workspace = new Workspace();
  const classification = new Classification({ session, tiles, features, stretches: new Stretches({ session, tiles }) });
  const modelInUse = new ModelInUse({ session, labelling, workspace, classification });
  const viewFeatures = new ViewFeatures({ session, tiles, features });
  const fineTuning = new FineTuning({ session, labelling, workspace, viewFeatures, modelInUse });
  /** @type {any[]} */
  const refusals = [];
  modelInUse.addEventListener('refused', (event) => refusals.push(/** @type {CustomEvent} */ (event).detail));
  return { fake, tiles, features, labelling, workspace, classification, modelInUse, fineTuning, refusals };
}

/** @param {ReturnType<typeof openPage>} page */
function label({ fake, tiles, labelling, features }) {
  fake.answers.classify = () => deferred().promise;
  const added = tiles.add(newTiles(4));
  const classes = ['Wood', 'Water'].map((name) => labelling.create(name));
  labelling.assign(added.slice(0, 2), classes[0]);
  labelling.assign(added.slice(2), classes[1]);
  for (const { id } of added) features.note(id, { backbone: 'backbone-a', look: '', views: 8 });
  return { added, classes };
}

test('the site offers its heads on one backbone, no classes, and whole models', () => {
  assert.deepEqual(SITE.models.map(({ id }) => id), ['scenes', 'land', OWN_CLASSES, 'local']);
  assert.deepEqual(SITE.models.map(({ source }) => source.kind), ['site', 'site', 'site', 'whole']);
});

test('another head is another source on the same backbone, and every tile is asked about again', async () => {
  const { fake, tiles, modelInUse } = openPage();
  await modelInUse.start(SITE, 'cpu');
  /** @type {any[]} */
  const asked = [];
  fake.answers.classify = (payload) => {
    asked.push(payload);
    return deferred().promise;
  };
  tiles.add(newTiles(1));
  await settled();
  await modelInUse.choose(LAND);
  assert.deepEqual(fake.opened, ['open backbone+scenes on cpu', 'backbone+land']);
  assert.equal(tiles.inState('working').length + tiles.inState('queued').length, 1);
  await modelInUse.choose(SITE.models[2]);
  assert.equal(fake.opened.at(-1), 'backbone+none');
});

test('the head of a project comes first; one of another backbone gives way to the site and is told, labels stay', async () => {
  const page = openPage();
  const { fake, workspace, modelInUse, labelling, refusals } = page;
  label(page);
  workspace.replaceModel({ model: new Blob(['old']), report: null });
  fake.refuse = ({ kind }) => (kind === 'head' ? new EngineError('model.other_backbone', { data: { isWhole: true } }) : null);
  await modelInUse.start(SITE, 'auto');
  assert.deepEqual(fake.opened, ['open head on auto refused', 'open backbone+scenes on auto']);
  assert.deepEqual(refusals.map(({ choice, failure }) => [choice.kind, failure.code, failure.data.isWhole]), [['project', 'model.other_backbone', true]]);
  assert.deepEqual([modelInUse.isOfProject, labelling.counts], [false, [2, 2]]);
  assert.ok(workspace.current.model, 'the old head stays with its project');
});

test('a project without a head gets what the user chose of the site, and no head of another project', async () => {
  const { fake, workspace, modelInUse } = openPage();
  await modelInUse.start(SITE, 'cpu');
  await modelInUse.choose(LAND);
  workspace.replaceModel({ model: new Blob(['mine']), report: null });
  await modelInUse.following;
  assert.equal(modelInUse.isOfProject, true);
  workspace.open(null);
  await modelInUse.followProject();
  assert.deepEqual(fake.opened.slice(-2), ['head', 'backbone+land']);
});

test('of two quick changes the later one counts, whichever loads faster', async () => {
  const { fake, modelInUse } = openPage();
  await modelInUse.start(SITE, 'cpu');
  const slow = deferred();
  fake.refuse = async ({ head }) => (head?.url === 'land' ? slow.promise.then(() => null) : null);
  const changes = [modelInUse.choose(LAND), modelInUse.choose(SCENES)];
  await settled();
  assert.equal(modelInUse.isChanging, true);
  slow.resolve(null);
  await Promise.all(changes);
  assert.deepEqual(fake.opened.slice(1), ['backbone+land', 'backbone+scenes']);
  assert.deepEqual([modelInUse.isChanging, modelInUse.inUse?.kind === 'site' && modelInUse.inUse.model.id], [false, 'scenes']);
});

test('a model file that cannot be used leaves what is in use', async () => {
  const { fake, modelInUse, refusals } = openPage();
  await modelInUse.start(SITE, 'cpu');
  fake.refuse = ({ kind }) => (kind === 'file' ? new EngineError('model.not_a_model', { message: 'This is no model.' }) : null);
  await modelInUse.openFile(new Blob(['nonsense']));
  assert.equal(modelInUse.inUse?.kind, 'site');
  assert.equal(refusals[0].failure.code, 'model.not_a_model');
});

test('training asks by the tiles and their classes; the new head answers, the one before is kept', async () => {
  const page = openPage();
  const { fake, workspace, modelInUse, fineTuning } = page;
  await modelInUse.start(SITE, 'cpu');
  const { added } = label(page);
  /** @type {any} */
  let asked;
  const head = new Blob(['head']);
  fake.answers.train = (payload, onEvent) => {
    asked = payload;
    onEvent({ event: 'trainingDevice', device: 'cpu', why: { code: 'onlyCpu' } });
    onEvent({ event: 'epoch', progress: { epoch: 1 } });
    return { report: REPORT, model: head };
  };
  await fineTuning.train(DEFAULTS);
  assert.deepEqual(asked.tileIds, added.map(({ id }) => id));
  assert.deepEqual([asked.setup.classes, asked.setup.labels, asked.setup.views], [[0, 0, 1, 1], ['Wood', 'Water'], 8]);
  assert.deepEqual(asked.setup.hasSeen, [false, false, false, false]);
  assert.ok(!('validationFraction' in asked.setup.settings || 'device' in asked.setup.settings), 'the settings are those of the engine alone');
  assert.equal(workspace.current.model, head);
  assert.deepEqual(workspace.before, { model: null, report: null });
  assert.equal(modelInUse.isOfProject, true);
  assert.equal(fineTuning.stage, 'idle');

  await fineTuning.train({ ...DEFAULTS, start: 'current' });
  assert.deepEqual(asked.setup.hasSeen, [false, true, true, true], 'all but the one that judged');
});

test('cells of a scene are grouped by blocks, files are not', async () => {
  const page = openPage();
  const { fake, workspace, tiles, labelling, features, modelInUse, fineTuning } = page;
  await modelInUse.start(SITE, 'cpu');
  const { classes } = label(page);
  /** @type {any} */
  let asked;
  fake.answers.train = (payload) => {
    asked = payload;
    return { report: REPORT, model: new Blob(['head']) };
  };
  await fineTuning.train(DEFAULTS);
  assert.deepEqual([asked.setup.groups, asked.setup.touching, workspace.current.report?.blockCells], [[], [], null]);

  const scene = new Blob(['scene']);
  const cells = tiles.add(
    [0, 256, 512, 768].map((x) => ({ name: `${x}`, path: `${x}`, source: { kind: 'window', sceneId: 'a', file: scene, window: { x, y: 0, width: 256, height: 256 }, raster: null, sidecars: { world: null, auxXml: null } } })),
  );
  labelling.assign(cells, classes[0]);
  for (const { id } of cells) features.note(id, { backbone: 'backbone-a', look: '', views: 8 });
  await fineTuning.train(DEFAULTS);
  assert.deepEqual(asked.setup.groups, [0, 1, 2, 3, 4, 4, 4, 5]);
  assert.deepEqual([asked.setup.touching, workspace.current.report?.blockCells], [[[6, 7]], 3]);
});

test('features that are missing are computed first, and Stop before training leaves all as it was', async () => {
  const page = openPage();
  const { fake, tiles, workspace, modelInUse, fineTuning, features } = page;
  await modelInUse.start(SITE, 'cpu');
  label(page);
  features.keepOnly(new Set());
  fake.answers.views = (payload, onEvent) => {
    for (const { tileId } of payload.tiles) onEvent({ event: 'features', tileId, features: { backbone: 'backbone-a', look: '', views: 8 } });
    fineTuning.stop();
    return { features: [] };
  };
  fake.answers.train = () => assert.fail('training was cancelled');
  await fineTuning.train(DEFAULTS);
  assert.deepEqual([fineTuning.stage, workspace.current.model, tiles.size], ['idle', null, 4]);
});

test('a run whose device is lost can be ended with the best head until then', async () => {
  const page = openPage();
  const { fake, workspace, modelInUse, fineTuning } = page;
  await modelInUse.start(SITE, 'cpu');
  label(page);
  /** @type {any[]} */
  const failures = [];
  fineTuning.addEventListener('failed', (event) => failures.push(/** @type {CustomEvent} */ (event).detail));
  fake.answers.train = (_, onEvent) => {
    onEvent({ event: 'checkpoint', weights: Float32Array.of(1, 2), epoch: 5 });
    throw new EngineError('device.failed', { message: 'lost', fatal: true });
  };
  await fineTuning.train(DEFAULTS);
  assert.deepEqual(failures.map(({ failure, salvageable }) => [failure.code, salvageable]), [['device.failed', true]]);
  fake.answers.concludeTraining = (payload) => {
    assert.deepEqual([[...payload.checkpoint], payload.epoch, payload.tileIds.length], [[1, 2], 5, 4]);
    return { report: REPORT, model: new Blob(['salvaged']) };
  };
  await fineTuning.salvage();
  assert.equal(await workspace.current.model?.text(), 'salvaged');

  fake.answers.train = () => {
    throw new EngineError(REPLACED);
  };
  await fineTuning.train(DEFAULTS);
  assert.equal(failures.at(-1)?.salvageable, false, 'nothing was learnt in this run');
});

test('a head that ends after another project was opened is dropped', async () => {
  const page = openPage();
  const { fake, workspace, modelInUse, fineTuning } = page;
  await modelInUse.start(SITE, 'cpu');
  label(page);
  const training = deferred();
  fake.answers.train = () => training.promise;
  fake.answers.steerTraining = () => ({});
  const run = fineTuning.train(DEFAULTS);
  await settled();
  workspace.open(null);
  assert.equal(fake.asked.at(-1)?.payload.command, 'stop');
  training.resolve({ report: REPORT, model: new Blob(['for the other project']) });
  await run;
  assert.equal(workspace.current.model, null);
});

/** A page whose project has a head of two classes. @param {import('node:test').TestContext} t whose clock stands still */
async function pageWithHead(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const page = openPage();
  const { workspace, modelInUse } = page;
  await modelInUse.start(SITE, 'cpu');
  const { classes } = label(page);
  workspace.replaceModel({ model: new Blob(['head']), report: { report: REPORT, classIds: classes.map(({ id }) => id), labels: ['Wood', 'Water'], tileIds: [], seconds: 1, device: 'cpu' } });
  await modelInUse.following;
  return { ...page, classes };
}

test('a class that is renamed is renamed in the head, too', async (t) => {
  const { fake, workspace, labelling, classes } = await pageWithHead(t);
  fake.answers.relabel = ({ labels }) => new Blob([labels.join()]);
  labelling.rename(classes[0], 'Forest');
  t.mock.timers.tick(1000);
  await settled();
  assert.equal(await workspace.current.model?.text(), 'Forest,Water');
  assert.deepEqual(workspace.current.report?.labels, ['Forest', 'Water']);
  assert.equal(fake.opened.at(-1), 'head');
});

test('a head that cannot be given the new name of a class keeps the old one, and says so', async (t) => {
  const { fake, workspace, labelling, modelInUse, classes } = await pageWithHead(t);
  /** @type {string[]} */
  const told = [];
  modelInUse.addEventListener('misnamed', (event) => told.push(/** @type {CustomEvent<{ code: string }>} */ (event).detail.code));
  fake.answers.relabel = () => Promise.reject(new EngineError('model.corrupt'));
  labelling.rename(classes[0], 'Forest');
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual(told, ['model.corrupt']);
  assert.deepEqual(workspace.current.report?.labels, ['Wood', 'Water']);
  fake.answers.relabel = () => Promise.reject(new EngineError(REPLACED));
  labelling.rename(classes[0], 'Trees');
  t.mock.timers.tick(1000);
  await settled();
  assert.equal(told.length, 1, 'a worker that was replaced is no news');
  fake.answers.relabel = ({ labels }) => new Blob([labels.join()]);
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual(workspace.current.report?.labels, ['Trees', 'Water'], 'the next one is asked');
});

/** A head's training in the worker: epoch by epoch, so that it can be steered and that other work gets its turn. */

import { EngineError, isFatal } from '../failures.js';
import { VIEWS } from '../numbers.js';
import { blobOf } from './model-files.js';

/** @typedef {import('../../../pkg/training/tilelens.js').FineTunedHead} FineTunedHead */
/** @typedef {import('../../../pkg/training/tilelens.js').HeadTraining} HeadTraining */
/** @typedef {import('../protocol.js').ConcludePayload} ConcludePayload */
/** @typedef {import('../protocol.js').DeviceKind} DeviceKind */
/** @typedef {import('../protocol.js').EventOf<'train'>} TrainingEvent */
/** @typedef {import('../protocol.js').TrainedHead} TrainedHead */
/** @typedef {import('../protocol.js').TrainingDeviceReason} TrainingDeviceReason */
/** @typedef {import('../protocol.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../protocol.js').TrainPayload} TrainPayload */
/** @typedef {import('./feature-store.js').FeatureStore} FeatureStore */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./training-module.js').TrainingBindings} TrainingBindings */
/** @typedef {(event: TrainingEvent, transfer?: Transferable[]) => void} Emit */
/** @typedef {<Value>(work: (open: OpenModel) => Promise<Value>) => Promise<Value>} InTurn */
/** @typedef {<Value>(tileIds: string[], work: (open: OpenModel) => Promise<Value>) => Promise<Value>} WithFeatures */
/** Gives the module that trains on a device. @typedef {(open: OpenModel, device: DeviceKind) => Promise<TrainingBindings>} TrainerFor */
/** @typedef {{ store: FeatureStore, withFeatures: WithFeatures, inTurn: InTurn, trainingPart: () => Promise<TrainingBindings>, trainerFor: TrainerFor }} TrainingWorker */

/** How often messages are let in and the best head is sent; a small head has hundreds of epochs in a second. */
const REPORT_INTERVAL_MS = 50;

/** What the page wants of the run that is going on. */
const wish = {
  paused: false,
  stopped: false,
  /** Wakes a paused run. */
  wake: () => {},
};

/** @param {import('../protocol.js').TrainingCommand} command */
export async function steer(command) {
  if (command === 'pause') wish.paused = true;
  else wish.paused = false;
  if (command === 'stop') wish.stopped = true;
  wish.wake();
  return {};
}

async function whilePaused() {
  while (wish.paused) await new Promise((resolve) => (wish.wake = () => resolve(undefined)));
}

/** Lets messages in: a promise alone would not. */
function breathe() {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * @param {OpenModel} open
 * @param {TrainPayload} payload
 * @param {TrainerFor} trainerFor
 * @returns {Promise<{ device: DeviceKind, why: TrainingDeviceReason }>}
 */
async function chooseTrainingDevice(open, { device, setup }, trainerFor) {
  if (device !== 'auto') return { device, why: { code: 'chosen' } };
  if (open.choice.device === 'cpu') return { device: 'cpu', why: { code: 'onlyCpu' } };
  const { denseNeurons, batchSize } = setup.settings;
  const measure = async (/** @type {DeviceKind} */ kind) => {
    const trainer = await trainerFor(open, kind);
    return trainer.measureTraining(open.engine.featureWidth, kind, denseNeurons, setup.labels.length, batchSize);
  };
  const [cpuMs, gpuMs] = [await measure('cpu'), await measure('webgpu')];
  return { device: cpuMs <= gpuMs ? 'cpu' : 'webgpu', why: { code: 'measured', cpuMs, gpuMs } };
}

/**
 * A run for the model that is open.
 * @param {OpenModel} open
 * @param {TrainingWorker} worker
 * @param {Pick<TrainPayload, 'setup' | 'tileIds'>} payload
 * @param {DeviceKind} device
 */
async function begun(open, { store, trainerFor }, { setup, tileIds }, device) {
  const trainer = await trainerFor(open, device);
  const features = store.handed(trainer, open, tileIds, viewsOf(setup));
  return trainer.HeadTraining.create(open.engine.headManifest(), open.engine.headFile(), { ...setup, device }, features);
}

/**
 * @param {TrainPayload} payload
 * @param {TrainingWorker} worker
 * @param {Emit} emit
 * @returns {Promise<TrainedHead>}
 */
export async function trainHead(payload, worker, emit) {
  Object.assign(wish, { paused: false, stopped: false });
  const { withFeatures, inTurn, trainerFor } = worker;
  // It may have to be fetched: not in this run's turn, for which others wait.
  if (payload.device !== 'webgpu') await worker.trainingPart();
  const training = await withFeatures(payload.tileIds, async (open) => {
    const chosen = await chooseTrainingDevice(open, payload, trainerFor);
    emit({ event: 'trainingDevice', ...chosen });
    return begun(open, worker, payload, chosen.device);
  });
  try {
    await trainEpochs(training, inTurn, emit);
  } catch (thrown) {
    // What was best before the loss went to infinity is for the page to decide on.
    if (!isFatal(thrown)) await emitCheckpoint(training, emit);
    training.free();
    throw thrown;
  }
  return inTurn(async (open) => trained(open, await training.conclude()));
}

/**
 * @param {HeadTraining} training
 * @param {InTurn} inTurn
 * @param {Emit} emit
 */
async function trainEpochs(training, inTurn, emit) {
  let reportedMs = 0;
  let sent = '0';
  for (let finished = false; !finished && !wish.stopped; ) {
    const progress = await inTurn(async () => /** @type {TrainingProgress} */ (await training.epoch()));
    finished = progress.finished;
    emit({ event: 'epoch', progress });
    if (performance.now() - reportedMs > REPORT_INTERVAL_MS) {
      const best = progress.phase === 'at_random' ? 'the head that is done' : String(progress.bestEpoch);
      if (best !== sent) await inTurn(() => emitCheckpoint(training, emit));
      sent = best;
      reportedMs = performance.now();
      await breathe();
    }
    await whilePaused();
  }
}

/**
 * Sends the page the best head so far: a GPU that is lost later takes the worker with it.
 * @param {HeadTraining} training
 * @param {Emit} emit
 */
async function emitCheckpoint(training, emit) {
  const weights = await training.checkpoint();
  if (weights.length > 0) emit({ event: 'checkpoint', weights, epoch: training.bestEpoch });
}

/**
 * Ends a run that lost its device with the best head that the page was sent.
 * @param {ConcludePayload} payload
 * @param {TrainingWorker} worker
 * @returns {Promise<TrainedHead>}
 */
export async function concludeRun(payload, worker) {
  await worker.trainingPart();
  return worker.withFeatures(payload.tileIds, async (open) => {
    const training = await begun(open, worker, payload, 'cpu');
    return trained(open, training.concludeWith(payload.checkpoint, payload.epoch));
  });
}

/** A count that comes from the page is looked at before memory is taken for it. @param {import('../protocol.js').TrainingSetup} setup */
function viewsOf({ views }) {
  if (views !== 1 && views !== VIEWS) throw new EngineError('training.setting', { message: `a tile has 1 or ${VIEWS} views, not ${views}` });
  return views;
}

/**
 * @param {OpenModel} open
 * @param {FineTunedHead} head
 * @returns {TrainedHead}
 */
function trained({ engine, base }, head) {
  const { report } = head;
  const file = head.takeHead();
  head.free();
  // The site has its backbone for whoever comes back; a file of the user's may be gone by then.
  return { report, model: blobOf(base.isShared ? file : engine.joinHead(file)) };
}

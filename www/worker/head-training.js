/** A head's training in the worker: epoch by epoch, so that it can be steered and that other work gets its turn. */

import { CodedError, isFatal } from './failures.js';

/** @typedef {import('../../pkg/cpu/tilelens.js').FineTunedHead} FineTunedHead */
/** @typedef {import('../../pkg/cpu/tilelens.js').HeadTraining} HeadTraining */
/** @typedef {import('../messages.js').ConcludePayload} ConcludePayload */
/** @typedef {import('../messages.js').DeviceKind} DeviceKind */
/** @typedef {import('../messages.js').TrainedHead} TrainedHead */
/** @typedef {import('../messages.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../messages.js').TrainPayload} TrainPayload */
/** @typedef {import('../worker.js').Emit} Emit */
/** @typedef {import('../worker.js').EngineInTurn} EngineInTurn */
/** @typedef {import('./device-choice.js').OpenDevice} OpenDevice */

/** Gives the engine that can train on a device: the CPU's has no GPU. @typedef {(open: OpenDevice, device: DeviceKind) => Promise<OpenDevice>} EngineFor */

/** How often messages are let in and the best head is sent; a small head has hundreds of epochs in a second. */
const REPORT_INTERVAL_MS = 50;

/** What the page wants of the run that is going on. */
const wish = {
  paused: false,
  stopped: false,
  /** Wakes a paused run. */
  wake: () => {},
};

/** @param {import('../messages.js').TrainingCommand} command */
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
 * @param {OpenDevice} open
 * @param {TrainPayload} payload
 * @returns {Promise<{ device: DeviceKind, reason: string }>}
 */
async function chooseTrainingDevice({ wasm, choice }, { device, setup }) {
  if (device !== 'auto') return { device, reason: `Training on the ${device === 'cpu' ? 'CPU' : 'GPU'}, as you chose.` };
  if (choice.device === 'cpu') return { device: 'cpu', reason: 'Training on the CPU.' };
  const { dense_neurons, batch_size } = setup.settings;
  const measure = (/** @type {DeviceKind} */ kind) => wasm.measureTraining(kind, dense_neurons, setup.labels.length, batch_size);
  const [cpuMs, gpuMs] = [await measure('cpu'), await measure('webgpu')];
  const times = `four batches take ${cpuMs.toFixed(1)} ms on the CPU and ${gpuMs.toFixed(1)} ms on the GPU`;
  return cpuMs <= gpuMs
    ? { device: 'cpu', reason: `Training on the CPU: ${times}.` }
    : { device: 'webgpu', reason: `Training on the GPU: ${times}.` };
}

/**
 * @param {TrainPayload} payload
 * @param {{ inTurn: EngineInTurn, engineFor: EngineFor }} worker
 * @param {Emit} emit
 * @returns {Promise<TrainedHead>}
 */
export async function trainHead(payload, { inTurn, engineFor }, emit) {
  Object.assign(wish, { paused: false, stopped: false });
  const { setup, features } = payload;
  const training = await inTurn(async (open) => {
    const chosen = await chooseTrainingDevice(open, payload);
    emit({ event: 'trainingDevice', ...chosen });
    const { wasm, engine } = await engineFor(open, chosen.device);
    return wasm.HeadTraining.create(engine, { ...setup, device: chosen.device }, features);
  });
  try {
    await trainEpochs(training, inTurn, emit);
  } catch (thrown) {
    // What was best before the loss went to infinity is for the page to decide on.
    if (!isFatal(thrown)) await emitCheckpoint(training, emit);
    training.free();
    throw thrown;
  }
  return inTurn(async () => trained(await training.conclude()));
}

/**
 * @param {HeadTraining} training
 * @param {EngineInTurn} inTurn
 * @param {Emit} emit
 */
async function trainEpochs(training, inTurn, emit) {
  let reportedMs = 0;
  let checkpointEpoch = 0;
  for (let finished = false; !finished && !wish.stopped; ) {
    const progress = await inTurn(async () => /** @type {TrainingProgress} */ (await training.epoch()));
    finished = progress.finished;
    emit({ event: 'epoch', progress });
    if (performance.now() - reportedMs > REPORT_INTERVAL_MS) {
      if (progress.best_epoch !== checkpointEpoch) await inTurn(() => emitCheckpoint(training, emit));
      checkpointEpoch = progress.best_epoch;
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
 * @param {EngineInTurn} inTurn
 * @returns {Promise<TrainedHead>}
 */
export function concludeRun({ setup, features, checkpoint, epoch }, inTurn) {
  return inTurn(async ({ wasm, engine }) => {
    const training = await wasm.HeadTraining.create(engine, { ...setup, device: 'cpu' }, features);
    return trained(await training.concludeWith(checkpoint, epoch));
  });
}

/**
 * @param {FineTunedHead} head
 * @returns {TrainedHead}
 */
function trained(head) {
  const { report } = head;
  const model = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (head.model)], { type: 'application/octet-stream' });
  head.free();
  if (!report) throw new CodedError('training.failed', 'Training gave no report: train again.');
  return { report, model };
}

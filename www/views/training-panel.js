/** Starts, shows and steers a training run. */

import { beforePaint, byId, counted, duration, percent } from './dom.js';
import { createCurves } from './curves.js';
import { notify } from './notices.js';
import { onTiles } from './on-tiles.js';
import { failureSentence, trainingDeviceSentence } from './sentences.js';
import { roughly, timeLeft } from './time-left.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../engine/index.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../training/fine-tuning.js').FineTuning} FineTuning */
/** @typedef {import('../training/fine-tuning.js').TrainingFailure} TrainingFailure */
/** @typedef {import('../training/settings.js').Settings} Settings */

/** Failures of the device or the engine: what the driver says of them helps nobody. */
const LOST = new Set(['device.failed', 'engine.crashed']);
const LOST_DEVICE = 'the device or the engine failed and was restarted. Train again; if it happens again, choose the CPU under "Train on" in the settings';

/**
 * @param {{ session: Session, labelling: Labelling, tiles: TileList, workspace: Workspace, fineTuning: FineTuning }} page
 * @param {() => Settings | null} settings
 */
export function setUpTrainingPanel({ session, labelling, tiles, workspace, fineTuning }, settings) {
  const train = byId('train', HTMLButtonElement);
  const pause = byId('pause-training', HTMLButtonElement);
  const stop = byId('stop-training', HTMLButtonElement);
  const bar = byId('training-bar', HTMLProgressElement);
  const status = byId('training-status', HTMLElement);
  const announcement = byId('training-announcement', HTMLElement);
  const obstacle = byId('training-obstacle', HTMLElement);
  /** @type {Awaited<ReturnType<typeof createCurves>> | null} */
  let curves = null;
  let startMs = 0;
  let featuresStartMs = 0;
  let pausedMs = 0;
  let pausedAtMs = 0;

  const draw = beforePaint(() => {
    const { stage } = fineTuning;
    const isIdle = stage === 'idle';
    obstacle.textContent = isIdle ? fineTuning.obstacle : '';
    train.hidden = !isIdle;
    train.disabled = fineTuning.obstacle !== '';
    pause.hidden = stage !== 'training' && stage !== 'paused';
    pause.textContent = stage === 'paused' ? 'Resume' : 'Pause';
    stop.hidden = isIdle || stage === 'concluding';
    stop.textContent = stage === 'features' ? 'Cancel' : 'Stop and keep the best';
    bar.hidden = isIdle;
    document.documentElement.dataset.training = stage;
    const last = fineTuning.epochs.at(-1);
    if (stage === 'concluding') {
      bar.removeAttribute('value');
      status.textContent = 'Evaluating the new head…';
    } else if (last && !isIdle) {
      bar.max = last.epochs;
      bar.value = last.epoch;
      status.textContent = sentence(last, stage === 'paused');
      // What says how good the head is: its first phase, unless nothing judges.
      curves?.draw(fineTuning.epochs.filter(({ phase }) => phase === fineTuning.epochs[0].phase));
    }
  });

  const where = () => (fineTuning.device ? trainingDeviceSentence(fineTuning.device.device, fineTuning.device.why) : '');

  /** @param {TrainingProgress} last @param {boolean} isPaused */
  function sentence(last, isPaused) {
    const { phase, epoch, epochs, loss, validationLoss, validationAccuracy, bestEpoch } = last;
    const what = { held_out: '', folds: 'cross-validation, ', all: 'final head on all tiles, ', at_random: 'the head is done; for comparison, neighbours at random, ' }[phase];
    const figures =
      phase === 'at_random' || validationLoss === null || validationAccuracy === null
        ? `loss ${loss.toFixed(3)}`
        : `loss ${validationLoss.toFixed(3)}, validation accuracy ${percent(validationAccuracy)}; best so far: epoch ${bestEpoch}`;
    const done = fineTuning.epochs.length;
    const left = (epochs - epoch) * ((performance.now() - startMs - pausedMs) / done);
    const time = isPaused ? 'paused' : `at most ${roughly(left)} left`;
    return `${what}epoch ${epoch} of at most ${epochs}: ${figures}; ${time}. ${where()}`;
  }

  train.addEventListener('click', () => {
    const wanted = settings();
    if (wanted) fineTuning.train(wanted);
  });
  pause.addEventListener('click', () => (fineTuning.stage === 'paused' ? fineTuning.resume() : fineTuning.pause()));
  stop.addEventListener('click', () => fineTuning.stop());

  let stageBefore = fineTuning.stage;
  fineTuning.addEventListener('stage', async () => {
    const { stage } = fineTuning;
    if (stage === 'training' && stageBefore !== 'paused') {
      startMs = performance.now();
      pausedMs = 0;
      status.textContent = 'Preparing…';
      announcement.textContent = 'Training has begun.';
      bar.removeAttribute('value');
    }
    if (stage === 'paused') pausedAtMs = performance.now();
    if (stageBefore === 'paused') pausedMs += performance.now() - pausedAtMs;
    stageBefore = stage;
    draw();
    if (stage === 'training') curves ??= await createCurves(byId('curves', HTMLElement)).catch(() => null);
    draw();
  });
  fineTuning.addEventListener('epoch', draw);
  fineTuning.addEventListener('features', (event) => {
    const { done, total } = /** @type {CustomEvent<{ done: number, total: number }>} */ (event).detail;
    if (done === 0) featuresStartMs = performance.now();
    bar.max = total;
    bar.value = done;
    status.textContent = `Computing features, once per tile: ${done.toLocaleString()} of ${counted(total, 'tile')} done${timeLeft(featuresStartMs, done / total)}.`;
  });
  fineTuning.addEventListener('trained', (event) => {
    const { seconds, report } = /** @type {CustomEvent<import('../project/workspace.js').KeptReport>} */ (event).detail;
    status.textContent = `Trained ${counted(report.epoch, 'epoch')} on ${counted(report.tiles, 'tile')} in ${duration(seconds * 1000)}. ${where()}`;
    announcement.textContent = status.textContent;
  });
  fineTuning.addEventListener('failed', (event) => {
    const { failure, salvageable } = /** @type {CustomEvent<TrainingFailure>} */ (event).detail;
    status.textContent = 'Training stopped. Your labels and the previous head are unchanged.';
    const text = `Training stopped: ${LOST.has(failure.code) ? LOST_DEVICE : failureSentence(failure)}`;
    notify(text.endsWith('.') ? text : `${text}.`, salvageable ? [{ label: 'Use the best head so far', act: () => fineTuning.salvage() }] : []);
  });

  let projectId = workspace.id;
  workspace.addEventListener('changed', () => {
    if (workspace.id === projectId) return;
    projectId = workspace.id;
    fineTuning.epochs = [];
    status.textContent = '';
    curves?.draw([]);
  });
  session.addEventListener('status', draw);
  labelling.addEventListener('classes', draw);
  onTiles(tiles, ['added', 'changed', 'removed'], draw);
  draw();
}

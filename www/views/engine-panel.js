/** How far the engine is, where it runs and why, and what to do when it does not. */

import { beforePaint, byId, megabytes } from './dom.js';
import { notify } from './notices.js';
import { deviceSentence, failureSentence } from './sentences.js';
import { timeLeft } from './time-left.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../models/model-in-use.js').ModelInUse} ModelInUse */

/** @param {{ session: Session, modelInUse: ModelInUse }} page */
export function setUpEnginePanel({ session, modelInUse }) {
  const box = byId('engine-progress', HTMLElement);
  const stage = byId('engine-stage', HTMLLabelElement);
  const bar = byId('engine-bar', HTMLProgressElement);
  const status = byId('device-status', HTMLElement);
  const short = byId('device-state', HTMLElement);
  const root = document.documentElement;
  let closeNotice = () => {};
  let startMs = 0;

  const draw = beforePaint(() => {
    const { loadedBytes, totalBytes } = session.status.progress;
    const arrived = loadedBytes >= totalBytes;
    bar.max = totalBytes;
    // Without a value the bar shows that something goes on, of unknown length.
    if (arrived) bar.removeAttribute('value');
    else bar.value = loadedBytes;
    stage.textContent = arrived
      ? 'Starting the engine and checking its answers…'
      : `Loading the engine and the model: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)}${timeLeft(startMs, loadedBytes / totalBytes)}`;
  });

  let before = '';
  session.addEventListener('status', () => {
    const { state, loaded, error } = session.status;
    if (state === 'loading' && before !== 'loading') startMs = performance.now();
    if (state === 'loading') draw();
    if (state === before && state !== 'ready') return;
    before = state;
    root.dataset.engine = state;
    box.hidden = state !== 'loading';
    if (state === 'loading') short.textContent = 'Starting…';
    closeNotice();
    closeNotice = () => {};
    if (state === 'ready' && loaded) {
      root.dataset.device = loaded.device;
      status.textContent = deviceSentence(loaded);
      short.textContent = loaded.device === 'cpu' ? 'CPU' : 'WebGPU';
    }
    if (state === 'failed' && error) {
      // What stays when the notice is dismissed.
      status.textContent = 'No engine is running. Reload the page to try again.';
      short.textContent = 'No engine';
      const retry = { label: 'Try again', act: () => session.reopen() };
      const useCpu = { label: 'Use the CPU', act: () => modelInUse.chooseDevice('cpu') };
      closeNotice = notify(failureSentence(error.failure), error.fatal || error.code.startsWith('device.') ? [useCpu, retry] : [retry]);
    }
  });
}

/** The copy of the page that works without a network, and the change to a new build. */

import { scriptUrl } from '../engine/script-url.js';
import { notify } from '../views/notices.js';

/** @typedef {import('../engine/session.js').Session} Session */
/** @typedef {import('../project/autosave.js').Autosave} Autosave */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../training/fine-tuning.js').FineTuning} FineTuning */
/** @typedef {{ session: Session, autosave: Autosave | null, tiles: TileList, fineTuning: FineTuning }} Page */

/** A page that stays open asks this often whether there is a new build. */
const UPDATE_INTERVAL_MS = 3_600_000;

/**
 * Waits until the engine is there, so that a first visit is not slowed. Where the browser has no service worker, or
 * refuses one, the page needs its network, and that is all.
 * @param {Page} page
 */
export function setUpUpdates(page) {
  const container = navigator.serviceWorker;
  if (!container) return;
  const start = async () => {
    if (page.session.status.state === 'loading') return;
    page.session.removeEventListener('status', start);
    try {
      const registration = await container.register(scriptUrl('service-worker.js'), { updateViaCache: 'none' });
      offerUpdates(registration, container, page);
      setInterval(() => registration.update().catch(() => undefined), UPDATE_INTERVAL_MS);
    } catch {
      // There is no network, or no permission.
    }
  };
  page.session.addEventListener('status', start);
  start();
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {ServiceWorkerContainer} container
 * @param {Page} page
 */
function offerUpdates(registration, container, page) {
  let closeNotice = () => {};
  const offer = (/** @type {string} */ message, label = 'Load it', mayLose = false) => {
    closeNotice();
    closeNotice = notify(message, [{ label, act: () => accept(mayLose) }], 'news');
  };

  /** @param {boolean} mayLose whether the user knows what is not kept */
  async function accept(mayLose) {
    const { waiting } = registration;
    if (!waiting) return;
    const obstacle = await obstacleOf(page);
    if (obstacle) return offer(obstacle);
    if (!mayLose && page.tiles.size > 0 && !page.autosave?.isKept) {
      return offer('The tiles on this page are not kept: give the project a name or a class to keep them, or add them again afterwards.', 'Load the new version all the same', true);
    }
    const reload = () => window.location.reload();
    container.addEventListener('controllerchange', reload);
    const { otherPages } = await ask(waiting);
    if (otherPages === 0) return;
    container.removeEventListener('controllerchange', reload);
    offer('Tilelens is open in another tab or window, too: close it, then load the new version.');
  }

  const offerWaiting = () => {
    if (registration.waiting && registration.active) offer('A new version of Tilelens is ready.');
  };
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offerWaiting));
  offerWaiting();
}

/** Why the page cannot be loaded again yet; empty where it can. @param {Page} page */
async function obstacleOf({ autosave, fineTuning }) {
  if (fineTuning.stage !== 'idle') return 'A head is being trained: let it end, or stop it, then load the new version.';
  if (!autosave?.isKept) return '';
  await autosave.save();
  if (autosave.state === 'failed') return 'The project could not be saved: export it, then load the new version.';
  return '';
}

/** @param {ServiceWorker} waiting @returns {Promise<{ otherPages: number }>} */
function ask(waiting) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    waiting.postMessage('take over', [port2]);
  });
}

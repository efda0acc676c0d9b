/** The copy of the page that works without a network, and the change to a new build. */

import { scriptUrl } from '../engine/index.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../project/autosave.js').Autosave} Autosave */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */
/** @typedef {import('../training/fine-tuning.js').FineTuning} FineTuning */
/** @typedef {{ session: Session, autosave: Autosave | null, tiles: TileList, fineTuning: FineTuning }} Page */
/**
 * @typedef {'ready' | 'training' | 'unsaved' | 'notKept' | 'otherTab'} UpdateNews A new build is there, or why it cannot
 *   be taken yet: a head is in training, the project cannot be saved, the tiles are not kept, another tab is open.
 */

/** A page that stays open asks this often whether there is a new build. */
const UPDATE_INTERVAL_MS = 3_600_000;

/** The event `news`. */
export class Updates extends EventTarget {
  /** What there is to tell. @type {UpdateNews | null} */
  news = null;
  #page;
  /** @type {ServiceWorkerRegistration | null} */
  #registration = null;

  /** @param {Page} page */
  constructor(page) {
    super();
    this.#page = page;
  }

  /**
   * Waits until the engine is there, so that a first visit is not slowed. Where the browser has no service worker, or
   * refuses one, the page needs its network, and that is all.
   */
  start() {
    const container = navigator.serviceWorker;
    if (!container) return;
    const { session } = this.#page;
    const begin = async () => {
      if (session.status.state === 'loading') return;
      session.removeEventListener('status', begin);
      try {
        const registration = await container.register(scriptUrl('service-worker.js'), { updateViaCache: 'none' });
        this.#watch(registration);
        setInterval(() => registration.update().catch(() => undefined), UPDATE_INTERVAL_MS);
      } catch {
        // There is no network, or no permission.
      }
    };
    session.addEventListener('status', begin);
    begin();
  }

  /** @param {ServiceWorkerRegistration} registration */
  #watch(registration) {
    this.#registration = registration;
    const tell = () => {
      if (registration.waiting && registration.active) this.#tell('ready');
    };
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', tell));
    tell();
  }

  /** Takes the new build into use, unless something would be lost. @param {boolean} mayLose whether the user knows what is not kept */
  async accept(mayLose) {
    const waiting = this.#registration?.waiting;
    if (!waiting) return;
    const obstacle = await this.#obstacle(mayLose);
    if (obstacle) return this.#tell(obstacle);
    const container = navigator.serviceWorker;
    const reload = () => window.location.reload();
    container.addEventListener('controllerchange', reload);
    const { otherPages } = await ask(waiting);
    if (otherPages === 0) return;
    container.removeEventListener('controllerchange', reload);
    this.#tell('otherTab');
  }

  /** @param {boolean} mayLose @returns {Promise<UpdateNews | null>} why the page cannot be loaded again yet */
  async #obstacle(mayLose) {
    const { autosave, fineTuning, tiles } = this.#page;
    if (fineTuning.stage !== 'idle') return 'training';
    if (!autosave?.isKept) return tiles.size > 0 && !mayLose ? 'notKept' : null;
    await autosave.save();
    return autosave.state === 'failed' ? 'unsaved' : null;
  }

  /** @param {UpdateNews} news */
  #tell(news) {
    this.news = news;
    this.dispatchEvent(new Event('news'));
  }
}

/** @param {ServiceWorker} waiting @returns {Promise<{ otherPages: number }>} */
function ask(waiting) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    waiting.postMessage('take over', [port2]);
  });
}

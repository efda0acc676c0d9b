/**
 * One tab at a time has a project open: two would overwrite one another's labels. A tab that wants a project which
 * another one has asks it to save and let go.
 */

/** A page that is being reloaded may not have let go of its own project yet. */
const LONGEST_HANDOVER_MS = 500;

/** A tab in the background may be slow to save; one that does not answer for so long is frozen. */
const LONGEST_ANSWER_MS = 10_000;

/** @typedef {{ asks: string } | { answers: string, hasLetGo: boolean }} TabMessage */

export class Ownership {
  /** @type {string | null} */
  #id = null;
  #release = () => {};
  #channel = new BroadcastChannel('tilelens-projects');

  /** @param {() => Promise<void>} letGo saves the open project and opens another; rejects where it cannot be saved */
  constructor(letGo) {
    this.#channel.addEventListener('message', async (/** @type {MessageEvent<TabMessage>} */ { data }) => {
      if (!('asks' in data) || data.asks !== this.#id) return;
      const hasLetGo = await letGo().then(
        () => true,
        () => false,
      );
      this.#say({ answers: data.asks, hasLetGo });
    });
  }

  /**
   * Opens a project, unless another tab has it.
   * @param {string} id
   * @param {() => Promise<void>} open the project before stays this tab's until this is done, and if it fails
   * @returns {Promise<boolean>} false where another tab has it: then nothing was done
   */
  async change(id, open) {
    const release = id === this.#id ? this.#release : await hold(`tilelens project ${id}`);
    if (!release) return false;
    try {
      await open();
    } catch (thrown) {
      if (id !== this.#id) release();
      throw thrown;
    }
    if (id !== this.#id) this.#release();
    this.#release = release;
    this.#id = id;
    return true;
  }

  /**
   * Asks the tab that has a project to save it and let go.
   * @param {string} id
   * @returns {Promise<'free' | 'unsaved' | 'silent'>}
   */
  ask(id) {
    return new Promise((resolve) => {
      const answered = new AbortController();
      const timer = setTimeout(() => end('silent'), LONGEST_ANSWER_MS);
      const end = (/** @type {'free' | 'unsaved' | 'silent'} */ answer) => {
        answered.abort();
        clearTimeout(timer);
        resolve(answer);
      };
      const onAnswer = (/** @type {MessageEvent<TabMessage>} */ { data }) => {
        if ('answers' in data && data.answers === id) end(data.hasLetGo ? 'free' : 'unsaved');
      };
      this.#channel.addEventListener('message', onAnswer, { signal: answered.signal });
      this.#say({ asks: id });
    });
  }

  /** @param {TabMessage} message */
  #say(message) {
    this.#channel.postMessage(message);
  }
}

/**
 * Holds a lock that ends with this page. Where the browser has none, as outside of secure contexts, all is free.
 * @param {string} name
 * @returns {Promise<(() => void) | null>} what releases it; null where another tab holds it
 */
function hold(name) {
  return new Promise((resolve) => {
    const free = () => resolve(() => {});
    if (!navigator.locks) return free();
    const signal = AbortSignal.timeout(LONGEST_HANDOVER_MS);
    navigator.locks
      .request(name, { signal }, () => new Promise((/** @type {(value?: undefined) => void} */ release) => resolve(release)))
      .catch(() => (signal.aborted ? resolve(null) : free()));
  });
}

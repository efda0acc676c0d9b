/** Sentences about what went wrong, or what there is to know, until they are dismissed. */

import { byId, element, percent } from './dom.js';
import { timeLeft } from './time-left.js';

/** @typedef {{ label: string, act: () => void }} Remedy */

/**
 * @param {string | Node} message
 * @param {Remedy[]} [remedies] buttons that mend it; each also closes the notice
 * @param {'problem' | 'news'} [kind]
 * @returns {() => void} closes the notice
 */
export function notify(message, remedies = [], kind = 'problem') {
  const notice = document.createElement('div');
  notice.className = `notice ${kind}`;
  const text = document.createElement('p');
  text.append(message);
  const more = document.createElement('button');
  more.type = 'button';
  more.textContent = 'More';
  more.hidden = true;
  more.addEventListener('click', () => {
    const isWhole = notice.classList.toggle('whole');
    more.textContent = isWhole ? 'Less' : 'More';
  });
  notice.append(text, more);
  const close = () => notice.remove();
  for (const { label, act } of [...remedies, { label: 'Dismiss', act: () => undefined }]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => {
      close();
      act();
    });
    notice.append(button);
  }
  byId('notices', HTMLElement).append(notice);
  // A long one takes one line until somebody wants to read it.
  more.hidden = text.scrollHeight <= text.clientHeight;
  return close;
}

/** What is over sooner needs no notice. */
const LONG_MS = 1000;

/**
 * Says that something goes on, and how long it still takes.
 * @param {string} what
 */
export function notifyProgress(what) {
  const startMs = performance.now();
  // It changes all the time, and nobody wants it read out each time.
  const far = element('span', { ariaLive: 'off' });
  let close = () => {};
  const timer = setTimeout(() => (close = notify(element('span', {}, `${what}…`, far), [], 'news')), LONG_MS);
  return {
    /** @param {number} share from 0 to 1; what comes after that has no measure */
    tell: (share) => {
      far.textContent = share < 1 ? ` ${percent(share)}${timeLeft(startMs, share)}` : '';
    },
    close: () => {
      clearTimeout(timer);
      close();
    },
  };
}

/**
 * Does what may be refused in words of that kind, and shows them.
 * @param {new () => Error} kind
 * @param {() => unknown} work
 */
export function orNotify(kind, work) {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof kind)) throw thrown;
    notify(thrown.message);
  }
}

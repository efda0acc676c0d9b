/** Offers to undo what took something away, over the foot of the window: nothing moves for it. */

import { button, byId, element, isolated } from './dom.js';

/** @typedef {import('../labels/history.js').Command} Command */
/** @typedef {import('../labels/history.js').History} History */

/** Long enough to see what happened. Most can be undone later, too. */
const OFFERED_MS = 15_000;

/** Ends the offer that stands. */
let endOffer = () => {};

/**
 * @param {string} message what is gone
 * @param {() => void} undo
 * @param {() => void} [lapse] nobody wants it back
 */
export function offerUndo(message, undo, lapse = () => {}) {
  const place = byId('undo-offer', HTMLElement);
  endOffer();
  const offer = element('div', { className: 'undo-offer' });
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const close = () => {
    clearTimeout(timer);
    offer.remove();
    endOffer = () => {};
  };
  const end = () => {
    close();
    lapse();
  };
  const wait = () => {
    // Whoever is about to press it needs longer.
    timer = setTimeout(() => (offer.matches(':hover, :focus-within') ? wait() : end()), OFFERED_MS);
  };
  const takeBack = () => {
    close();
    undo();
  };
  offer.append(element('p', {}, message), button('Undo', takeBack), button('×', end, { title: 'Dismiss', ariaLabel: 'Dismiss' }));
  place.replaceChildren(offer);
  endOffer = end;
  wait();
}

/** @param {History} history */
export function setUpUndoOffer(history) {
  // Something else is undone next.
  history.addEventListener('changed', () => endOffer());
  history.addEventListener('done', (event) => {
    const { removed } = /** @type {CustomEvent<Command>} */ (event).detail;
    if (removed) offerUndo(`Removed ${isolated(removed)}.`, () => history.undo());
  });
}

/** Selecting tiles and labelling them, by mouse and by keyboard alone. */

import { acceptSuggestions } from '../labels/suggestions.js';
import { LabelError } from '../labels/labelling.js';
import { beforePaint, button, byId, counted, isTyping } from './dom.js';
import { classIndexOf } from './label-keys.js';
import { orNotify } from './notices.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/** The kind of data that a dragged tile carries: ids, with spaces between. */
export const DRAGGED_TILES = 'application/x-tilelens-tiles';

/**
 * @param {TileList} tiles
 * @param {Labelling} labelling
 * @param {(tile: Tile) => void} findSimilar
 */
export function setUpTileSelection(tiles, labelling, findSimilar) {
  const grid = byId('tile-grid', HTMLElement);
  const bar = byId('selection', HTMLElement);
  /** Where a range that is selected with Shift begins. @type {HTMLElement | null} */
  let anchor = null;

  const shownCards = () => /** @type {HTMLElement[]} */ ([...grid.querySelectorAll('article.tile:not([hidden])')]);
  const boxOf = (/** @type {Element} */ card) => /** @type {HTMLInputElement} */ (card.querySelector('input.select'));
  const tileOf = (/** @type {Element | null | undefined} */ card) =>
    card instanceof HTMLElement ? tiles.get(card.dataset.id ?? '') : undefined;
  const cardUnder = (/** @type {EventTarget | null} */ target) =>
    /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest('article.tile') : null);

  /** What is selected and shown; what a filter hides is not touched. */
  const selected = () =>
    shownCards()
      .filter((card) => boxOf(card).checked)
      .map(tileOf)
      .filter((tile) => tile !== undefined);

  const accept = (/** @type {Tile[]} */ wanted) => orNotify(LabelError, () => acceptSuggestions(labelling, wanted));

  function select(/** @type {HTMLElement[]} */ cards, isSelected = true) {
    for (const card of cards) boxOf(card).checked = isSelected;
    showSelection();
  }

  function showSelection() {
    const chosen = selected();
    // Buttons that stay keep the focus, while answers stream in.
    if (bar.dataset.count === String(chosen.length)) return;
    bar.dataset.count = String(chosen.length);
    bar.hidden = chosen.length === 0;
    bar.replaceChildren(
      `${counted(chosen.length, 'tile')} selected`,
      button('Take the label away', () => labelling.assign(selected(), null)),
      button('Accept suggestions', () => accept(selected())),
      button('Remove', () => remove(selected())),
      button('Select all shown', () => select(shownCards())),
      button('Select none', () => select(shownCards(), false)),
    );
  }

  /** One card alone is reached by Tab; the arrow keys go on from there. @param {HTMLElement | undefined} card */
  function focus(card) {
    if (!card) return;
    for (const control of grid.querySelectorAll('[tabindex="0"]')) /** @type {HTMLElement} */ (control).tabIndex = -1;
    openToTab(card);
    boxOf(card).focus();
    card.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Element} card */
  function openToTab(card) {
    for (const control of card.querySelectorAll('input.select, button')) /** @type {HTMLElement} */ (control).tabIndex = 0;
  }

  /** @param {Tile[]} gone */
  function remove(gone) {
    const cards = shownCards();
    const place = cards.findIndex((card) => tileOf(card) === gone[0]);
    const neighbour = [...cards.slice(place), ...cards.slice(0, place).reverse()].find((card) => !gone.includes(/** @type {Tile} */ (tileOf(card))));
    labelling.removeTiles(gone);
    if (neighbour) focus(neighbour);
    else document.getElementById('choose-files')?.focus();
    showSelection();
  }

  /** Labels the selection, or else the tile in focus and goes on to the next without a label. @param {(tiles: Tile[]) => void} label */
  function labelAndGoOn(label) {
    const chosen = selected();
    const card = cardUnder(document.activeElement);
    const tile = tileOf(card);
    if (chosen.length > 0) {
      label(chosen);
    } else if (card && tile) {
      label([tile]);
      const cards = shownCards();
      const later = cards.slice(cards.indexOf(card) + 1);
      focus(later.find((other) => tileOf(other)?.classId === null) ?? later[0]);
    } else {
      return false;
    }
    return true;
  }

  /** How many cards stand in a row. @param {HTMLElement[]} cards */
  function columns(cards) {
    const top = cards[0]?.offsetTop;
    const next = cards.findIndex((card) => card.offsetTop !== top);
    return next < 0 ? cards.length : next;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} card */
  function move(event, card) {
    const cards = shownCards();
    const place = cards.indexOf(card);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(cards), ArrowUp: -columns(cards), Home: -place, End: cards.length };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return false;
    const target = cards[Math.min(cards.length - 1, Math.max(0, place + step))];
    if (event.shiftKey) select([card, target]);
    focus(target);
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something */
  function onKey(event) {
    const card = cardUnder(event.target);
    if (card && move(event, card)) return true;
    const wanted = labelling.classes[classIndexOf(event)];
    if (wanted) return labelAndGoOn((chosen) => labelling.assign(chosen, wanted));
    const isOnButton = event.target instanceof HTMLButtonElement;
    if (event.key === 'Enter' && card && !isOnButton) return labelAndGoOn(accept);
    if ((event.key === 'Backspace' || event.key === 'Delete') && card) return labelAndGoOn((chosen) => labelling.assign(chosen, null));
    if (event.key === 'a' && (event.ctrlKey || event.metaKey) && card) {
      select(shownCards());
      return true;
    }
    if (event.key === 'Escape' && selected().length > 0) {
      select(shownCards(), false);
      return true;
    }
    return false;
  }

  document.addEventListener('keydown', (event) => {
    if (!isTyping(event.target) && onKey(event)) event.preventDefault();
  });

  grid.addEventListener('click', (event) => {
    const card = cardUnder(event.target);
    const tile = tileOf(card);
    if (!card || !tile || !(event.target instanceof Element)) return;
    if (event.target.closest('.remove')) remove([tile]);
    else if (event.target.closest('.accept')) accept([tile]);
    else if (event.target.closest('.similar')) findSimilar(tile);
    else if (event.target.closest('.picture, .select')) choose(card, event);
  });

  /** @param {HTMLElement} card @param {MouseEvent} event */
  function choose(card, event) {
    const onBox = event.target instanceof HTMLInputElement;
    const isSelected = onBox ? boxOf(card).checked : !boxOf(card).checked;
    const cards = shownCards();
    const from = event.shiftKey && anchor ? cards.indexOf(anchor) : -1;
    const to = cards.indexOf(card);
    select(from < 0 ? [card] : cards.slice(Math.min(from, to), Math.max(from, to) + 1), from < 0 ? isSelected : true);
    anchor = card;
    focus(card);
  }

  grid.addEventListener('dragstart', (event) => {
    const tile = tileOf(cardUnder(event.target));
    if (!tile || !event.dataTransfer) return;
    const chosen = selected();
    const dragged = chosen.includes(tile) ? chosen : [tile];
    event.dataTransfer.setData(DRAGGED_TILES, dragged.map(({ id }) => id).join(' '));
    event.dataTransfer.effectAllowed = 'copy';
  });

  /** Until a shown card has had the focus, Tab leads to the first one. */
  const keepReachable = beforePaint(() => {
    showSelection();
    const [first] = shownCards();
    if (first && !grid.querySelector('article.tile:not([hidden]) [tabindex="0"]')) openToTab(first);
  });
  grid.addEventListener('shown', keepReachable);

  return { selected };
}

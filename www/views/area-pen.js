/** The area of interest is drawn by hand: clicks on the map are its corners. */

import { areaPlan } from './area-plan.js';
import { byId, button, counted, isTyping } from './dom.js';
import { notify } from './notices.js';
import { thrownSentence } from './sentences.js';
import { offerUndo } from './undo-offer.js';

/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('./map/outline.js').Outline} Outline */
/** @typedef {import('./map/scene-map.js').Point} Point */

/** What an area that came from no file is called. */
const NAME = 'drawn by hand';
/** A ring of fewer corners surrounds nothing. */
const LEAST_CORNERS = 3;

/**
 * @param {object} page
 * @param {import('../engine/index.js').SceneRoom} page.room
 * @param {import('../scene/scene-desk.js').SceneDesk} page.desk
 * @param {import('../tiles/tile-list.js').TileList} page.tiles
 * @param {import('../labels/history.js').History} page.history
 * @param {ReturnType<typeof import('./map-view.js').setUpMapView>} view
 * @returns {{ begin: () => Promise<void> }}
 */
export function setUpAreaPen({ room, desk, tiles, history }, view) {
  const target = byId('map-target', HTMLElement);
  const says = byId('area-pen-says', HTMLElement);
  const buttons = byId('area-pen-buttons', HTMLElement);
  const done = button('Done', () => outline?.finish(), { className: 'primary' });
  buttons.append(done, button('Give up', () => outline?.stop()));
  /** @type {Outline | null} */
  let outline = null;

  /** @param {number} corners */
  function tell(corners) {
    done.disabled = corners < LEAST_CORNERS;
    const rest = done.disabled ? 'Click the next one.' : 'Double click or Enter ends.';
    says.textContent = corners === 0 ? 'Click the corners, or press Space for one in the middle. Escape gives up.' : `${counted(corners, 'corner')}. ${rest}`;
  }

  /** @param {boolean} isDrawing */
  function show(isDrawing) {
    document.documentElement.toggleAttribute('data-drawing', isDrawing);
    buttons.hidden = !isDrawing;
    if (!isDrawing) says.textContent = '';
  }

  /** @param {Scene} scene @param {Point[]} corners */
  async function take(scene, corners) {
    try {
      const { words, act } = await areaPlan({ room, desk, tiles }, scene, { name: NAME, polygons: [[corners]] }, 'Draw it with fewer corners.');
      if (!act) return void notify(words, [], 'news');
      await act();
      offerUndo(words, () => history.undo());
    } catch (thrown) {
      notify(`The area could not be taken. ${thrownSentence(thrown)}`);
    }
  }

  // Before all others: while an outline is drawn, these keys are about it.
  document.addEventListener(
    'keydown',
    (event) => {
      const isElsewhere = event.target instanceof Element && event.target.closest('dialog, button, a, summary') !== null;
      if (!outline || isTyping(event.target) || (isElsewhere && event.key !== 'Escape')) return;
      if (event.key === 'Escape') outline.stop();
      else if (event.key === 'Enter') done.click();
      else if (event.key === 'Backspace') outline.removeCorner();
      else if (event.key === ' ') outline.addCorner();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  show(false);

  return {
    async begin() {
      const { scene } = view;
      const onEnd = (/** @type {Point[] | null} */ corners) => {
        outline = null;
        show(false);
        if (corners && scene) take(scene, corners);
      };
      outline = await view.drawOutline({ onCorner: tell, onEnd }).catch((thrown) => {
        notify(`Nothing can be drawn. ${thrownSentence(thrown)}`, [{ label: 'Try again', act: () => void this.begin() }]);
        return null;
      });
      if (!outline) return;
      tell(0);
      show(true);
      target.focus();
      // A small window may have no room for all of the map.
      says.scrollIntoView({ block: 'nearest' });
    },
  };
}

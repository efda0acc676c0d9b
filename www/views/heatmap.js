/** The heatmap over the picture of the tile in focus, its button and key, and the line that says what it is. */

import { rgb } from 'd3-color';
import { interpolateInferno } from 'd3-scale-chromatic';
import { beforePaint, isTyping, part } from './dom.js';
import { heatmapSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').Heatmap} Heatmap */
/** @typedef {import('../tiles/heatmaps.js').Heatmaps} Heatmaps */

/** As on the command line: places that say nothing are veiled a little, the strongest most. */
const OPACITY = { least: 0.35, most: 0.7 };
const STEPS = 256;
const RAMP = Array.from({ length: STEPS }, (_, step) => {
  const share = step / (STEPS - 1);
  const { r, g, b } = rgb(interpolateInferno(share));
  return [r, g, b, Math.round(255 * (OPACITY.least + (OPACITY.most - OPACITY.least) * share))];
});

/**
 * @param {Heatmaps} heatmaps
 * @param {HTMLElement} root the inspector's
 */
export function setUpHeatmap(heatmaps, root) {
  const canvas = part(root, '.heat-picture', HTMLCanvasElement);
  const toggle = part(root, '.heat-toggle', HTMLButtonElement);
  const scale = part(root, '.heat-scale', HTMLElement);
  const legend = part(root, '.heat-legend', HTMLElement);
  const stops = RAMP.filter((_, step) => step % 15 === 0).map(([r, g, b]) => `rgb(${r} ${g} ${b})`);
  scale.style.setProperty('--ramp', `linear-gradient(to right, ${stops.join(', ')})`);
  /** What the canvas shows. @type {Heatmap | null} */
  let drawn = null;

  const draw = beforePaint(() => {
    const { state } = heatmaps;
    const heatmap = state.code === 'shown' ? state.heatmap : null;
    toggle.ariaPressed = String(heatmaps.isOn);
    legend.textContent = heatmapSentence(state);
    scale.hidden = !heatmap;
    canvas.hidden = !heatmap;
    canvas.ariaLabel = heatmap ? heatmapSentence(state) : '';
    if (heatmap && heatmap !== drawn) paint(canvas, heatmap);
    drawn = heatmap;
  });
  heatmaps.addEventListener('changed', draw);
  draw();

  toggle.addEventListener('click', () => heatmaps.toggle());
  document.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    // The report has no picture to lay it over.
    if (key !== 'h' || ctrlKey || metaKey || altKey || isTyping(event.target) || document.documentElement.dataset.view === 'report') return;
    event.preventDefault();
    heatmaps.toggle();
  });
}

/** @param {HTMLCanvasElement} canvas @param {Heatmap} heatmap */
function paint(canvas, { picture: { widthPx, heightPx, values } }) {
  Object.assign(canvas, { width: widthPx, height: heightPx });
  const pixels = new ImageData(widthPx, heightPx);
  for (const [index, share] of values.entries()) {
    // What the network does not see stays as it is.
    if (!Number.isNaN(share)) pixels.data.set(RAMP[Math.round(share * (STEPS - 1))], 4 * index);
  }
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
}

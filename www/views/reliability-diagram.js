/** Confidence against accuracy: a head whose confidence can be believed lies on the diagonal. */

import { COLOURS, plotLibrary, styleOf } from './plots.js';

/** @typedef {import('../engine/index.js').TrainingReport['reliability']} Bins */

const HEIGHT_PX = 200;

/**
 * @param {HTMLElement} root
 * @param {Bins} bins
 * @param {AbortSignal} shown aborted when the diagram is no longer shown: a plot listens to the window until it is told to end
 */
export async function createReliabilityDiagram(root, bins, shown) {
  const uPlot = await plotLibrary(root).catch(() => null);
  if (!uPlot || shown.aborted) return;
  const { width, text, axis } = styleOf(root);
  const filled = bins.filter(({ tiles }) => tiles > 0);
  const confidence = filled.map((bin) => bin.confidence / bin.tiles);
  const accuracy = filled.map((bin) => bin.right / bin.tiles);
  const plot = new uPlot(
    {
      width,
      height: HEIGHT_PX,
      scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1.02] } },
      axes: [
        { ...axis, label: 'confidence' },
        { ...axis, label: 'accuracy', size: 46 },
      ],
      series: [
        { label: 'Confidence' },
        { label: 'Accuracy', stroke: COLOURS.validation, width: 2, points: { show: true, size: 8 } },
        { label: 'Ideal', stroke: text, dash: [4, 4], points: { show: false } },
      ],
      legend: { show: false },
    },
    [
      [0, ...confidence, 1],
      [null, ...accuracy, null],
      [0, ...confidence, 1],
    ],
    root,
  );
  shown.addEventListener('abort', () => plot.destroy());
}

/** Loss and accuracy, epoch by epoch, as lines. */

import { COLOURS, plotLibrary, styleOf } from './plots.js';

/** @typedef {import('../engine/index.js').TrainingProgress} TrainingProgress */
/** @typedef {import('uplot').AlignedData} AlignedData */

const HEIGHT_PX = 170;

/** @param {HTMLElement} root */
export async function createCurves(root) {
  const uPlot = await plotLibrary(root);
  const { width, axis } = styleOf(root);

  /** @param {string} title @param {[number, number] | undefined} range @param {(value: number) => string} format */
  const create = (title, range, format) => {
    const value = (/** @type {unknown} */ _, /** @type {number | null} */ raw) => (raw === null ? '–' : format(raw));
    return new uPlot(
      {
        title,
        width,
        height: HEIGHT_PX,
        scales: { x: { time: false }, y: range ? { range } : {} },
        axes: [axis, { ...axis, size: 46 }],
        series: [
          { label: 'Epoch' },
          { label: 'Training', stroke: COLOURS.training, width: 2, dash: [6, 3], value },
          { label: 'Validation', stroke: COLOURS.validation, width: 2, value },
        ],
      },
      [[], [], []],
      root,
    );
  };
  root.replaceChildren();
  const loss = create('Loss', undefined, (value) => value.toFixed(3));
  const accuracy = create('Accuracy', [0, 1.02], (value) => `${(value * 100).toFixed(1)} %`);
  const resize = new ResizeObserver(() => {
    for (const plot of [loss, accuracy]) plot.setSize({ width: styleOf(root).width, height: HEIGHT_PX });
  });
  resize.observe(root);

  return {
    /** @param {TrainingProgress[]} epochs of one phase */
    draw(epochs) {
      const line = (/** @type {(epoch: TrainingProgress) => number | null} */ of) => epochs.map(of);
      const numbers = epochs.map(({ epoch }) => epoch);
      loss.setData(/** @type {AlignedData} */ ([numbers, line(({ loss }) => loss), line(({ validationLoss }) => validationLoss)]));
      accuracy.setData(/** @type {AlignedData} */ ([numbers, line(({ accuracy }) => accuracy), line(({ validationAccuracy }) => validationAccuracy)]));
    },
  };
}

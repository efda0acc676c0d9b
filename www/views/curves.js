/** Loss and accuracy, epoch by epoch, as lines. */

/** @typedef {import('../messages.js').TrainingProgress} TrainingProgress */
/** @typedef {import('uplot').AlignedData} AlignedData */

const HEIGHT_PX = 170;

/** Colours that differ in lightness, too, for those who do not tell red from green. */
const TRAINING_COLOUR = '#e69f00';
const VALIDATION_COLOUR = '#0072b2';

/**
 * The library is fetched with the first run.
 * @param {HTMLElement} root
 */
export async function createCurves(root) {
  const { default: uPlot } = await import('uplot');
  const style = getComputedStyle(root);
  const axis = { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { stroke: style.borderTopColor, width: 1 } };

  /** @param {string} title @param {[number, number] | undefined} range @param {(value: number) => string} format */
  const create = (title, range, format) => {
    const value = (/** @type {unknown} */ _, /** @type {number | null} */ raw) => (raw === null ? '–' : format(raw));
    return new uPlot(
      {
        title,
        width: root.clientWidth || 320,
        height: HEIGHT_PX,
        scales: { x: { time: false }, y: range ? { range } : {} },
        axes: [axis, { ...axis, size: 46 }],
        series: [
          { label: 'Epoch' },
          { label: 'Training', stroke: TRAINING_COLOUR, width: 2, dash: [6, 3], value },
          { label: 'Validation', stroke: VALIDATION_COLOUR, width: 2, value },
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
    for (const plot of [loss, accuracy]) plot.setSize({ width: root.clientWidth || 320, height: HEIGHT_PX });
  });
  resize.observe(root);

  return {
    /** @param {TrainingProgress[]} epochs of one phase */
    draw(epochs) {
      const line = (/** @type {(epoch: TrainingProgress) => number | null} */ of) => epochs.map(of);
      const numbers = epochs.map(({ epoch }) => epoch);
      loss.setData(/** @type {AlignedData} */ ([numbers, line(({ loss }) => loss), line(({ validation_loss }) => validation_loss)]));
      accuracy.setData(/** @type {AlignedData} */ ([numbers, line(({ accuracy }) => accuracy), line(({ validation_accuracy }) => validation_accuracy)]));
    },
  };
}

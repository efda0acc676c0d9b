/** What the charts share. The library is fetched with the first chart. */

/** Colours that differ in lightness, too, for those who do not tell red from green. */
export const COLOURS = { training: '#e69f00', validation: '#0072b2' };

/** Rejects where it does not arrive, which is said in the chart's place. @param {HTMLElement} root */
export async function plotLibrary(root) {
  try {
    return (await import('uplot')).default;
  } catch (thrown) {
    root.textContent = 'The chart could not be downloaded. Reload the page to see it.';
    throw thrown;
  }
}

/** A canvas knows nothing of the page's style: it is told. @param {HTMLElement} root */
export function styleOf(root) {
  const { color, borderTopColor } = getComputedStyle(root);
  const lines = { stroke: borderTopColor, width: 1 };
  return { width: root.clientWidth || 320, text: color, axis: { stroke: color, grid: lines, ticks: lines } };
}

/** What the charts share. The library is fetched with the first chart. */

/** Colours that differ in lightness, too, for those who do not tell red from green. */
export const COLOURS = { training: '#e69f00', validation: '#0072b2' };

export async function plotLibrary() {
  return (await import('uplot')).default;
}

/** A canvas knows nothing of the page's style: it is told. @param {HTMLElement} root */
export function styleOf(root) {
  const { color, borderTopColor } = getComputedStyle(root);
  const lines = { stroke: borderTopColor, width: 1 };
  return { width: root.clientWidth || 320, text: color, axis: { stroke: color, grid: lines, ticks: lines } };
}

/** The key of each class: digits first, then letters, but for `h`, which is the heatmap's. */

const KEYS = [...'123456789qwertyuiopasdfgjklzxcvbnmQWERTYUIOPASDFGH'];

/**
 * @param {number} index of the class
 * @returns {string | null}
 */
export function keyOf(index) {
  return KEYS[index] ?? null;
}

/**
 * The class that the pressed key stands for; -1 where there is none.
 * @param {KeyboardEvent} event
 */
export function classIndexOf({ key, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey ? -1 : KEYS.indexOf(key);
}

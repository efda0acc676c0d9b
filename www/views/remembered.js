/** How the user likes the window, kept in this browser from visit to visit. */

const KEY = 'tilelens-window';

/** @returns {Record<string, unknown>} */
function all() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    // A browser that keeps nothing begins as usual.
    return {};
  }
}

/**
 * @template {boolean | number} Value
 * @param {string} name
 * @param {Value} otherwise what is usual, and of which type it has to be
 * @returns {Value}
 */
export function remembered(name, otherwise) {
  const found = all()[name];
  return typeof found === typeof otherwise ? /** @type {Value} */ (found) : otherwise;
}

/** @param {string} name @param {boolean | number} value */
export function remember(name, value) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...all(), [name]: value }));
  } catch {
    // As above.
  }
}

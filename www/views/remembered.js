/** What the user has chosen for this browser, and not for a project: kept from visit to visit. */

/** How the window looks, and what becomes of large rasters. @typedef {'tilelens-window' | 'tilelens-scenes'} Shelf */

/** @param {Shelf} shelf @returns {Record<string, unknown>} */
function all(shelf) {
  try {
    const found = JSON.parse(localStorage.getItem(shelf) ?? '{}');
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    // A browser that keeps nothing begins as usual.
    return {};
  }
}

/**
 * @template {boolean | number | string} Value
 * @param {Shelf} shelf
 * @param {string} name
 * @param {Value} otherwise what is usual, and of which type it has to be
 * @returns {Value}
 */
export function remembered(shelf, name, otherwise) {
  const found = all(shelf)[name];
  return typeof found === typeof otherwise ? /** @type {Value} */ (found) : otherwise;
}

/** @param {Shelf} shelf @param {Record<string, boolean | number | string>} values by their names */
export function remember(shelf, values) {
  try {
    localStorage.setItem(shelf, JSON.stringify({ ...all(shelf), ...values }));
  } catch {
    // As above.
  }
}

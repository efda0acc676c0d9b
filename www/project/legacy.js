/** What older versions of the page kept, in today's words. */

/**
 * The same value with `camelCase` keys: settings and reports were kept in `snake_case` up to the first version of the
 * store and of the archive.
 * @param {unknown} value plain JSON
 * @returns {unknown}
 */
export function inCamelCase(value) {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase()), inCamelCase(inner)]);
  return Object.fromEntries(entries);
}

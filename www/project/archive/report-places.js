/** In an archive the reports know tiles and classes by their places, since an import gives them new ids. */

/** @typedef {(name: unknown) => string} Rename */

/**
 * The reports of both models, with their tiles and classes named otherwise.
 * @param {unknown} reports
 * @param {Rename} tile
 * @param {Rename} ofClass
 */
function renamed(reports, tile, ofClass) {
  const one = (/** @type {any} */ kept) =>
    Array.isArray(kept?.tileIds) && Array.isArray(kept?.classIds)
      ? {
          ...kept,
          tileIds: kept.tileIds.map(tile),
          classIds: kept.classIds.map(ofClass),
          inheritedTileIds: Array.isArray(kept.inheritedTileIds) ? kept.inheritedTileIds.map(tile) : [],
        }
      : null;
  const { current, before, hasBefore } = /** @type {any} */ (reports ?? {});
  return { current: one(current), before: one(before), hasBefore: hasBefore === true };
}

/**
 * @param {unknown} reports by ids
 * @param {{ id: string }[]} tiles
 * @param {{ id: string }[]} classes
 */
export function byPlaces(reports, tiles, classes) {
  const placeIn = (/** @type {{ id: string }[]} */ all) => {
    const placeOf = new Map(all.map(({ id }, index) => [id, String(index)]));
    return (/** @type {unknown} */ id) => placeOf.get(String(id)) ?? '';
  };
  return renamed(reports, placeIn(tiles), placeIn(classes));
}

/**
 * @param {unknown} reports by places
 * @param {(string | null)[]} tileIds by place; null where a tile was left out
 * @param {string[]} classIds
 */
export function byIds(reports, tileIds, classIds) {
  // What is in no place was not in the file.
  const idIn = (/** @type {(string | null)[]} */ ids) => (/** @type {unknown} */ place) => (place === '' ? '' : (ids[Number(place)] ?? ''));
  return renamed(reports, idIn(tileIds), idIn(classIds));
}

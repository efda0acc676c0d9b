/** What is said of the scenes that make_scenes.py lays in different ways, by their names: in the page and by the command line. */

/** @type {[string, RegExp][]} */
export const PLACES = [
  ['no-place', /does not say where it lies/],
  ['control-points', /4 control points/],
  ['no-crs', /does not say its CRS, and it is not guessed/],
  ['unknown-crs', /EPSG:2154 is not known here/],
  ['turned', /turned or sheared/],
  ['south-up', /south at its top/],
  ['mercator', /Web Mercator enlarges/],
];

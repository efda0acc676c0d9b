/** How a scene is cut, as it was kept: what is damaged becomes the usual. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_AREA_POINTS, readPlan, usualPlan } from '../../www/scene/plan.js';

/** @type {[number, number][]} */
const RING = [[0, 0], [10.5, 0], [10.5, 8]];

test('an area of interest is kept as it is, and one that is none is left out', () => {
  const area = { name: 'parcels.geojson', polygons: [[RING, RING], [RING]] };
  const kept = (/** @type {unknown} */ value) => readPlan(JSON.parse(JSON.stringify({ ...usualPlan(), grid: { ...usualPlan().grid, area: value } }))).grid.area;
  assert.deepEqual(kept(area), area);
  assert.equal(kept(null), null);
  const tooMany = Array.from({ length: MOST_AREA_POINTS + 1 }, () => [1, 1]);
  for (const polygons of [null, 'all', [[1]], [[[1, 2]]], [[[[1, 2, 3]]]], [[[[1, null]]]], [[[['a', 'b']]]], [[tooMany]]]) {
    assert.equal(kept({ ...area, polygons }), null, JSON.stringify(polygons)?.slice(0, 80));
  }
  assert.equal(kept({ ...area, name: 7 }), null);
});

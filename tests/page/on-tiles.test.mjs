/** Views are drawn at once after what the user did, and seldom while answers stream in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TileList } from '../../www/tiles/tile-list.js';
import { onTiles } from '../../www/views/on-tiles.js';

test('a hundred answers are drawn twice, a label at once', async () => {
  const tiles = new TileList();
  const added = tiles.add(Array.from({ length: 100 }, (_, index) => ({ name: `${index}`, path: `${index}`, source: { kind: 'file', file: new Blob() } })));
  let draws = 0;
  onTiles(tiles, ['changed'], () => (draws += 1));
  for (const tile of added) tiles.fail(tile, { code: 'image.empty' });
  assert.equal(draws, 1, 'the first at once');
  tiles.label([[added[0], 'a']]);
  assert.equal(draws, 2, 'a label does not wait');
  tiles.fail(added[1], { code: 'image.empty' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(draws, 3, 'the last one is drawn, too');
});

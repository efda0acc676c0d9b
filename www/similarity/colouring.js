/** What colour each point has, and what the colours mean. */

import { interpolateViridis } from 'd3-scale-chromatic';
import { colourOf } from '../labels/colours.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {'label' | 'class' | 'confidence' | 'mistake'} ColourBy */
/** @typedef {{ name: string, colour: string | null, isName?: boolean, tiles: Tile[] }} Group Tiles of one colour; null for what has none: `name` is a code then, unless it is a name of the user's or the model's. */

/** From so much confidence on. The ends of the scheme are left out: one is lost on white, the other on black. */
const LEVELS = [0.9, 0.8, 0.7, 0.6, 0.5, 0];
const MISTAKE = '#e15759';
const RIGHT = '#4e79a7';
/** More colours than this nobody tells apart: the rarest classes share one. */
const MOST_CLASSES = 24;

/**
 * Every tile is in one group; groups without a tile are left out, and what has no colour comes last.
 * @param {ColourBy} by
 * @param {Tile[]} tiles
 * @param {Pick<Labelling, 'classes' | 'classOf' | 'named'>} labelling
 * @returns {Group[]}
 */
export function grouped(by, tiles, labelling) {
  switch (by) {
    case 'label':
      return gathered(tiles, ({ classId }) => labelling.classOf(classId)?.name ?? '', [
        ...labelling.classes.map(({ name, colour }) => ({ key: name, name, colour, isName: true })),
        { key: '', name: 'unlabelled', colour: null },
      ]);
    case 'class':
      return byClass(tiles, labelling);
    case 'confidence':
      return gathered(tiles, ({ verdict }) => (verdict ? String(LEVELS.find((level) => verdict.confidence >= level)) : ''), [
        ...LEVELS.map((level) => ({ key: String(level), name: `confidence ${level}`, colour: interpolateViridis(0.2 + ((level || 0.4) - 0.4) * 1.3) })),
        { key: '', name: 'unanswered', colour: null },
      ]);
    case 'mistake':
      return gathered(tiles, (tile) => judged(tile, labelling), [
        { key: 'mistake', name: 'mistake', colour: MISTAKE },
        { key: 'right', name: 'right', colour: RIGHT },
        { key: 'unjudged', name: 'unjudged', colour: null },
      ]);
  }
}

/** @param {Tile} tile @param {Pick<Labelling, 'classOf' | 'named'>} labelling */
function judged({ classId, verdict }, labelling) {
  const label = labelling.classOf(classId);
  if (!label || !verdict) return 'unjudged';
  return labelling.named(verdict.className) === label ? 'right' : 'mistake';
}

/** A class of the user's has its own colour, the others have free ones. @param {Tile[]} tiles @param {Pick<Labelling, 'classes' | 'named'>} labelling */
function byClass(tiles, labelling) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { verdict } of tiles) if (verdict) counts.set(verdict.className, (counts.get(verdict.className) ?? 0) + 1);
  const names = [...counts].sort(([a, most], [b, least]) => least - most || (a < b ? -1 : 1)).map(([name]) => name);
  const taken = labelling.classes.map(({ colour }) => colour);
  const kinds = names.slice(0, MOST_CLASSES).map((name) => {
    const colour = labelling.named(name)?.colour ?? colourOf(taken);
    taken.push(colour);
    return { key: `=${name}`, name, colour, isName: true };
  });
  const coloured = new Set(kinds.map(({ key }) => key));
  const keyOf = (/** @type {Tile} */ { verdict }) => (!verdict ? '' : coloured.has(`=${verdict.className}`) ? `=${verdict.className}` : 'other');
  return gathered(tiles, keyOf, [...kinds, { key: 'other', name: 'other classes', colour: '#8a8a8a' }, { key: '', name: 'unanswered', colour: null }]);
}

/**
 * @param {Tile[]} tiles
 * @param {(tile: Tile) => string} keyOf
 * @param {(Omit<Group, 'tiles'> & { key: string })[]} kinds
 * @returns {Group[]}
 */
function gathered(tiles, keyOf, kinds) {
  /** @type {Map<string, Tile[]>} */
  const byKey = new Map(kinds.map(({ key }) => [key, []]));
  for (const tile of tiles) byKey.get(keyOf(tile))?.push(tile);
  return kinds.map(({ key, ...kind }) => ({ ...kind, tiles: byKey.get(key) ?? [] })).filter((group) => group.tiles.length > 0);
}

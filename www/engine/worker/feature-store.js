/**
 * The features of the tiles, where the engine is that reads them. A tile has one entry, under the backbone that really
 * computed it; the page knows that it is there, and what of it is saved.
 */

import { EngineError } from '../failures.js';
import { lookOf } from '../look.js';

/** @typedef {import('../../../pkg/training/tilelens.js').Features} Features */
/** @typedef {import('../protocol.js').FeatureRow} FeatureRow */
/** @typedef {import('../protocol.js').TileSource} TileSource */
/** @typedef {import('./models.js').OpenModel} OpenModel */
/** @typedef {import('./training-module.js').TrainingBindings} TrainingBindings */

export class FeatureStore {
  /** @type {Map<string, FeatureRow>} */
  #rows = new Map();
  /** How a tile looks by the last request for it. @type {Map<string, string>} */
  #looks = new Map();

  /**
   * These tiles look so from now on: features of another look are dropped, also those that are still computed.
   * @param {{ tileId: string, source: TileSource }[]} tiles
   */
  expect(tiles) {
    for (const { tileId, source } of tiles) {
      const look = lookOf(source);
      this.#looks.set(tileId, look);
      if ((this.#rows.get(tileId)?.look ?? look) !== look) this.#rows.delete(tileId);
    }
  }

  /**
   * Whether this backbone has computed the features of so many views.
   * @param {string} tileId
   * @param {string} backbone
   * @param {number} views
   */
  has(tileId, backbone, views = 1) {
    const row = this.#rows.get(tileId);
    return row?.backbone === backbone && row.views >= views;
  }

  /**
   * Takes a row. All eight views of a backbone begin with the one of the tile as it stands: they are not given up for it.
   * @param {FeatureRow} row
   */
  keep(row) {
    const { tileId, backbone, look, views, values } = row;
    const isWhole = Number.isInteger(views) && views > 0 && values.length > 0 && values.length % views === 0;
    if (!isWhole) throw new EngineError('features.size', { data: { numbers: values.length, views } });
    if ((this.#looks.get(tileId) ?? look) !== look) return;
    if (!this.has(tileId, backbone, views)) this.#rows.set(tileId, row);
  }

  /**
   * Copies, of the tiles that have any.
   * @param {string[]} tileIds
   * @returns {FeatureRow[]}
   */
  read(tileIds) {
    return tileIds.flatMap((tileId) => {
      const row = this.#rows.get(tileId);
      return row ? [{ ...row, values: row.values.slice() }] : [];
    });
  }

  /** @param {string[]} tileIds */
  forget(tileIds) {
    for (const id of tileIds) {
      this.#rows.delete(id);
      this.#looks.delete(id);
    }
  }

  /**
   * The features of tiles by the backbone that is loaded, on their way into the module, which uses them up.
   * @param {TrainingBindings} training
   * @param {OpenModel} open
   * @param {string[]} tileIds
   * @param {number} [views]
   * @returns {Features}
   */
  handed(training, { engine, backbone }, tileIds, views = 1) {
    const rows = this.#found(tileIds, backbone, views);
    const features = new training.Features(engine.featureWidth, rows.length * views);
    for (const row of rows) features.push(firstViews(row, views));
    return features;
  }

  /**
   * The same as one array, of a few tiles.
   * @param {OpenModel} open
   * @param {string[]} tileIds
   * @param {number} [views]
   */
  joined({ engine, backbone }, tileIds, views = 1) {
    const width = engine.featureWidth * views;
    const all = new Float32Array(tileIds.length * width);
    for (const [place, row] of this.#found(tileIds, backbone, views).entries()) all.set(firstViews(row, views), place * width);
    return all;
  }

  /** @param {string[]} tileIds @param {string} backbone @param {number} views */
  #found(tileIds, backbone, views) {
    const missing = tileIds.filter((id) => !this.has(id, backbone, views));
    if (missing.length > 0) throw new EngineError('features.missing', { data: { tiles: missing.length } });
    return tileIds.map((id) => /** @type {FeatureRow} */ (this.#rows.get(id)));
  }
}

/** @param {FeatureRow} row @param {number} views */
function firstViews({ values, views: all }, views) {
  return values.subarray(0, (values.length / all) * views);
}

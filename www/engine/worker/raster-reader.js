/**
 * The reader of rasters and rare pictures: a module of its own, fetched when such a file is there. Its memory is not the
 * engine's, so that a file that ends it costs that file alone.
 */

import { EngineError } from '../failures.js';
import { lookOf } from '../look.js';
import { ResettableModule } from './resettable.js';
import { HEAD_BYTES, slices } from './slices.js';

/** @typedef {typeof import('../../../pkg/raster/tilelens.js')} RasterBindings */
/** @typedef {import('../../../pkg/raster/tilelens.js').Raster} OpenRaster */
/** @typedef {import('../../../pkg/raster/tilelens.js').Tile} RasterTile */
/** @typedef {import('../protocol.js').LookReply} LookReply */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {import('../protocol.js').Stretch} Stretch */
/** @typedef {import('../protocol.js').TileSource} TileSource */
/** @typedef {import('../protocol.js').WindowSource} WindowSource */
/** @typedef {import('./slices.js').Slices} Slices */
/** @typedef {{ key: string, raster: OpenRaster, slices: Slices }} OpenScene */

export class RasterReader {
  #module;
  /** The scene that a window was read of last: its neighbours share blocks with it. @type {OpenScene | null} */
  #scene = null;

  /** @param {RemoteFile} file */
  constructor(file) {
    this.#module = new ResettableModule(
      file,
      () => /** @type {Promise<RasterBindings>} */ (import('../../../pkg/raster/tilelens.js')),
      () => (this.#scene = null),
    );
  }

  /**
   * Pixels of a file, with what is to be said of them.
   * @param {Uint8Array} bytes
   * @param {Stretch | null} stretch
   */
  decode(bytes, stretch) {
    return this.#module.use(({ decodeRaster }) => taken(decodeRaster(bytes, stretch)));
  }

  /**
   * Pixels of a picture that a scene is made of; null where the file is none. It is turned upright unless a world file
   * is beside it.
   * @param {Blob} file
   * @param {boolean} isBeside
   */
  async picture(file, isBeside) {
    const read = async (/** @type {Blob} */ part) => new Uint8Array(await part.arrayBuffer());
    return this.#module.use(async ({ isPicture, WholePicture }) => {
      // A raster may be larger than the memory.
      if (!isPicture(await read(file.slice(0, HEAD_BYTES)))) return null;
      const whole = WholePicture.decode(await read(file), isBeside);
      const { width, height, hasOpacity } = whole;
      return { width, height, hasOpacity, pixels: whole.takePixels() };
    });
  }

  /**
   * Pixels of a cell of a scene.
   * @param {WindowSource} source
   */
  async window(source) {
    const { x, y, width, height } = source.window;
    const key = keyOf(source);
    return this.#module.use(async (bindings) => {
      const parts = await this.#fetch([source]);
      if (this.#scene?.key !== key) {
        const read = await slices(source.file);
        if (!read) throw new EngineError('image.unreadable');
        this.#open(bindings, key, source, read);
      }
      // From here on nothing waits: whoever asks for a cell of another scene would free this one meanwhile.
      const scene = /** @type {OpenScene} */ (this.#scene);
      try {
        return taken(scene.raster.tile(x, y, width, height));
      } finally {
        scene.slices.forget(parts);
      }
    });
  }

  /**
   * Cells are asked for soon: what is stored of them is fetched meanwhile, once their scene is open.
   * @param {WindowSource[]} sources
   */
  readAhead(sources) {
    // What goes wrong is told when it is the cell's turn.
    this.#module.use(() => this.#fetch(sources)).catch(() => undefined);
  }

  /** @param {WindowSource[]} sources */
  async #fetch(sources) {
    const scene = this.#scene;
    if (!scene) return [];
    const parts = sources.filter((source) => keyOf(source) === scene.key).flatMap(({ window: { x, y, width, height } }) => {
      const numbers = scene.raster.parts(x, y, width, height);
      return Array.from({ length: numbers.length / 2 }, (_, part) => ({ offset: numbers[2 * part], length: numbers[2 * part + 1] }));
    });
    await scene.slices.fetch(parts);
    return parts;
  }

  /**
   * @param {RasterBindings} bindings
   * @param {string} key
   * @param {WindowSource} source
   * @param {Slices} slices
   */
  #open({ Raster }, key, { file, raster: look, sidecars }, slices) {
    // Another cell of the scene may have been quicker.
    if (this.#scene?.key === key) return;
    const raster = Raster.open(file.size, slices.read, sidecars.world, sidecars.auxXml, look?.stretch ?? null);
    this.#scene?.raster.free();
    this.#scene = { key, raster, slices };
  }

  /**
   * Looks at all files that came together.
   * @param {{ tileId: string, source: TileSource }[]} tiles
   * @param {number[] | null} bands from 1
   * @returns {Promise<LookReply>}
   */
  async look(tiles, bands) {
    /** @type {LookReply['alike']} */
    const alike = {};
    /** The one that is looked at. @type {string | null} */
    let at = null;
    try {
      const groups = await this.#module.use(async ({ Batch }) => {
        const batch = new Batch(bands && Uint16Array.from(bands));
        for (const { tileId, source } of tiles) {
          const bytes = await slices(source.file);
          at = tileId;
          alike[tileId] = (bytes && batch.lookAt(source.file.size, bytes.read, source.sidecars?.world, source.sidecars?.auxXml)) ?? null;
        }
        at = null;
        const found = batch.groups();
        batch.free();
        return found;
      });
      return { groups, alike };
    } catch (thrown) {
      // Whoever decodes that file says what is wrong with it; the others are looked at anew.
      if (at === null || !(thrown instanceof EngineError) || thrown.code !== 'raster.stopped') throw thrown;
      const others = await this.look(tiles.filter(({ tileId }) => tileId !== at), bands);
      return { ...others, alike: { ...others.alike, [at]: null } };
    }
  }
}

/** Tells one open scene from another. @param {WindowSource} source */
function keyOf(source) {
  return JSON.stringify([source.sceneId, source.file.size, lookOf(source)]);
}

/** What the module has decoded, out of its memory. @param {RasterTile} tile */
function taken(tile) {
  const { widthPx, heightPx, format, noDataShare, notes } = tile;
  const rgb = tile.takeRgb();
  tile.free();
  return { rgb, facts: { widthPx, heightPx, format, noDataShare, notes } };
}

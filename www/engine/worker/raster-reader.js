/**
 * The reader of rasters and rare pictures: a module of its own, fetched when such a file is there. Its memory is not the
 * engine's, so that a file that ends it costs that file alone.
 */

import { EngineError, isTrap } from '../failures.js';
import { fetchEngine } from './download.js';

/** @typedef {typeof import('../../../pkg/raster/tilelens.js')} RasterBindings */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {import('../protocol.js').LookReply} LookReply */
/** @typedef {import('../protocol.js').Stretch} Stretch */
/** @typedef {import('../protocol.js').TileSource} TileSource */

/** Files of no more bytes are read at once; of larger ones parts, as they are asked for. */
const READ_WHOLE_BYTES = 16 << 20;

export class RasterReader {
  #file;
  /** Fetched and compiled once. @type {Promise<WebAssembly.Module> | null} */
  #module = null;
  /** @type {Promise<RasterBindings> | null} */
  #bindings = null;

  /** @param {RemoteFile} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * @template Value
   * @param {(bindings: RasterBindings) => Value | Promise<Value>} work
   * @returns {Promise<Value>} rejects with `raster.stopped` where it ended the module, which is started again for the next
   */
  async use(work) {
    this.#bindings ??= this.#start();
    const bindings = await this.#bindings.catch((thrown) => {
      this.#bindings = null;
      throw thrown;
    });
    try {
      return await work(bindings);
    } catch (thrown) {
      if (!isTrap(thrown)) throw thrown;
      // Its memory is in no known state.
      bindings.__wbg_reset_state();
      throw new EngineError('raster.stopped', { data: { detail: thrown instanceof Error ? thrown.message : '' } });
    }
  }

  async #start() {
    this.#module ??= fetchEngine(this.#file, () => undefined);
    const module = await this.#module.catch((thrown) => {
      this.#module = null;
      throw thrown;
    });
    const bindings = /** @type {RasterBindings} */ (
      await import('../../../pkg/raster/tilelens.js').catch(() => {
        throw new EngineError('network.part_missing');
      })
    );
    bindings.initSync({ module });
    return bindings;
  }

  /**
   * Pixels of a file, with what is to be said of them.
   * @param {Uint8Array} bytes
   * @param {Stretch | null} stretch
   */
  decode(bytes, stretch) {
    return this.use(({ decodeRaster }) => {
      const tile = decodeRaster(bytes, stretch);
      const { widthPx, heightPx, format, noDataShare, notes } = tile;
      const rgb = tile.takeRgb();
      tile.free();
      return { rgb, facts: { widthPx, heightPx, format, noDataShare, notes } };
    });
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
      const groups = await this.use(async ({ Batch }) => {
        const batch = new Batch(bands && Uint16Array.from(bands));
        for (const { tileId, source } of tiles) {
          const read = await slices(source.file);
          at = tileId;
          alike[tileId] = (read && batch.lookAt(source.file.size, read)) ?? null;
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

/**
 * Any bytes of a file, at once; null where it cannot be read.
 * @param {Blob} file
 * @returns {Promise<((offset: number, length: number) => Uint8Array) | null>}
 */
async function slices(file) {
  if (file.size > READ_WHOLE_BYTES) {
    /** Known to workers alone. @type {{ readAsArrayBuffer(part: Blob): ArrayBuffer }} */
    const reader = new (/** @type {any} */ (globalThis).FileReaderSync)();
    return (offset, length) => new Uint8Array(reader.readAsArrayBuffer(file.slice(offset, offset + length)));
  }
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes && ((offset, length) => new Uint8Array(bytes, offset, Math.max(0, Math.min(length, bytes.byteLength - offset))));
}

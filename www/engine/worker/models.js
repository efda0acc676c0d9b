/** Which model answers in this worker: one backbone, and a head on it or none. What cannot be used changes nothing. */

import { EngineError, toFailure } from '../failures.js';
import { fetchVerified } from './download.js';
import { verifyDevice } from './device-choice.js';

/** @typedef {import('../../../pkg/cpu/tilelens.js').Engine} Engine */
/** @typedef {import('../protocol.js').DevicePreference} DevicePreference */
/** @typedef {import('../protocol.js').ModelFiles} ModelFiles */
/** @typedef {import('../protocol.js').ModelInfo} ModelInfo */
/** @typedef {import('../protocol.js').ModelSource} ModelSource */
/** @typedef {import('../protocol.js').ProgressEvent} ProgressEvent */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {import('./device-choice.js').Fetch} Fetch */
/** @typedef {import('./device-choice.js').OpenDevice} OpenDevice */
/** @typedef {(event: ProgressEvent) => void} ProgressListener */

/**
 * @typedef {object} Base What is loaded below the heads: a backbone, or a whole model of the user's.
 * @property {Blob} file
 * @property {string | null} url of the site's; null of a file of the user's
 * @property {boolean} isShared whether it is the one that the site's heads stand on, which whoever comes back finds again
 * @property {ModelInfo} info
 */
/** @typedef {{ file: Blob, info: ModelInfo }} Head */
/** @typedef {OpenDevice & { reader: import('./raster-reader.js').RasterReader, base: Base, head: Head | null, info: ModelInfo, backbone: string, model: number }} OpenModel A device with a model on it. */

export class Models {
  /** @type {OpenModel | null} */
  inUse = null;
  device;
  #preference;
  #fetchBuild;
  #reader;
  /** What was fetched of the site's heads, by address: a choice that is made again needs no network. @type {Map<string, Blob>} */
  #fetched = new Map();

  /**
   * @param {OpenDevice} device
   * @param {DevicePreference} preference
   * @param {Fetch} fetchBuild
   * @param {import('./raster-reader.js').RasterReader} reader
   */
  constructor(device, preference, fetchBuild, reader) {
    this.device = device;
    this.#preference = preference;
    this.#fetchBuild = fetchBuild;
    this.#reader = reader;
  }

  /**
   * @param {ModelSource} source
   * @param {Fetched} fetched
   * @returns {Promise<OpenModel>}
   */
  async use(source, fetched) {
    return this.#orAsBefore(async () => {
      switch (source.kind) {
        case 'site':
          await this.#loadSite(source.backbone, fetched);
          return this.#putHead(source.head && (await this.#siteHead(source.head, fetched)));
        case 'whole':
          return this.#load(await fetched.remote(source.model, 'backbone'), { url: source.model.url, isShared: false });
        case 'file':
          return this.#openFile(await fetched.user(source.file), source.backbone, fetched);
        case 'head':
          return this.#putHeadWhereItBelongs(await fetched.user(source.head), source.backbone, fetched);
      }
    });
  }

  /** What another worker has in use, for its helper. @param {ModelFiles} files */
  async copy({ base, head, model }) {
    await this.#load(base, { url: null, isShared: false });
    const copied = await this.#putHead(head);
    this.inUse = { ...copied, model };
    return this.inUse;
  }

  /** @param {RemoteFile} backbone @param {Fetched} fetched */
  async #loadSite(backbone, fetched) {
    if (this.inUse?.base.url !== backbone.url) await this.#load(await fetched.remote(backbone, 'backbone'), { url: backbone.url, isShared: true });
  }

  /** @param {RemoteFile} head @param {Fetched} fetched */
  async #siteHead(head, fetched) {
    const known = this.#fetched.get(head.url) ?? (await fetched.remote(head, 'head'));
    this.#fetched.set(head.url, known);
    return known;
  }

  /** @param {Blob} file @param {RemoteFile} backbone for a head alone @param {Fetched} fetched */
  async #openFile(file, backbone, fetched) {
    try {
      return await this.#load(file, { url: null, isShared: false });
    } catch (thrown) {
      if (toFailure(thrown).code !== 'model.head_alone') throw thrown;
      return this.#putHeadWhereItBelongs(file, backbone, fetched);
    }
  }

  /** On what is loaded, or else on the site's backbone. @param {Blob} file @param {RemoteFile} backbone @param {Fetched} fetched */
  async #putHeadWhereItBelongs(file, backbone, fetched) {
    if (!this.inUse) await this.#loadSite(backbone, fetched);
    try {
      return await this.#putHead(file);
    } catch (thrown) {
      if (toFailure(thrown).code !== 'model.other_backbone') throw thrown;
    }
    try {
      await this.#loadSite(backbone, fetched);
      return await this.#putHead(file);
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      if (code !== 'model.other_backbone') throw thrown;
      throw new EngineError(code, { message, data: { isWhole: !isHeadAlone(await bytesOf(file)) } });
    }
  }

  /**
   * @param {Blob} file
   * @param {{ url: string | null, isShared: boolean }} origin
   */
  async #load(file, origin) {
    const info = this.device.engine.loadModel(await bytesOf(file));
    const base = { file, info, ...origin };
    const isWhole = info.headId !== null;
    this.device = await verifyDevice(this.device, this.#preference, async (engine) => void engine.loadModel(await bytesOf(file)), this.#fetchBuild).catch((thrown) => {
      // The new model is in the engine and the page goes on with the one before: this engine is of no use.
      const { code, ...more } = toFailure(thrown);
      throw new EngineError(code, { ...more, fatal: true });
    });
    return this.#take(base, isWhole ? { file, info } : null);
  }

  /** Lets a head answer, or none. @param {Blob | null} file */
  async #putHead(file) {
    const { base } = /** @type {OpenModel} */ (this.inUse);
    const { engine } = this.device;
    if (!file) {
      engine.useHead(undefined);
      return this.#take(base, null);
    }
    const { id, info } = engine.addHead(await bytesOf(file));
    engine.useHead(id);
    return this.#take(base, { file, info });
  }

  /** @param {Base} base @param {Head | null} head */
  #take(base, head) {
    const info = head?.info ?? { ...base.info, labels: [], headId: null };
    this.inUse = { ...this.device, reader: this.#reader, base, head, info, backbone: base.info.backbone, model: (this.inUse?.model ?? 0) + 1 };
    return this.inUse;
  }

  /** @param {() => Promise<OpenModel>} change */
  async #orAsBefore(change) {
    const before = this.inUse;
    try {
      return await change();
    } catch (thrown) {
      if (before && before !== this.inUse) {
        await fill(this.device.engine, before).catch((cause) => {
          throw new EngineError(toFailure(cause).code, { ...toFailure(cause), fatal: true });
        });
      }
      this.inUse = before && { ...before, ...this.device };
      throw thrown;
    }
  }
}

/**
 * @param {Engine} engine
 * @param {{ base: Base, head: Head | null }} model
 */
async function fill(engine, { base, head }) {
  const { headId } = engine.loadModel(await bytesOf(base.file));
  if (!head) return engine.useHead(undefined);
  // A whole model's own head is in use already.
  if (head.file !== base.file || headId === null) engine.useHead(engine.addHead(await bytesOf(head.file)).id);
}

/**
 * Whether a file holds a head alone, as its header says: it names the backbone that it belongs to.
 * @param {Uint8Array} bytes of a file that the engine could read
 */
export function isHeadAlone(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return JSON.parse(header.__metadata__.tilelens).backbone !== undefined;
}

/** @param {Blob} file */
export async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}

/**
 * What a change of the model needs, fetched beside the engine and once.
 */
export class Fetched {
  /** @type {Map<string, Promise<Blob>>} */
  #files = new Map();
  #onProgress;

  /** @param {ProgressListener} onProgress */
  constructor(onProgress) {
    this.#onProgress = onProgress;
  }

  /** @param {RemoteFile} file @param {'backbone' | 'head'} stage */
  remote(file, stage) {
    const onBytes = (/** @type {number} */ loadedBytes) => this.#onProgress({ event: 'progress', stage, loadedBytes, totalBytes: file.bytes });
    const fetching = this.#files.get(file.url) ?? fetchVerified(file, onBytes).then((bytes) => new Blob([bytes]));
    this.#files.set(file.url, fetching);
    return fetching;
  }

  /** Fetches what a source surely needs. @param {ModelSource} source */
  begin(source) {
    const fetching = source.kind === 'file' ? [] : [this.remote(source.kind === 'whole' ? source.model : source.backbone, 'backbone')];
    if (source.kind === 'site' && source.head) fetching.push(this.remote(source.head, 'head'));
    // Whoever waits for it is told.
    for (const file of fetching) file.catch(() => undefined);
  }

  /** A file of the user's, which may be moved away later: read now. @param {Blob} file */
  async user(file) {
    const bytes = await file.arrayBuffer().catch(() => {
      throw new EngineError('model.unreadable');
    });
    return new Blob([bytes]);
  }
}

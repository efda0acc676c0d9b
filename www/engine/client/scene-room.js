/** The worker of scenes as the page knows it: started with the first scene, and begun anew where it ended. */

import { EngineError } from '../failures.js';
import { Connection } from './connection.js';

/** @typedef {import('../protocol.js').SceneProtocol} SceneProtocol */
/** @typedef {import('../protocol.js').SceneInfo} SceneInfo */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
/** @typedef {Omit<import('../protocol.js').ScenePayload, 'engine'>} SceneSource */

export class SceneRoom {
  /** What the build wrote of it, and the reader of rasters and pictures; null where it has none. @type {{ engine: RemoteFile, decoders: RemoteFile, workerUrl: string } | null} */
  site = null;
  /** @type {Connection<SceneProtocol> | null} */
  #connection = null;
  /** What a new worker has to open again. @type {Map<string, SceneSource>} */
  #open = new Map();
  #connect;

  /** @param {(workerUrl: string) => Connection<SceneProtocol>} [connect] starts a worker */
  constructor(connect = (workerUrl) => new Connection(workerUrl)) {
    this.#connect = connect;
  }

  /**
   * A file as windows can be read of it: a picture, which can only be decoded as a whole, becomes a TIFF.
   * @param {Blob} file
   * @param {import('../protocol.js').Sidecars} sidecars
   */
  async readable(file, { world, auxXml }) {
    if (!this.site) throw new EngineError('scene.not_built');
    const { engine, decoders } = this.site;
    const isBeside = world !== null || auxXml !== null;
    return (await this.ask('tiffOfPicture', { engine, decoders, file, isBeside })) ?? file;
  }

  /** @param {SceneSource} source @returns {Promise<SceneInfo>} */
  async open(source) {
    await this.#reopen();
    const info = await this.#request('openScene', this.#payload(source));
    this.#open.set(source.sceneId, source);
    return info;
  }

  /** @param {string} sceneId */
  async close(sceneId) {
    if (this.#open.delete(sceneId)) await this.ask('closeScene', { sceneId });
  }

  /**
   * @template {keyof SceneProtocol} Kind
   * @param {Kind} kind
   * @param {SceneProtocol[Kind]['payload']} payload
   * @returns {Promise<SceneProtocol[Kind]['reply']>}
   */
  async ask(kind, payload) {
    await this.#reopen();
    return this.#request(kind, payload);
  }

  /** Opens in a new worker what its forerunner had open. */
  async #reopen() {
    if (this.#connection) return;
    // What goes wrong with one of them is said when it is asked for.
    await Promise.allSettled([...this.#open.values()].map((source) => this.#request('openScene', this.#payload(source))));
  }

  /** @param {SceneSource} source */
  #payload(source) {
    if (!this.site) throw new EngineError('scene.not_built');
    return { engine: this.site.engine, ...source };
  }

  /**
   * @template {keyof SceneProtocol} Kind
   * @param {Kind} kind
   * @param {SceneProtocol[Kind]['payload']} payload
   * @returns {Promise<SceneProtocol[Kind]['reply']>}
   */
  async #request(kind, payload) {
    if (!this.site) throw new EngineError('scene.not_built');
    this.#connection ??= this.#connect(this.site.workerUrl);
    const connection = this.#connection;
    try {
      return await connection.request(kind, payload);
    } catch (thrown) {
      if (thrown instanceof EngineError && thrown.fatal && connection === this.#connection) {
        connection.close();
        this.#connection = null;
      }
      throw thrown;
    }
  }
}

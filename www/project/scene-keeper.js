/** Keeps the scenes of the open project: their plans as they change, their files once. */

import { ProjectError } from './failures.js';

/** @typedef {import('../scene/scenes.js').Scene} Scene */
/** @typedef {import('../scene/scenes.js').Scenes} Scenes */
/** @typedef {import('./store.js').Store} Store */

/** A larger file is not copied into the browser's storage, whatever room it promises. */
const MOST_BYTES = 2e9;
/** This share of what is free stays free. */
const LEAST_FREE = 0.1;

export class SceneKeeper {
  #store;
  #scenes;
  #tellLacking;
  /** What is in the store of each scene, and whether its file is or cannot be. @type {Map<string, { facts: string, file: Blob | null }>} */
  #stored = new Map();

  /**
   * @param {Store} store
   * @param {Scenes} scenes
   * @param {(name: string) => void} tellLacking told the name of a scene whose file cannot be kept
   */
  constructor(store, scenes, tellLacking) {
    this.#store = store;
    this.#scenes = scenes;
    this.#tellLacking = tellLacking;
  }

  /** These are in the store. @param {Scene[]} scenes */
  know(scenes) {
    this.#stored = new Map(scenes.map((scene) => [scene.id, { facts: factsOf(scene), file: scene.file }]));
  }

  get isStale() {
    return this.#gone.length > 0 || this.#changed.length > 0;
  }

  get #gone() {
    return [...this.#stored.keys()].filter((id) => !this.#scenes.get(id));
  }

  get #changed() {
    return this.#scenes.all.filter((scene) => {
      const stored = this.#stored.get(scene.id);
      return stored?.facts !== factsOf(scene) || stored.file !== scene.file;
    });
  }

  /** @param {string} projectId */
  async save(projectId) {
    for (const id of this.#gone) {
      await this.#store.removeScene(projectId, id);
      this.#stored.delete(id);
    }
    for (const scene of this.#changed) {
      const facts = factsOf(scene);
      const { file } = scene;
      const isNew = file !== null && this.#stored.get(scene.id)?.file !== file;
      const fits = isNew && (await hasRoom(file.size));
      const isWritten = await this.#write(projectId, scene, fits ? file : null);
      if (isNew && !(fits && isWritten)) this.#tellLacking(scene.name);
      this.#stored.set(scene.id, { facts, file });
    }
  }

  /**
   * @param {string} projectId
   * @param {Scene} scene
   * @param {Blob | null} file
   * @returns {Promise<boolean>} whether the file is written, too
   */
  async #write(projectId, scene, file) {
    try {
      await this.#store.putScene(projectId, scene, file);
      return true;
    } catch (thrown) {
      if (!file || !(thrown instanceof ProjectError) || thrown.code !== 'storage.full') throw thrown;
      await this.#store.putScene(projectId, scene, null);
      return false;
    }
  }
}

/** @param {Scene} scene */
function factsOf({ name, fileBytes, fingerprint, sidecars, raster, plan }) {
  return JSON.stringify([name, fileBytes, fingerprint, sidecars, raster, plan]);
}

/** @param {number} bytes */
async function hasRoom(bytes) {
  if (bytes > MOST_BYTES) return false;
  const { quota = Infinity, usage = 0 } = (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
  return bytes <= (quota - usage) * (1 - LEAST_FREE);
}

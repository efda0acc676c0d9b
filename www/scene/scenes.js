/** The scenes of a project: large images whose cells are tiles. The cells themselves stand in the list of tiles. */

/** @typedef {import('../engine/index.js').Raster} Raster */
/** @typedef {import('../engine/index.js').Sidecars} Sidecars */
/** @typedef {import('./plan.js').ScenePlan} ScenePlan */

/**
 * @typedef {object} Scene
 * @property {string} id
 * @property {string} name the file's name
 * @property {Blob | null} file null where the project could not keep it: it has to be dropped again
 * @property {number} fileBytes
 * @property {string | null} fingerprint tells the file from others of its name and size; null where nobody took it
 * @property {Sidecars} sidecars
 * @property {Raster | null} raster how its numbers become colours; null where it has colours of its own
 * @property {ScenePlan} plan how it is cut into cells, and what is made of their classes
 */

/** Events: `changed`, where there are other scenes or one has another plan, file or look. */
export class Scenes extends EventTarget {
  /** In the order in which they were opened. @type {Map<string, Scene>} */
  #scenes = new Map();

  get all() {
    return [...this.#scenes.values()];
  }

  get size() {
    return this.#scenes.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#scenes.get(id);
  }

  /** @param {Scene[]} scenes */
  add(scenes) {
    for (const scene of scenes) this.#scenes.set(scene.id, scene);
    this.#tell();
  }

  /** @param {string} id @param {Partial<Omit<Scene, 'id'>>} change */
  change(id, change) {
    const scene = this.#scenes.get(id);
    if (!scene) return;
    Object.assign(scene, change);
    this.#tell();
  }

  /** @param {string} id */
  remove(id) {
    if (this.#scenes.delete(id)) this.#tell();
  }

  clear() {
    if (this.#scenes.size === 0) return;
    this.#scenes.clear();
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

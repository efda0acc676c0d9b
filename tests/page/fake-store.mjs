/** A store of projects in memory, which can be made to fail. */

/** @typedef {import('../../www/project/store.js').Store} Store */

export class FakeStore {
  /** Why the next writes fail. @type {Error | null} */
  broken = null;
  /** What was written, in order. @type {string[]} */
  log = [];
  /** @type {Map<string, any>} */
  records = new Map();
  /** @type {Map<string, Map<string, any>>} */
  tiles = new Map();
  /** @type {Map<string, Map<string, any>>} */
  scenes = new Map();
  /** @type {Map<string, Map<string, any>>} */
  rows = new Map();
  /** @type {Map<string, Record<string, Blob>>} */
  models = new Map();

  /** @param {string} what */
  async #write(what) {
    await Promise.resolve();
    if (this.broken) throw this.broken;
    this.log.push(what);
  }

  async list() {
    return [...this.records.values()].map(({ id, name, updatedAt }) => ({ id, name, updatedAt, tileCount: this.tiles.get(id)?.size ?? 0 }));
  }

  /** @param {string} id */
  async load(id) {
    const record = this.records.get(id);
    return record ? { record, tiles: [...(this.tiles.get(id)?.values() ?? [])], scenes: [...(this.scenes.get(id)?.values() ?? [])], models: { ...this.models.get(id) } } : null;
  }

  /** @param {string} id */
  async *features(id) {
    const rows = [...(this.rows.get(id)?.values() ?? [])];
    if (rows.length > 0) yield rows.map((row) => ({ ...row, values: row.values.slice() }));
  }

  /** @param {any} record */
  async saveRecord(record) {
    await this.#write('record');
    this.records.set(record.id, { ...record, updatedAt: new Date().toISOString() });
  }

  /** @param {string} id @param {any[]} tiles */
  async putTiles(id, tiles) {
    await this.#write(`tiles ${tiles.length}`);
    const kept = this.tiles.get(id) ?? new Map();
    for (const tile of tiles) kept.set(tile.id, { ...tile });
    this.tiles.set(id, kept);
  }

  /** @param {string} id @param {Map<string, string | null>} labels */
  async setLabels(id, labels) {
    await this.#write(`labels ${labels.size}`);
    for (const [tileId, classId] of labels) Object.assign(this.tiles.get(id)?.get(tileId) ?? {}, { classId });
  }

  /** @param {string} id @param {string[]} ids */
  async removeTiles(id, ids) {
    await this.#write(`gone ${ids.length}`);
    for (const tileId of ids) this.tiles.get(id)?.delete(tileId);
  }

  /** @param {string} id @param {any} scene @param {Blob | null} file */
  async putScene(id, { file: _, ...facts }, file) {
    await this.#write(`scene ${facts.name}${file ? ' with its file' : ''}`);
    const kept = this.scenes.get(id) ?? new Map();
    kept.set(facts.id, { ...facts, file: file ?? kept.get(facts.id)?.file ?? null });
    this.scenes.set(id, kept);
  }

  /** @param {string} id @param {string} sceneId */
  async removeScene(id, sceneId) {
    await this.#write('scene gone');
    this.scenes.get(id)?.delete(sceneId);
  }

  /** @param {string} id @param {any[]} rows */
  async putFeatures(id, rows) {
    await this.#write(`features ${rows.length}`);
    const kept = this.rows.get(id) ?? new Map();
    for (const row of rows) kept.set(row.tileId, row);
    this.rows.set(id, kept);
  }

  /** @param {string} id @param {string} role @param {Blob | null} file */
  async putModel(id, role, file) {
    await this.#write(`model ${role}`);
    const kept = this.models.get(id) ?? {};
    if (file) kept[role] = file;
    else delete kept[role];
    this.models.set(id, kept);
  }

  /** @param {string} id */
  async remove(id) {
    await this.#write('remove');
    for (const table of [this.records, this.tiles, this.scenes, this.rows, this.models]) table.delete(id);
  }

  /** @returns {Store} */
  get asStore() {
    return /** @type {Store} */ (/** @type {unknown} */ (this));
  }
}

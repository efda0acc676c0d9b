/** Keeps the model that answers in step with the open project: its head, or the site's, under its class names. */

import { asEngineError } from '../engine/connection.js';

/** @typedef {import('../engine/session.js').ModelSource} ModelSource */
/** @typedef {import('../engine/session.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */

/** While a name is typed, letter after letter, the model is not relabelled for each. */
const SETTLE_MS = 400;

export class ModelInUse {
  /** Resolves when the project's model answers. */
  following = Promise.resolve();
  #session;
  #labelling;
  #workspace;
  #change;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {{ session: Session, labelling: Labelling, workspace: Workspace }} page
   * @param {() => Promise<void>} change takes the project's model, or else the site's, into use
   */
  constructor({ session, labelling, workspace }, change) {
    this.#session = session;
    this.#labelling = labelling;
    this.#workspace = workspace;
    this.#change = change;
    workspace.addEventListener('models', () => {
      this.following = this.#follow();
    });
    labelling.addEventListener('classes', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#relabel(), SETTLE_MS);
    });
  }

  async #follow() {
    // Relabelling tells of a model of its own, which is followed in turn.
    if (await this.#relabel()) await this.following;
    else await this.#change();
  }

  /**
   * A class may have another name than when it was learnt.
   * @returns {Promise<boolean>} whether the model was relabelled; it is followed then
   */
  async #relabel() {
    const { model, report } = this.#workspace.current;
    if (!model || !report) return false;
    const labels = report.classIds.map((id, index) => this.#labelling.classOf(id)?.name ?? report.labels[index]);
    if (labels.every((label, index) => label === report.labels[index]) || new Set(labels).size < labels.length) return false;
    try {
      const relabelled = await this.#session.ask({ kind: 'relabel', payload: { model, labels } });
      if (this.#workspace.current.model !== model) return false;
      this.#workspace.relabelModel(relabelled, labels);
      return true;
    } catch (thrown) {
      // The model goes on under the names that it learnt.
      console.warn(asEngineError(thrown).message);
      return false;
    }
  }
}

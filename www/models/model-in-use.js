/**
 * Which model answers, on which device: decided here alone. The project's head comes first; where it has none, what the
 * user chose of the site, or a file of the user's.
 */

import { REPLACED, asEngineError } from '../engine/index.js';

/** @typedef {import('../engine/index.js').DevicePreference} DevicePreference */
/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('../engine/index.js').ModelSource} ModelSource */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/classification.js').Classification} Classification */
/** @typedef {import('./site-models.js').SiteModel} SiteModel */
/** @typedef {import('./site-models.js').SiteModels} SiteModels */

/**
 * @typedef {{ kind: 'site', model: SiteModel } | { kind: 'file', file: Blob } | { kind: 'project', file: Blob }} Choice
 */
/** @typedef {{ choice: Choice, failure: Failure }} Refusal What cannot be used, and why. */

/** While a name is typed, letter after letter, the model is not relabelled for each. */
const SETTLE_MS = 400;

/**
 * Events: `changed` for what answers or is to answer, `refused` with a {@link Refusal} in its detail, `misnamed` with a
 * {@link Failure} where the project's model keeps the old name of a class.
 */
export class ModelInUse extends EventTarget {
  /** @type {DevicePreference} */
  device = 'auto';
  /** Whether another model is on its way. */
  isChanging = false;
  /** What the site offers; none before it is known. @type {SiteModels | null} */
  site = null;
  /** Resolves when the project's model answers. */
  following = Promise.resolve();
  /** What answers. @type {Choice | null} */
  #inUse = null;
  /** What of the site answers where the project has no head. @type {Choice | null} */
  #ofSite = null;
  #session;
  #labelling;
  #workspace;
  #classification;
  /** One change after the other: of two quick ones the later counts, whichever loads faster. */
  #changes = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{ session: Session, labelling: Labelling, workspace: Workspace, classification: Classification }} page */
  constructor({ session, labelling, workspace, classification }) {
    super();
    this.#session = session;
    this.#labelling = labelling;
    this.#workspace = workspace;
    this.#classification = classification;
    workspace.addEventListener('models', () => {
      this.following = this.#follow();
    });
    labelling.addEventListener('classes', () => this.#relabelLater());
  }

  /** What answers; null before anything does. */
  get inUse() {
    return this.#inUse;
  }

  /** Whether the head of the project answers. */
  get isOfProject() {
    return this.#inUse?.kind === 'project';
  }

  /**
   * Opens the engine for the first time, with the project's head or the site's first model.
   * @param {SiteModels} site
   * @param {DevicePreference} device
   */
  async start(site, device) {
    this.site = site;
    this.device = device;
    this.#ofSite = { kind: 'site', model: site.models[0] };
    const wanted = this.#wanted(this.#ofSite);
    if (!(await this.#open(wanted)) && wanted.kind === 'project' && this.#session.status.error?.code.startsWith('model.')) {
      const { failure } = this.#session.status.error;
      if (await this.#open(this.#ofSite)) this.#tellRefusal({ choice: wanted, failure });
    }
  }

  /** @param {DevicePreference} device */
  async chooseDevice(device) {
    this.device = device;
    this.#tell();
    if (this.#inUse) await this.#session.open(device, this.#sourceOf(this.#inUse));
  }

  /** @param {SiteModel} model */
  choose(model) {
    /** @type {Choice} */
    const choice = { kind: 'site', model };
    this.#ofSite = choice;
    return this.#change(async () => void (await this.#use(choice)));
  }

  /** Opens a model file of the user's. @param {Blob} file */
  openFile(file) {
    return this.#change(async () => void (await this.#use({ kind: 'file', file })));
  }

  /** Opens the project's own model with the backbone that is in its file. */
  openWholeOfProject() {
    const { model } = this.#workspace.current;
    return model ? this.openFile(model) : this.#changes;
  }

  /** The head of the project, or else the site's model, comes into use. */
  followProject() {
    return this.#change(async () => {
      const { site } = this;
      if (!site || !this.#ofSite) return;
      const wanted = this.#wanted(this.#ofSite);
      if (this.#isInUse(wanted)) return;
      const isUsed = await this.#use(wanted);
      // A head that cannot be used leaves no head of another project behind.
      if (!isUsed && wanted.kind === 'project' && this.#session.status.state === 'ready') await this.#use(this.#ofSite);
    });
  }

  /** @param {Choice} otherwise @returns {Choice} */
  #wanted(otherwise) {
    const { model } = this.#workspace.current;
    return model ? { kind: 'project', file: model } : otherwise;
  }

  /** @param {Choice} choice */
  #isInUse(choice) {
    const now = this.#inUse;
    if (now?.kind === 'site') return choice.kind === 'site' && choice.model === now.model;
    return now !== null && choice.kind === now.kind && choice.file === now.file;
  }

  /** @param {Choice} choice */
  async #open(choice) {
    this.#inUse = choice;
    const isOpen = await this.#session.open(this.device, this.#sourceOf(choice));
    this.#tell();
    return isOpen;
  }

  /** @param {Choice} choice @returns {Promise<boolean>} whether it answers now */
  async #use(choice) {
    try {
      if (!(await this.#session.changeModel(this.#sourceOf(choice)))) return false;
      this.#inUse = choice;
      this.#classification.restart();
      return true;
    } catch (thrown) {
      this.#tellRefusal({ choice, failure: asEngineError(thrown).failure });
      return false;
    }
  }

  /** @param {() => Promise<void>} change */
  async #change(change) {
    this.isChanging = true;
    this.#tell();
    const turn = this.#changes.then(change);
    this.#changes = turn;
    await turn;
    if (this.#changes === turn) this.isChanging = false;
    this.#tell();
  }

  /** @param {Choice} choice @returns {ModelSource} */
  #sourceOf(choice) {
    const { backbone } = /** @type {SiteModels} */ (this.site);
    switch (choice.kind) {
      case 'site':
        return choice.model.source;
      case 'file':
        return { kind: 'file', file: choice.file, backbone };
      case 'project':
        return { kind: 'head', head: choice.file, backbone };
    }
  }

  async #follow() {
    // Relabelling tells of a model of its own, which is followed in turn.
    if (await this.#relabel()) await this.following;
    else await this.followProject();
  }

  #relabelLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#relabel(), SETTLE_MS);
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
      const relabelled = await this.#session.ask('relabel', { model, labels });
      if (this.#workspace.current.model !== model) return false;
      this.#workspace.relabelModel(relabelled, labels);
      return true;
    } catch (thrown) {
      const { failure } = asEngineError(thrown);
      if (failure.code === REPLACED) this.#relabelLater();
      else this.dispatchEvent(new CustomEvent('misnamed', { detail: failure }));
      return false;
    }
  }

  /** @param {Refusal} refusal */
  #tellRefusal(refusal) {
    this.dispatchEvent(new CustomEvent('refused', { detail: refusal }));
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

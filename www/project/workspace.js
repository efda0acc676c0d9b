/** The project that is open: its name, its settings, its models and what training said of them. */

import { newId } from '../tiles/identity.js';
import { inCamelCase } from './legacy.js';

/** @typedef {import('./types.js').ModelRole} ModelRole */
/** @typedef {import('./types.js').Project} Project */
/** @typedef {import('../engine/index.js').TrainingReport} TrainingReport */

/**
 * @typedef {object} KeptReport A report with what its indices mean, and how it came about.
 * @property {TrainingReport} report
 * @property {string[]} classIds of the classes, in the order of the logits
 * @property {string[]} labels their names at the time
 * @property {string[]} tileIds of the labelled tiles
 * @property {number} seconds how long training took
 * @property {string} device where; older reports say it in words
 * @property {string[]} [inheritedTileIds] tiles that the head it went on from had learnt from
 * @property {number | null} [blockCells] cells along the side of the blocks by which a scene was judged; null where no tile lies in one
 */
/** @typedef {{ model: Blob | null, report: KeptReport | null }} KeptModel A `model` of null is the site's. */

/** @returns {KeptModel} */
const siteModel = () => ({ model: null, report: null });

/** Events: `changed` for what the record holds, `models` for the models, `takenAway`. */
export class Workspace extends EventTarget {
  id = newId();
  name = '';
  createdAt = new Date().toISOString();
  /** @type {Record<string, unknown>} */
  settings = {};
  current = siteModel();
  /** What `current` replaced; null where nothing was replaced yet. @type {KeptModel | null} */
  before = null;
  /** Whether the user has the current model, or the whole project, as a file of today. */
  isTakenAway = false;

  /** Another project. @param {Project | null} project null for a new one */
  open(project) {
    const { record, models } = project ?? {};
    this.id = record?.id ?? newId();
    this.name = record?.name ?? '';
    this.createdAt = record?.createdAt ?? new Date().toISOString();
    this.settings = /** @type {Record<string, unknown>} */ (inCamelCase(record?.settings ?? {}));
    const reports = /** @type {Partial<Record<ModelRole, KeptReport | null>> & { hasBefore?: boolean }} */ (inCamelCase(record?.report ?? {}));
    this.current = { model: models?.current ?? null, report: keptReport(reports.current) };
    const hasBefore = Boolean(models?.before) || reports.hasBefore === true;
    this.before = hasBefore ? { model: models?.before ?? null, report: keptReport(reports.before) } : null;
    this.isTakenAway = false;
    this.#tell('changed');
  }

  /** What the record keeps of the reports. */
  get reports() {
    return { current: this.current.report, before: this.before?.report ?? null, hasBefore: this.before !== null };
  }

  /** @param {string} name */
  rename(name) {
    this.name = name.trim();
    this.#tell('changed');
  }

  /** @param {Record<string, unknown>} settings */
  setSettings(settings) {
    this.settings = settings;
    this.#tell('changed');
  }

  /** The new model comes into use; the one before stays at hand. @param {KeptModel} trained */
  replaceModel(trained) {
    this.before = this.current;
    this.current = trained;
    this.isTakenAway = false;
    this.#tell('models');
  }

  /** The user was given the model, or the project with it, as a file. */
  takeAway() {
    this.isTakenAway = true;
    this.#tell('takenAway');
  }

  /**
   * The same model under other labels.
   * @param {Blob} model
   * @param {string[]} labels
   */
  relabelModel(model, labels) {
    const { report } = this.current;
    this.current = { model, report: report && { ...report, labels } };
    this.#tell('models');
  }

  /** The model before comes back into use, and this one takes its place. */
  swapModels() {
    if (!this.before) return;
    [this.current, this.before] = [this.before, this.current];
    this.#tell('models');
  }

  /** Tiles that the current head learnt from. */
  get learntTileIds() {
    const kept = this.current.report;
    if (!kept) return new Set();
    const { report, tileIds, inheritedTileIds = [] } = kept;
    // In a cross-validation every tile judges, and the head that is kept learnt from all of them.
    const judges = new Set(report.folds === 1 ? report.predictions.map(({ tile }) => tile) : []);
    return new Set([...tileIds.filter((_, tile) => !judges.has(tile)), ...inheritedTileIds]);
  }

  /** @param {string} type */
  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

/**
 * A report of an archive or of another version may be anything.
 * @param {unknown} found
 * @returns {KeptReport | null}
 */
function keptReport(found) {
  const kept = /** @type {Partial<KeptReport> | null | undefined} */ (found);
  const isWhole =
    typeof kept?.report === 'object' &&
    [kept.classIds, kept.labels, kept.tileIds, kept.report?.predictions, kept.report?.reliability, kept.report?.doubtfulLabels].every(Array.isArray) &&
    // Earlier versions knew no groups.
    Array.isArray(kept.report?.grouping?.unjudgedClasses ?? []);
  return isWhole ? /** @type {KeptReport} */ (kept) : null;
}

/** Trains a head on the labelled tiles, and brings it into use. */

import { EngineError, VIEWS, asEngineError, preparationsOf } from '../engine/index.js';
import { blocksOf } from './blocks.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../engine/index.js').TrainedHead} TrainedHead */
/** @typedef {import('../engine/index.js').TrainingProgress} TrainingProgress */
/** @typedef {import('../engine/index.js').TrainPayload} TrainPayload */
/** @typedef {import('../engine/index.js').EventOf<'train'>} TrainingEvent */
/** @typedef {import('../labels/labelling.js').TileClass} TileClass */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/tile-list.js').Tile} Tile */
/** @typedef {import('../models/model-in-use.js').ModelInUse} ModelInUse */
/** @typedef {import('./settings.js').Settings} Settings */
/** @typedef {import('./view-features.js').ViewFeatures} ViewFeatures */

/** @typedef {{ projectId: string, inheritedTileIds: string[], tiles: Tile[], classes: TileClass[], payload: TrainPayload, blockCells: number | null, startMs: number }} Run What a run was started with. */
/** @typedef {{ weights: Float32Array, epoch: number }} Checkpoint */
/** @typedef {{ failure: import('../engine/index.js').Failure, salvageable: boolean }} TrainingFailure `salvageable` where a head from before the failure can be used. */
/** @typedef {'idle' | 'features' | 'training' | 'paused' | 'concluding'} Stage */

/**
 * Events: `stage`; `features` with `{ done, total }` in its detail; `epoch` with a {@link TrainingProgress};
 * `failed` with a {@link TrainingFailure}; `trained` when a new head is to be used.
 */
export class FineTuning extends EventTarget {
  /** @type {Stage} */
  stage = 'idle';
  /** Where the head is trained, and why there. @type {import('../engine/index.js').TrainingDeviceEvent | null} */
  device = null;
  /** The epochs of the run so far. @type {TrainingProgress[]} */
  epochs = [];
  #session;
  #labelling;
  #workspace;
  #viewFeatures;
  #modelInUse;
  /** The project that is trained for. */
  #projectId = '';
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {Run | null} */
  #run = null;
  /** @type {Checkpoint | null} */
  #checkpoint = null;

  /**
   * @param {{ session: Session, labelling: Labelling, workspace: Workspace, viewFeatures: ViewFeatures, modelInUse: ModelInUse }} page
   */
  constructor({ session, labelling, workspace, viewFeatures, modelInUse }) {
    super();
    this.#session = session;
    this.#labelling = labelling;
    this.#workspace = workspace;
    // A run that goes on would only delay the other project.
    workspace.addEventListener('changed', () => {
      if (this.stage !== 'idle' && this.#projectId !== workspace.id) this.stop();
    });
    this.#viewFeatures = viewFeatures;
    this.#modelInUse = modelInUse;
  }

  /** Why there is nothing to train yet; empty where there is. */
  get obstacle() {
    if (this.#session.status.state !== 'ready') return 'Training starts once the engine is ready.';
    const learnt = this.#labelling.counts.filter((count) => count > 0).length;
    if (this.#labelling.classes.length < 2) return 'Make at least two classes, and label some tiles of each.';
    if (learnt < 2) return 'Training needs labelled tiles of at least two classes.';
    return '';
  }

  /** @param {Settings} settings */
  async train(settings) {
    if (this.stage !== 'idle' || this.obstacle !== '') return;
    this.epochs = [];
    this.device = null;
    this.#checkpoint = null;
    this.#run = null;
    this.#abort = new AbortController();
    this.#projectId = this.#workspace.id;
    const startMs = performance.now();
    try {
      const views = settings.augmentation ? VIEWS : 1;
      await this.#computeFeatures(views, this.#abort.signal);
      if (this.#abort.signal.aborted) return;
      const run = this.#prepare(settings, views, startMs);
      this.#run = run;
      this.#setStage('training');
      const trained = await this.#session.ask('train', run.payload, { onEvent: (event) => this.#onEvent(event) });
      await this.#take(trained, run);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#setStage('idle');
    }
  }

  pause() {
    if (this.stage === 'training') this.#steer('pause', 'paused');
  }

  resume() {
    if (this.stage === 'paused') this.#steer('resume', 'training');
  }

  /** Ends the run with the best head so far. */
  stop() {
    this.#abort?.abort();
    if (this.stage === 'training' || this.stage === 'paused') this.#steer('stop', 'concluding');
  }

  /** Uses the best head from before a failure. */
  async salvage() {
    const [run, checkpoint] = [this.#run, this.#checkpoint];
    if (!run || !checkpoint || this.stage !== 'idle') return;
    this.#setStage('concluding');
    try {
      const payload = { ...run.payload, checkpoint: checkpoint.weights, epoch: checkpoint.epoch };
      await this.#take(await this.#session.ask('concludeTraining', payload), run);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#setStage('idle');
    }
  }

  /**
   * @param {number} views
   * @param {AbortSignal} signal
   */
  async #computeFeatures(views, signal) {
    const missing = this.#labelling.labelled.filter((tile) => !this.#viewFeatures.has(tile, views));
    if (missing.length === 0) return;
    this.#setStage('features');
    await this.#viewFeatures.complete(missing, (done, total) => this.#tell('features', { done, total }), signal);
  }

  /**
   * @param {Settings} settings
   * @param {number} views
   * @param {number} startMs
   * @returns {Run}
   */
  #prepare({ validationFraction, augmentation, start, device, ...settings }, views, startMs) {
    const tiles = this.#labelling.labelled.filter((tile) => this.#viewFeatures.has(tile, views));
    const { classes } = this.#labelling;
    const classIndex = new Map(classes.map(({ id }, index) => [id, index]));
    const learnt = this.#modelInUse.isOfProject ? this.#workspace.learntTileIds : new Set();
    const blocks = blocksOf(tiles);
    const base = this.#session.status.loaded?.info.backboneName ?? '';
    const setup = {
      labels: classes.map(({ name }) => name),
      classes: tiles.map(({ classId }) => classIndex.get(classId ?? '') ?? 0),
      views,
      settings,
      validationFraction,
      fromCurrent: start === 'current',
      hasSeen: tiles.map(({ id }) => learnt.has(id)),
      groups: blocks?.groups ?? [],
      touching: blocks?.touching ?? [],
      preparations: preparationsOf(tiles.map(({ source }) => source)),
      name: this.#workspace.name || 'My classes',
      description: `A head for ${classes.length} classes, trained in the browser on ${tiles.length} labelled tiles, on the backbone of ${base}.`,
    };
    const inheritedTileIds = start === 'current' ? [...learnt] : [];
    const payload = { setup, tileIds: tiles.map(({ id }) => id), device };
    return { projectId: this.#workspace.id, inheritedTileIds, tiles, classes, payload, blockCells: blocks?.cellsAcross ?? null, startMs };
  }

  /** @param {TrainingEvent} event */
  #onEvent(event) {
    if (event.event === 'epoch') {
      this.epochs.push(event.progress);
      this.#tell('epoch', event.progress);
    } else if (event.event === 'checkpoint') {
      this.#checkpoint = { weights: event.weights, epoch: event.epoch };
    } else if (event.event === 'trainingDevice') {
      this.device = event;
    }
  }

  /**
   * @param {TrainedHead} trained
   * @param {Run} run
   */
  async #take({ report, model }, { projectId, tiles, classes, inheritedTileIds, blockCells, startMs }) {
    if (projectId !== this.#workspace.id) throw new EngineError('training.other_project');
    const kept = {
      report,
      classIds: classes.map(({ id }) => id),
      labels: classes.map(({ name }) => name),
      tileIds: tiles.map(({ id }) => id),
      seconds: (performance.now() - startMs) / 1000,
      device: this.device?.device ?? 'cpu',
      inheritedTileIds,
      blockCells,
    };
    this.#run = null;
    this.#checkpoint = null;
    this.#workspace.replaceModel({ model, report: kept });
    await this.#modelInUse.following;
    this.#tell('trained', kept);
  }

  /** @param {unknown} thrown */
  #fail(thrown) {
    const { failure, code } = asEngineError(thrown);
    const isOfThisProject = this.#run?.projectId === this.#workspace.id;
    const salvageable = this.#checkpoint !== null && isOfThisProject && code !== 'engine.replaced';
    this.#tell('failed', { failure, salvageable });
  }

  /**
   * @param {import('../engine/index.js').TrainingCommand} command
   * @param {Stage} stage
   */
  #steer(command, stage) {
    this.#setStage(stage);
    // A worker that is gone has told the run itself so.
    this.#session.ask('steerTraining', { command }).catch(() => undefined);
  }

  /** @param {Stage} stage */
  #setStage(stage) {
    this.stage = stage;
    this.dispatchEvent(new Event('stage'));
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Puts the page together: what the site offers, the engine, the tiles, the project, the views. */

import { fetchAssets } from './app/assets.js';
import { setUpUpdates } from './app/updates.js';
import { Session } from './engine/session.js';
import { History } from './labels/history.js';
import { Labelling } from './labels/labelling.js';
import { Autosave } from './project/autosave.js';
import { Projects } from './project/projects.js';
import { openStore } from './project/store.js';
import { Workspace } from './project/workspace.js';
import { Classification } from './tiles/classification.js';
import { Selection } from './tiles/selection.js';
import { ShownTiles } from './tiles/shown-tiles.js';
import { Spotlight } from './tiles/spotlight.js';
import { TileList } from './tiles/tile-list.js';
import { FineTuning } from './training/fine-tuning.js';
import { ModelInUse } from './training/model-in-use.js';
import { startPrefetch } from './training/prefetch.js';
import { ViewFeatures } from './training/view-features.js';
import { setUpClassPanel } from './views/class-panel.js';
import { setUpEnginePanel } from './views/engine-panel.js';
import { setUpIntake } from './views/intake.js';
import { setUpNextLabels } from './views/next-labels.js';
import { notify } from './views/notices.js';
import { deviceFromAddress, setUpDevicePicker, setUpModelPicker } from './views/pickers.js';
import { setUpProjectBar } from './views/project-bar.js';
import { setUpReportPanel } from './views/report-panel.js';
import { setUpSettingsForm } from './views/settings-form.js';
import { setUpTakeAway } from './views/take-away.js';
import { setUpTileGrid } from './views/tile-grid.js';
import { setUpTileSelection } from './views/tile-selection.js';
import { setUpToolbar } from './views/toolbar.js';
import { setUpTrainingPanel } from './views/training-panel.js';

/** @typedef {import('./app/assets.js').Assets} Assets */
/** @typedef {import('./engine/session.js').ModelSource} ModelSource */
/** @typedef {import('./messages.js').DevicePreference} DevicePreference */
/** @typedef {import('./project/store.js').Store} Store */
/** @typedef {import('./views/pickers.js').SiteModel} SiteModel */

/** What the page holds, whatever the engine does. */
function createPage() {
  const tiles = new TileList();
  const history = new History();
  const labelling = new Labelling(tiles, history);
  const shown = new ShownTiles(tiles);
  const selection = new Selection(shown);
  return { tiles, history, labelling, shown, selection, workspace: new Workspace(), spotlight: new Spotlight() };
}

/** @typedef {ReturnType<typeof createPage>} Page */

/**
 * Opens the store, and the project that was open when the page was left. Without a store the page works all the same.
 * @param {Page} page
 * @param {() => void} onOpened
 */
async function startProjects(page, onOpened) {
  /** @type {{ store: Store, autosave: Autosave } | null} */
  let keeping = null;
  try {
    const store = await openStore({ onClosed: (message) => keeping?.autosave.fail(new Error(message)) });
    keeping = { store, autosave: new Autosave(store, page) };
  } catch (thrown) {
    notify(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const projects = new Projects(page, keeping, onOpened);
  await projects.openLast().catch((thrown) => notify(`The project that was open last cannot be read: ${thrown.message}`));
  return { projects, autosave: keeping?.autosave ?? null };
}

/**
 * @param {Assets} assets
 * @param {Page} page
 */
function startEngine({ engines, worker, models }, page) {
  const session = new Session({ workerUrl: worker.url, engines });
  const classification = new Classification(session, page.tiles);
  let device = deviceFromAddress();
  const siteSource = { model: models[0] };
  const projectSource = () => (page.workspace.current.model ? { file: page.workspace.current.model } : null);
  /** @type {ModelSource} */
  let source = projectSource() ?? siteSource;

  const chooseDevice = (/** @type {DevicePreference} */ wanted) => {
    device = wanted;
    devices.show(device);
    session.open(device, source);
  };
  const offersWebGpu = engines.webgpu !== undefined;
  const devices = setUpDevicePicker(device, offersWebGpu, chooseDevice);

  const changeModel = async (/** @type {ModelSource} */ wanted) => {
    try {
      if (await session.changeModel(wanted)) {
        source = wanted;
        classification.restart();
      }
    } catch (thrown) {
      notify(`The model was not loaded: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
    showCurrentModel();
  };
  const showCurrentModel = () => {
    if ('model' in source) picker.showModel(/** @type {SiteModel} */ (source.model));
    else picker.showFile(session.status.loaded?.info.name ?? 'A model', session.status.loaded?.info.labels.length ?? 0);
  };
  const openModel = (/** @type {File} */ file) => changeModel({ file });
  const picker = setUpModelPicker({ onModel: (model) => changeModel({ model }), onFile: openModel });
  let switching = Promise.resolve();
  /** The project's model, or else the site's, comes into use. */
  const useProjectModel = async () => {
    document.documentElement.dataset.model = 'changing';
    // One after the other: of two quick changes the later one counts, whichever loads faster.
    const turn = switching.then(async () => {
      const wanted = projectSource() ?? siteSource;
      const isInUse = () => ('file' in wanted ? 'file' in source && source.file === wanted.file : source === wanted);
      if (isInUse()) return;
      await changeModel(wanted);
      // A head that cannot be read leaves no head of another project behind.
      if (!isInUse() && 'file' in wanted && session.status.state === 'ready') await changeModel(siteSource);
    });
    switching = turn;
    await turn;
    if (switching === turn) document.documentElement.dataset.model = 'in-use';
  };

  const start = async () => {
    const isOpen = await session.open(device, source);
    const isProjectAtFault = !isOpen && 'file' in source && session.status.error?.code.startsWith('model.');
    if (isProjectAtFault) {
      notify(`The head of this project cannot be read (${session.status.error?.message}): the model of this site is in use. Your labels are there.`);
      source = siteSource;
      await session.open(device, source);
    }
    showCurrentModel();
  };

  picker.offer(models);
  setUpEnginePanel(session, chooseDevice);
  start();
  return { session, classification, openModel, useProjectModel, offersWebGpu };
}

/**
 * Labelling and training, once there is an engine.
 * @param {Page} page
 * @param {ReturnType<typeof startEngine>} engine
 */
function setUpFineTuning(page, { session, classification, useProjectModel, offersWebGpu }) {
  const viewFeatures = new ViewFeatures(session, page.tiles);
  const modelInUse = new ModelInUse({ ...page, session }, useProjectModel);
  const fineTuning = new FineTuning({ ...page, session, viewFeatures, modelInUse });
  startPrefetch({ ...page, session, classification, fineTuning, viewFeatures });
  const { settings } = setUpSettingsForm(page.workspace, offersWebGpu);
  setUpTrainingPanel({ ...page, session, fineTuning }, settings);
  setUpTakeAway({ ...page, session });
  return { fineTuning, ...setUpNextLabels({ ...page, session }) };
}

async function main() {
  const page = createPage();
  const grid = setUpTileGrid(page);
  setUpReportPanel(page);
  /** @type {() => void} */
  let useModel = () => {};
  const opening = startProjects(page, () => {
    page.spotlight.clear();
    useModel();
  });
  const starting = Promise.all([fetchAssets(), opening]).then(([assets]) => ({ assets, ...startEngine(assets, page) }));
  const bar = opening.then((opened) => setUpProjectBar({ ...opened, workspace: page.workspace }));
  setUpIntake({
    // A project that is still being opened would take their place.
    addTiles: async (files) => {
      await opening;
      page.tiles.add(files);
    },
    openModel: async (file) => (await starting).openModel(file),
    openProject: async (file) => (await bar).importProject(file),
    samples: starting.then(({ assets }) => assets.samples),
  });
  try {
    const engine = await starting;
    useModel = engine.useProjectModel;
    const { findSimilar, fineTuning } = setUpFineTuning(page, engine);
    setUpTileSelection(page, grid, findSimilar);
    setUpClassPanel(page);
    setUpToolbar({ ...page, classification: engine.classification });
    setUpUpdates({ ...page, session: engine.session, autosave: (await opening).autosave, fineTuning });
  } catch (thrown) {
    document.documentElement.dataset.engine = 'failed';
    notify(`The page could not be loaded whole. ${thrown instanceof Error ? thrown.message : thrown}`, [
      { label: 'Load again', act: () => window.location.reload() },
    ]);
  }
}

main();

/** Puts the page together: what the site offers, the engine, the tiles, the project, the views. It decides nothing. */

import { fetchAssets } from './app/assets.js';
import { Updates } from './app/updates.js';
import { SceneRoom, Session, scriptUrl } from './engine/index.js';
import { History } from './labels/history.js';
import { Labelling } from './labels/labelling.js';
import { ModelInUse } from './models/model-in-use.js';
import { siteModels } from './models/site-models.js';
import { Autosave } from './project/autosave.js';
import { Projects } from './project/projects.js';
import { openStore } from './project/store.js';
import { Workspace } from './project/workspace.js';
import { ClassMaps } from './scene/class-maps.js';
import { SceneDesk } from './scene/scene-desk.js';
import { Scenes } from './scene/scenes.js';
import { Plane } from './similarity/plane.js';
import { Classification } from './tiles/classification.js';
import { Features } from './tiles/features.js';
import { Heatmaps } from './tiles/heatmaps.js';
import { Selection } from './tiles/selection.js';
import { ShownTiles } from './tiles/shown-tiles.js';
import { Stretches } from './tiles/stretches.js';
import { Spotlight } from './tiles/spotlight.js';
import { Thumbnails } from './tiles/thumbnails.js';
import { TileList } from './tiles/tile-list.js';
import { FineTuning } from './training/fine-tuning.js';
import { startPrefetch } from './training/prefetch.js';
import { ViewFeatures } from './training/view-features.js';
import { setUpAreaPen } from './views/area-pen.js';
import { setUpCheckpoints } from './views/checkpoints.js';
import { setUpClassPanel } from './views/class-panel.js';
import { setUpEnginePanel } from './views/engine-panel.js';
import { setUpFirstSteps } from './views/first-steps.js';
import { readTree } from './views/folder-labels.js';
import { setUpInspector } from './views/inspector.js';
import { setUpIntake } from './views/intake.js';
import { setUpLayout } from './views/layout.js';
import { setUpMapCheck } from './views/map-check.js';
import { setUpMapPanel } from './views/map-panel.js';
import { setUpMapView } from './views/map-view.js';
import { setUpMenus } from './views/menus.js';
import { setUpModelNotices } from './views/model-notices.js';
import { setUpNextLabels } from './views/next-labels.js';
import { notify } from './views/notices.js';
import { deviceFromAddress, setUpAveraging, setUpDevicePicker, setUpModelPicker } from './views/pickers.js';
import { setUpProjectBar } from './views/project-bar.js';
import { setUpReportPanel } from './views/report-panel.js';
import { setUpSceneOffer } from './views/scene-offer.js';
import { lackingSceneSentence, thrownSentence } from './views/sentences.js';
import { setUpSettingsForm } from './views/settings-form.js';
import { setUpShortcuts } from './views/shortcuts.js';
import { setUpSimilarity } from './views/similarity-view.js';
import { setUpStretchPanel } from './views/stretch-panel.js';
import { setUpTakeAway } from './views/take-away.js';
import { setUpTileGrid } from './views/tile-grid.js';
import { setUpTileSelection } from './views/tile-selection.js';
import { setUpToolbar } from './views/toolbar.js';
import { setUpTrainingPanel } from './views/training-panel.js';
import { setUpUndoOffer } from './views/undo-offer.js';
import { setUpUpdateNotices } from './views/update-notices.js';
import { setUpVectorOffer } from './views/vector-offer.js';

/** @typedef {import('./app/assets.js').Assets} Assets */
/** @typedef {import('./project/store.js').Store} Store */

/** What the page holds, and what is done with it. */
function createPage() {
  const session = new Session();
  const tiles = new TileList();
  const features = new Features(session);
  const history = new History();
  const labelling = new Labelling(tiles, history);
  const shown = new ShownTiles(tiles);
  const selection = new Selection(shown);
  const workspace = new Workspace();
  const spotlight = new Spotlight();
  const heatmaps = new Heatmaps({ session });
  const stretches = new Stretches({ session, tiles });
  const classification = new Classification({ session, tiles, features, stretches });
  const thumbnails = new Thumbnails({ session, tiles });
  const room = new SceneRoom();
  const scenes = new Scenes();
  const desk = new SceneDesk({ session, room, scenes, tiles, history, stretches, workspace });
  const maps = new ClassMaps({ session, room, tiles, labelling, scenes, desk });
  const modelInUse = new ModelInUse({ session, labelling, workspace, classification });
  const viewFeatures = new ViewFeatures({ session, tiles, features });
  const fineTuning = new FineTuning({ session, labelling, workspace, viewFeatures, modelInUse });
  return { session, tiles, features, history, labelling, shown, selection, workspace, spotlight, heatmaps, stretches, classification, thumbnails, room, scenes, desk, maps, modelInUse, viewFeatures, fineTuning };
}

/** @typedef {ReturnType<typeof createPage>} Page */

/**
 * Opens the store, and the project that was open when the page was left. Without a store the page works all the same.
 * @param {Page} page
 */
async function openProjects(page) {
  /** @type {{ store: Store, autosave: Autosave } | null} */
  let keeping = null;
  try {
    const store = await openStore({ onClosed: (message) => keeping?.autosave.fail(new Error(message)) });
    keeping = { store, autosave: new Autosave(store, page) };
  } catch (thrown) {
    notify(thrownSentence(thrown));
  }
  const projects = new Projects(page, keeping);
  projects.addEventListener('opened', () => {
    page.spotlight.clear();
    page.modelInUse.followProject();
  });
  page.desk.addEventListener('changed', () => page.classification.run());
  await projects.openLast().catch((thrown) => notify(`The project that was open last cannot be read: ${thrown.message}`));
  return { projects, autosave: keeping?.autosave ?? null };
}

/**
 * @param {Page} page
 * @param {Assets} assets
 * @param {(file: File) => void} openModel
 */
function startEngine(page, { engines, worker, sceneWorker, models }, openModel) {
  const { session, room, modelInUse, classification } = page;
  setUpEnginePanel(page);
  setUpDevicePicker(modelInUse, engines.webgpu !== undefined);
  setUpModelPicker(page, openModel);
  setUpAveraging(classification);
  session.site = { engines, workerUrl: worker.url };
  room.site = engines.scene ? { engine: engines.scene, decoders: engines.raster, workerUrl: sceneWorker.url } : null;
  page.desk.start();
  modelInUse.start(siteModels(models), deviceFromAddress());
}

async function main() {
  const page = createPage();
  const layout = setUpLayout(page);
  setUpMenus();
  setUpShortcuts();
  const grid = setUpTileGrid(page);
  const mapView = setUpMapView(page);
  setUpInspector(page, (cell) => {
    layout.show('map');
    mapView.show(cell);
  });
  setUpUndoOffer(page.history);
  setUpReportPanel(page);
  const opening = openProjects(page);
  const checkpoints = setUpCheckpoints(page);
  const fetching = fetchAssets((message, label) => new Promise((act) => notify(message, [{ label, act: () => act(undefined) }])));
  const starting = Promise.all([fetching, opening]).then(([assets, { autosave }]) => {
    startEngine(page, assets, (file) => void checkpoints.open(file));
    return { autosave, offersWebGpu: assets.engines.webgpu !== undefined };
  });
  const bar = opening.then((opened) => setUpProjectBar({ ...opened, ...page, addTiles: (files) => page.tiles.add(files) }));
  opening.then(({ projects }) => setUpFirstSteps(page, projects, layout, grid));
  const sceneOffer = setUpSceneOffer(page.desk, () => layout.show('map'));
  const vectorOffer = setUpVectorOffer(page, () => layout.show('map'));
  setUpIntake({
    openProject: () => opening.then(() => page.workspace.id),
    takeScenes: async (files, projectId) => {
      await starting;
      return vectorOffer.takeShapes(await sceneOffer.takeScenes(files, projectId));
    },
    openScenes: async (files, projectId) => {
      await starting;
      await sceneOffer.openScenes(files, projectId);
    },
    // A project that is still being opened would take their place.
    addTiles: async (files) => {
      await opening;
      page.tiles.add(files);
    },
    readTree: async (paths) => {
      await starting;
      return readTree(page.session, paths);
    },
    openModel: async (file, company) => {
      await starting;
      checkpoints.open(file, company);
    },
    takeLabels: (file) => checkpoints.takeLabels(file),
    openArchive: async (file) => (await bar).importProject(file),
    samples: fetching.then(({ samples }) => samples),
  });
  try {
    const { autosave, offersWebGpu } = await starting;
    startPrefetch(page);
    const { settings } = setUpSettingsForm(page.workspace, offersWebGpu);
    setUpTrainingPanel(page, settings);
    setUpModelNotices(page, settings);
    setUpTakeAway(page);
    const { findSimilar } = setUpNextLabels(page);
    setUpTileSelection(page, grid, findSimilar);
    setUpClassPanel(page);
    setUpStretchPanel(page);
    autosave?.addEventListener('lacking', (event) => notify(lackingSceneSentence(/** @type {CustomEvent<{ name: string }>} */ (event).detail.name), [], 'news'));
    setUpMapPanel(page, mapView, setUpAreaPen(page, mapView));
    setUpMapCheck(page, mapView);
    const plane = new Plane(page, async () => new Worker(scriptUrl((await fetching).similarity.url), { type: 'module' }));
    setUpSimilarity({ ...page, plane }, grid);
    setUpToolbar(page);
    const updates = new Updates({ ...page, autosave });
    setUpUpdateNotices(updates);
    updates.start();
  } catch (thrown) {
    document.documentElement.dataset.engine = 'failed';
    notify(`The page could not be loaded completely. ${thrownSentence(thrown)}`, [{ label: 'Reload', act: () => window.location.reload() }]);
  }
}

main();

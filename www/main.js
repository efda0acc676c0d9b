/** Puts the page together: what the site offers, the engine, the tiles, the views. */

import { Session } from './engine/session.js';
import { Classification } from './tiles/classification.js';
import { TileList } from './tiles/tile-list.js';
import { setUpEnginePanel } from './views/engine-panel.js';
import { setUpIntake } from './views/intake.js';
import { notify } from './views/notices.js';
import { deviceFromAddress, setUpDevicePicker, setUpModelPicker } from './views/pickers.js';
import { setUpTileGrid } from './views/tile-grid.js';
import { setUpToolbar } from './views/toolbar.js';

/** @typedef {import('./engine/session.js').ModelSource} ModelSource */
/** @typedef {import('./messages.js').DevicePreference} DevicePreference */
/** @typedef {import('./messages.js').RemoteFile} RemoteFile */
/** @typedef {import('./views/intake.js').Sample} Sample */
/** @typedef {import('./views/pickers.js').SiteModel} SiteModel */
/** @typedef {{ engine: RemoteFile, worker: { url: string }, models: SiteModel[], samples: Sample[] }} Assets */

/** What the build wrote of the files that the page loads later. @returns {Promise<Assets>} */
async function fetchAssets() {
  const response = await fetch('assets.json');
  if (!response.ok) throw new Error(`the server answered ${response.status} for assets.json`);
  return response.json();
}

/**
 * @param {Assets} assets
 * @param {TileList} tiles
 */
function startEngine({ engine, worker, models }, tiles) {
  const session = new Session({ workerUrl: worker.url, engine, keptSha256: models.map(({ sha256 }) => sha256) });
  const classification = new Classification(session, tiles);
  let device = deviceFromAddress();
  /** @type {ModelSource} */
  let source = { model: models[0] };

  const chooseDevice = (/** @type {DevicePreference} */ wanted) => {
    device = wanted;
    devices.show(device);
    session.open(device, source);
  };
  const devices = setUpDevicePicker(device, chooseDevice);

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

  picker.offer(models);
  showCurrentModel();
  setUpEnginePanel(session, chooseDevice);
  session.open(device, source);
  return { classification, openModel };
}

async function main() {
  const tiles = new TileList();
  const grid = setUpTileGrid(tiles);
  const starting = fetchAssets().then((assets) => ({ assets, ...startEngine(assets, tiles) }));
  setUpIntake({
    addTiles: (files) => tiles.add(files),
    openModel: async (file) => (await starting).openModel(file),
    samples: starting.then(({ assets }) => assets.samples),
  });
  try {
    const { classification } = await starting;
    setUpToolbar(tiles, classification, grid.arrange);
  } catch (thrown) {
    document.documentElement.dataset.engine = 'failed';
    notify(`The page could not be loaded whole (${thrown instanceof Error ? thrown.message : thrown}).`, [
      { label: 'Load again', act: () => window.location.reload() },
    ]);
  }
}

main();

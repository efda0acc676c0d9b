/** The engine's workers with the same work as on the page, and nothing beside them: what the tiles that are dropped cost. */
import { Connection } from '../../../www/engine/index.js';

/** @typedef {import('../../../www/app/assets.js').Assets} Assets */

const progress = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));

/** @type {Assets} */
const { engines, worker, models } = await (await fetch('assets.json')).json();
const engine = new Connection(worker.url);
await Promise.all([
  engine.request('start', { engines, device: 'cpu' }),
  engine.request('useModel', { kind: 'site', backbone: models.backbone, head: models.heads[0] }),
]);

window.addEventListener('dragover', (event) => event.preventDefault());
window.addEventListener('drop', async (event) => {
  event.preventDefault();
  const files = [...(event.dataTransfer?.files ?? [])];
  const tiles = files.map((file, index) => ({ tileId: String(index), source: { kind: /** @type {const} */ ('file'), file }, needsDecoding: true, needsThumbnail: true }));
  progress.max = files.length;
  await engine.request('classify', { tiles, isAveraged: false });
  progress.value = files.length;
});
document.documentElement.dataset.engine = 'ready';

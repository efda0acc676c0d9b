/**
 * The worker that lays tiles out and looks at their thumbnails, beside the engine's: it is started when somebody wants it,
 * and ended to cancel. Messages are described in `plane.js`.
 */

import { arrange } from './arrange.js';
import { measure } from './measures.js';

/** @typedef {import('./plane.js').WorkerMessage} WorkerMessage */
/** @typedef {import('./plane.js').PageMessage} PageMessage */

const MEASURED_PX = 192;

/** @type {Float32Array[]} */
let rows = [];

/** @param {WorkerMessage} message @param {Transferable[]} [transfer] */
function tell(message, transfer = []) {
  postMessage(message, { transfer });
}

function layOut() {
  const width = rows[0]?.length ?? 0;
  const joined = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) joined.set(row, place * width);
  rows = [];
  const positions = arrange(joined, width, {
    onAxes: (first) => tell({ kind: 'positions', positions: first, isFinal: false }),
    onProgress: (share) => tell({ kind: 'progress', share }),
  });
  tell({ kind: 'positions', positions, isFinal: true }, [positions.buffer]);
}

/** @param {{ thumbnail: Blob, sidePx: number }[]} tiles */
async function measureAll(tiles) {
  const measured = [];
  for (const { thumbnail, sidePx } of tiles) {
    // Thresholds were set on pictures of this size, to which small tiles are enlarged.
    const picture = await createImageBitmap(thumbnail, { resizeWidth: MEASURED_PX, resizeHeight: MEASURED_PX, resizeQuality: 'low' });
    const drawing = new OffscreenCanvas(picture.width, picture.height).getContext('2d', { willReadFrequently: true });
    drawing?.drawImage(picture, 0, 0);
    const pixels = drawing?.getImageData(0, 0, picture.width, picture.height);
    picture.close();
    measured.push(pixels ? measure(pixels, sidePx) : null);
  }
  tell({ kind: 'measured', measured });
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<PageMessage>} */ { data }) => {
  try {
    if (data.kind === 'rows') rows.push(...data.rows);
    else if (data.kind === 'layOut') layOut();
    else await measureAll(data.tiles);
  } catch (thrown) {
    tell({ kind: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
  }
});

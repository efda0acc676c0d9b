/** The engine alone, over tiles that are decoded: what a page can at best take for so many. */

import init, { Engine, Tile } from '../../../pkg/cpu/tilelens.js';
import { fetchBytes } from './engine-worker.js';

async function start() {
  await init();
  const engine = await Engine.create('cpu');
  engine.loadModel(await fetchBytes('/models/overhead.safetensors'));
  engine.useHead(engine.addHead(await fetchBytes('/models/overhead-scenes.safetensors')).id);
  return engine;
}
const engine = start();

globalThis.addEventListener('message', async ({ data: { count, sidePx } }) => {
  const ready = await engine;
  const pixels = crypto.getRandomValues(new Uint8Array(3 * 128 * 128));
  const rgb = Uint8Array.from({ length: 3 * sidePx * sidePx }, (_, at) => pixels[at % pixels.length]);
  for (let tile = 0; tile < count; tile += 1) {
    const answers = await ready.classify([Tile.ofRgb(sidePx, sidePx, rgb)]);
    answers.free();
  }
  postMessage(count);
});

/** The backbone that is shipped and a head on it as one model file, joined by the engine that was built. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, initSync } from '../pkg/cpu/tilelens.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} [head] a file in models/; the head that the page begins with, where none is named */
export async function wholeModel(head = 'overhead-scenes.safetensors') {
  initSync({ module: await readFile(path.join(ROOT, 'pkg/cpu/tilelens_bg.wasm')) });
  const engine = await Engine.create('cpu');
  engine.loadModel(await readFile(path.join(ROOT, 'models/overhead.safetensors')));
  return engine.joinHead(await readFile(path.join(ROOT, 'models', head)));
}

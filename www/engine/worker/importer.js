/**
 * Checkpoints of other frameworks → model files. The importer is a program of its own (`tilelens-import`, for WASI), which
 * is fetched when somebody brings a checkpoint: the engine does without it.
 */

import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim';
import { EngineError } from '../failures.js';
import { fetchVerified } from './download.js';
import { blobOf } from './model-files.js';

/** @typedef {import('../protocol.js').ImportedModel} ImportedModel */
/** @typedef {import('../protocol.js').NamedFile} NamedFile */
/** @typedef {import('../protocol.js').PayloadOf<'importModel'>} ImportPayload */
/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */

/** What the importer writes. */
const MODEL = 'model.safetensors';
/** Its exit status where only the names of the classes are missing. */
const NEEDS_LABELS = 3;

/** @type {Promise<WebAssembly.Module> | null} */
let compiling = null;

/** @param {RemoteFile} program */
function compiled(program) {
  compiling ??= fetchVerified(program, () => undefined).then((bytes) => WebAssembly.compile(bytes));
  // What could not be fetched is tried again.
  compiling.catch(() => (compiling = null));
  return compiling;
}

/**
 * @param {RemoteFile} program
 * @param {ImportPayload} payload
 * @returns {Promise<ImportedModel>}
 */
export async function importCheckpoint(program, { checkpoint, beside, labels }) {
  const module = await compiled(program);
  /** @type {Map<string, File>} */
  const folder = new Map();
  for (const { name, file } of [...beside, ...(labels ? [labels] : []), checkpoint]) folder.set(name, await read(file));
  /** @type {string[]} */
  const said = [];
  /** @type {string[]} */
  const complaints = [];
  const words = ['tilelens-import', checkpoint.name, ...(labels ? [labels.name] : [])];
  const files = [
    new OpenFile(new File([])),
    ConsoleStdout.lineBuffered((line) => said.push(line)),
    ConsoleStdout.lineBuffered((line) => complaints.push(line)),
    new PreopenDirectory('.', folder),
  ];
  const wasi = new WASI(words, [], files, { debug: false });
  const status = run(wasi, await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport }));
  if (status === NEEDS_LABELS) throw new EngineError('import.needs_labels', { data: { classes: Number(said[0]) } });
  const model = folder.get(MODEL);
  if (status !== 0 || !model) throw new EngineError('import.refused', complaints.length > 0 ? { message: `${complaints.join(' ')}.` } : {});
  return { model: blobOf(model.data), notes: said };
}

/**
 * @param {WASI} wasi
 * @param {WebAssembly.Instance} instance
 */
function run(wasi, instance) {
  try {
    return wasi.start(/** @type {Parameters<WASI['start']>[0]} */ (instance));
  } catch (thrown) {
    // A trap ends the importer alone: the engine has a memory of its own.
    throw new EngineError('import.crashed', { data: { detail: thrown instanceof Error ? thrown.message : String(thrown) } });
  }
}

/** @param {Blob} file */
async function read(file) {
  const bytes = await file.arrayBuffer().catch(() => {
    throw new EngineError('model.unreadable');
  });
  return new File(bytes, { readonly: true });
}

/** Every way in: drop, paste, pick files or a folder, the samples. */

import { fromEvent } from 'file-selector';
import { asEngineError } from '../engine/index.js';
import { byId, isolated } from './dom.js';
import { notify } from './notices.js';
import { failureSentence } from './sentences.js';

/** @typedef {{ name: string, path: string, file: File }} NewFile */
/** @typedef {import('../tiles/tile-list.js').NewTile} NewTile */
/** @typedef {import('../app/assets.js').Sample} Sample */
/** @typedef {import('./checkpoints.js').Company} Company */
/** @typedef {import('../engine/index.js').TreeReading} TreeReading */

/** Model files, and checkpoints of other frameworks. */
const MODEL_FILE = /\.(safetensors|pth|pt|ckpt|bin|pkl|onnx|h5|hdf5|keras|tflite|pth\.tar)$/i;
/** Where an ONNX model keeps weights that are too large for it. */
const WEIGHTS_BESIDE = /\.(data|weights?)$|_data$/i;
/** Lists of labels. */
const LIST = /\.(txt|json|csv|tsv)$/i;
/** Projects, data sets, and what Teachable Machine saves as a project. */
const ARCHIVE = /\.(zip|tm)$/i;

/**
 * The dropped files where no folder can be among them: a browser gives a folder no type. Asking for each
 * one's entry, as is needed for folders, blocks the page for a tenth of a second at a hundred files.
 * @param {Event} event
 * @returns {File[] | null}
 */
function plainFiles(event) {
  const files = event instanceof DragEvent ? Array.from(event.dataTransfer?.files ?? []) : [];
  return files.length > 0 && files.every(({ type }) => type !== '') ? files : null;
}

/**
 * @param {Event} event
 * @returns {Promise<NewFile[]>}
 */
async function filesOf(event) {
  const found = plainFiles(event) ?? (await fromEvent(event));
  return found
    .filter((entry) => entry instanceof File)
    .map((file) => {
      const { relativePath, path } = /** @type {{ relativePath?: string, path?: string }} */ (file);
      const where = relativePath || path || file.name;
      return { name: file.name, path: where.replace(/^\.?\//, ''), file };
    });
}

/** @param {NewFile} file @param {string | null} classId @returns {NewTile} */
function asTile({ name, path, file }, classId) {
  return { name, path, source: { kind: 'file', file }, classId };
}

/**
 * What is what. A checkpoint comes with the list of its labels where there is one; in a folder all files are taken for
 * tiles or what lies among them.
 * @param {NewFile[]} files
 */
function sorted(files) {
  const is = (/** @type {RegExp} */ kind) => files.filter(({ name, path }) => name === path && kind.test(name));
  const models = is(MODEL_FILE);
  const archives = is(ARCHIVE);
  const lists = models.length === 1 ? is(LIST) : [];
  const beside = models.length === 1 ? is(WEIGHTS_BESIDE) : [];
  const taken = new Set([...models, ...archives, ...beside, ...(lists.length === 1 ? lists : [])]);
  /** @type {Company} */
  const company = { beside, labels: lists.length === 1 ? lists[0] : null };
  return { models, company, archives, others: files.filter((file) => !taken.has(file)) };
}

/** Whether it needs no looking at its name to be a tile. @param {NewFile} file */
function isPlainImage({ name, path, file }) {
  return name === path && !name.startsWith('.') && file.type.startsWith('image/');
}

/**
 * What is no tile, such as hidden files, world files and tables, is left out and told in one line.
 * @param {NewFile[]} files
 * @param {(paths: string[]) => Promise<TreeReading>} readTree
 */
async function tilesAmong(files, readTree) {
  if (files.every(isPlainImage)) return files;
  const reading = await readTree(files.map(({ path }) => path)).catch((thrown) => {
    const { failure, fatal } = asEngineError(thrown);
    // An engine that fails says so itself. All files wait as they are.
    if (!fatal) notify(`${failureSentence(failure)} Files that are no tiles, such as tables, were not left out.`);
    return null;
  });
  if (!reading || reading.skipped.length === 0) return files;
  notify(isolated(reading.skippedSentence), [], 'news');
  const skipped = new Set(reading.skipped);
  return files.filter((_, index) => !skipped.has(index));
}

/** @param {Sample} sample @returns {Promise<NewFile>} */
async function fetchSample({ name, url }) {
  const response = await fetch(url).catch(() => {
    throw new Error('the server cannot be reached');
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const bytes = await response.blob().catch(() => {
    throw new Error('the download was interrupted');
  });
  // A network's sign-in page is no tile.
  if (bytes.type === 'text/html') throw new Error('the answer is a page and no image');
  const file = new File([bytes], url.slice(url.lastIndexOf('/') + 1));
  return { name, path: url, file };
}

/**
 * Whether files are dragged, and not tiles of the page.
 * @param {DragEvent} event
 */
function bringsFiles({ dataTransfer }) {
  return dataTransfer?.types.includes('Files') ?? false;
}

/**
 * Files that are dropped on a class get its label.
 * @param {Event} event
 */
function classUnder({ type, target }) {
  const row = type === 'drop' && target instanceof Element ? target.closest('[data-class-id]') : null;
  return row instanceof HTMLElement ? (row.dataset.classId ?? null) : null;
}

/**
 * @param {object} to
 * @param {(tiles: NewTile[]) => void} to.addTiles
 * @param {() => Promise<string>} to.openProject the id of the project that is open, once there is one
 * @param {(files: NewFile[], projectId: string) => Promise<NewFile[]>} to.takeScenes opens those that are scenes or shapes on
 *   one in that project, and gives the others
 * @param {(files: NewFile[], projectId: string) => void} to.openScenes opens them there, however large they are
 * @param {(file: File, company: Company) => void} to.openModel a model file or a checkpoint that was dropped among the tiles
 * @param {(file: File) => boolean} to.takeLabels a list of labels, if somebody waits for one
 * @param {(file: File) => void} to.openArchive a project, or an archive of images, that was dropped among the tiles
 * @param {(paths: string[]) => Promise<TreeReading>} to.readTree which paths are no tiles
 * @param {Promise<Sample[]>} to.samples
 */
export function setUpIntake({ openProject, addTiles, takeScenes, openScenes, openModel, takeLabels, openArchive, readTree, samples }) {
  /** Adds tiles, unless another project was opened since they came. @param {string} projectId @param {NewTile[]} tiles */
  const addTo = async (projectId, tiles) => {
    if ((await openProject()) === projectId) addTiles(tiles);
    else notify('The tiles were not added, because another project was opened meanwhile. Add them again.');
  };

  /** @param {Event} event */
  const take = async (event) => {
    const classId = classUnder(event);
    const meantFor = openProject();
    try {
      const files = await filesOf(event);
      const { models, company, archives, others } = sorted(files);
      for (const { file } of models) openModel(file, company);
      for (const { file } of archives) openArchive(file);
      if (others.length === 1 && LIST.test(others[0].name) && takeLabels(others[0].file)) return;
      // What is dropped on a class is labelled as it is.
      const left = classId ? others : await takeScenes(others, await meantFor);
      if (left.length > 0) await addTo(await meantFor, (await tilesAmong(left, readTree)).map((file) => asTile(file, classId)));
    } catch (thrown) {
      notify(`What was added cannot be read (${thrown instanceof Error ? thrown.message : thrown}). Add it again.`);
    }
  };

  let depth = 0;
  const mark = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    document.documentElement.classList.toggle('dragging', depth > 0);
  };
  window.addEventListener('dragenter', (event) => bringsFiles(event) && mark(1));
  window.addEventListener('dragleave', (event) => bringsFiles(event) && mark(-1));
  // Without this the browser leaves the page to show the file.
  window.addEventListener('dragover', (event) => bringsFiles(event) && event.preventDefault());
  window.addEventListener('drop', (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    take(event);
  });
  document.addEventListener('paste', (event) => {
    if (event.clipboardData?.files.length) take(event);
  });

  for (const [input, buttons] of /** @type {const} */ ([
    ['file-input', ['choose-files', 'add-files']],
    ['folder-input', ['choose-folder', 'add-folder']],
  ])) {
    const picker = byId(input, HTMLInputElement);
    for (const button of buttons) byId(button, HTMLButtonElement).addEventListener('click', () => picker.click());
    picker.addEventListener('change', async (event) => {
      await take(event);
      // So that the same files can be picked again.
      picker.value = '';
    });
  }

  const scenePicker = byId('scene-input', HTMLInputElement);
  for (const id of ['choose-scene', 'add-scene']) byId(id, HTMLButtonElement).addEventListener('click', () => scenePicker.click());
  scenePicker.addEventListener('change', async () => {
    const files = [...(scenePicker.files ?? [])].map((file) => ({ name: file.name, path: file.name, file }));
    scenePicker.value = '';
    openScenes(files, await openProject());
  });

  const addSamples = async () => {
    const meantFor = openProject();
    try {
      await addTo(await meantFor, (await Promise.all((await samples).map(fetchSample))).map((file) => asTile(file, null)));
    } catch (thrown) {
      notify(`The samples could not be downloaded (${thrown instanceof Error ? thrown.message : thrown}). Try again.`);
    }
  };
  for (const id of ['try-samples', 'add-samples']) byId(id, HTMLButtonElement).addEventListener('click', addSamples);
}

/** Checkpoints of other frameworks that are brought to the page: imported, or told how they become a model. */

import { download, isolated, stemOf } from './dom.js';
import { notify } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').NamedFile} NamedFile */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../models/model-in-use.js').ModelInUse} ModelInUse */
/** @typedef {{ beside?: NamedFile[], labels?: NamedFile | null }} Company What was brought with a checkpoint: weights in files of their own, and a list of labels. */

const SAFETENSORS = /\.safetensors$/i;
/** The length of a safetensors file's header stands before it. */
const LENGTH_BYTES = 8;
/** No header of a MobileNetV3's is nearly as long. */
const MOST_HEADER_BYTES = 1e8;

/**
 * @param {{ session: Session, modelInUse: ModelInUse }} page
 */
export function setUpCheckpoints({ session, modelInUse }) {
  /** What has classes without names. @type {{ file: File, beside: NamedFile[], close: () => void } | null} */
  let waiting = null;

  /** Opens a model file, or imports what is none. @param {File} file @param {Company} [company] */
  async function open(file, { beside = [], labels = null } = {}) {
    waiting?.close();
    waiting = null;
    if (await isModelFile(file)) return modelInUse.openFile(file);
    const close = notify(`Importing “${isolated(file.name)}”…`, [], 'news');
    try {
      const { model, notes } = await session.ask('importModel', { checkpoint: { name: file.name, file }, beside, labels });
      await modelInUse.openFile(model);
      const save = { label: 'Save as a model file', act: () => download(model, `${stemOf(file.name)}.safetensors`) };
      notify(importedSentence(file.name, notes), [save], 'news');
    } catch (thrown) {
      tell(thrown, file, beside);
    } finally {
      close();
    }
  }

  /** @param {unknown} thrown @param {File} file @param {NamedFile[]} beside */
  function tell(thrown, file, beside) {
    const { failure } = /** @type {{ failure?: import('../engine/index.js').Failure }} */ (thrown ?? {});
    if (failure?.code === 'import.needs_labels') {
      const classes = Number(failure.data?.classes);
      const names = Array.from({ length: classes }, (_, index) => `class ${index}`);
      const labels = { name: 'labels.json', file: new Blob([JSON.stringify(names)]) };
      const close = notify(
        `“${isolated(file.name)}” has ${classes === 1 ? 'one class' : `${classes.toLocaleString()} classes`} and no names for them. Drop their list here: a label a line, ` +
          '“0 label” a line, or JSON such as class_to_idx or id2label.',
        [{ label: 'Number them', act: () => void open(file, { beside, labels }) }],
        'news',
      );
      waiting = { file, beside, close };
    } else if (failure?.code === 'import.not_built') {
      notify(`This page was built without the importer. On the command line: tilelens import ${shellWord(file.name)} --labels labels.txt --output model.safetensors. Then drop model.safetensors here.`);
    } else {
      notify(`“${isolated(file.name)}” was not imported: ${thrownSentence(thrown)}`);
    }
  }

  /** Takes a list of labels, if a checkpoint waits for one. @param {File} file @returns {boolean} whether one did */
  function takeLabels(file) {
    if (!waiting) return false;
    const { file: checkpoint, beside } = waiting;
    void open(checkpoint, { beside, labels: { name: file.name, file } });
    return true;
  }

  return { open, takeLabels };
}

/** Whether a file is Tilelens's own, or so broken that the engine has the words for it. @param {File} file */
async function isModelFile(file) {
  if (!SAFETENSORS.test(file.name)) return false;
  try {
    const length = Number(new DataView(await file.slice(0, LENGTH_BYTES).arrayBuffer()).getBigUint64(0, true));
    if (length > MOST_HEADER_BYTES) return true;
    const header = JSON.parse(await file.slice(LENGTH_BYTES, LENGTH_BYTES + length).text());
    return header.__metadata__?.tilelens !== undefined;
  } catch {
    return true;
  }
}

/**
 * @param {string} name
 * @param {string[]} notes
 */
function importedSentence(name, notes) {
  const options = notes.some((note) => note.includes('--')) ? 'Options such as --mean are those of “tilelens import” on the command line.' : '';
  return [`“${isolated(name)}” was imported, and answers now.`, ...notes, options].filter(Boolean).join(' ');
}

/** A name as a shell takes it. @param {string} name */
function shellWord(name) {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

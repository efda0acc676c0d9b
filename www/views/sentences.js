/** What the engine room says by codes and numbers, in words. */

import { isolated } from './dom.js';

/** @typedef {import('../engine/index.js').DeviceChoice} DeviceChoice */
/** @typedef {import('../engine/index.js').DeviceKind} DeviceKind */
/** @typedef {import('../engine/index.js').Failure} Failure */
/** @typedef {import('../engine/index.js').TrainingDeviceReason} TrainingDeviceReason */

const NOT_FETCHED = 'WebGPU needs a larger engine, which could not be downloaded.';

/** @type {Record<string, (data: any) => string>} */
const SENTENCES = {
  'network.unreachable': () => 'The server cannot be reached. Check your connection, then try again.',
  'network.refused': ({ status, url }) => `The server answered ${status} for ${url}: reload the page.`,
  'network.interrupted': () => 'The download was interrupted. Check your connection, then try again.',
  'network.part_missing': () => 'Part of the engine could not be downloaded. Check your connection, then try again.',
  'engine.unsupported': ({ detail }) => `This browser cannot run the engine: use a newer one. (${detail})`,
  'engine.checksum': () => damaged('engine'),
  'engine.not_started': () => 'The engine is still loading. Wait a moment, then try again.',
  'engine.not_loaded': () => 'The engine could not be loaded.',
  'engine.crashed': ({ detail }) => `The engine stopped: ${detail}`,
  'engine.replaced': () => 'The engine was replaced.',
  'device.unavailable': () => 'This browser offers no WebGPU adapter. Choose the CPU, or use a browser with WebGPU.',
  'device.not_fetched': ({ cause }) => `${NOT_FETCHED} ${failureSentence(cause)} Or choose the CPU.`,
  'device.not_built': () => 'This page was built without WebGPU: choose the CPU.',
  'device.wrong_answers': ({ adapter, maxDifference }) =>
    `WebGPU (${adapter}) gives wrong answers, off by up to ${maxDifference.toPrecision(2)}: choose the CPU.`,
  'model.checksum': () => damaged('model'),
  'model.unreadable': () => 'The model file cannot be read: it was moved or changed. Choose it again.',
  'model.none': () => 'There is no model to load.',
  'import.crashed': ({ detail }) => `The importer stopped (${detail}). Try “tilelens import” on the command line.`,
  'import.needs_labels': () => 'The names of its classes are missing. Drop their list, too.',
  'import.not_built': () => 'This page was built without the importer of checkpoints. Use “tilelens import” on the command line.',
  'import.refused': () => 'The importer did not say why. Try “tilelens import” on the command line.',
  'image.too_many_bytes': ({ bytes, mostBytes }) =>
    `This file has ${inMegabytes(bytes)}; a tile may have at most ${inMegabytes(mostBytes)}. Cut it into tiles first.`,
  'raster.stopped': () => 'The reader of this kind of file stopped at it. It may need more memory than there is, or this is a fault of Tilelens. Save it as PNG, or cut it into tiles.',
  'raster.unseen': () => 'This raster was not examined yet. Add it again.',
  'image.unreadable': () => 'This file can no longer be read: it was moved, changed or locked. Add it again.',
  // A lack of memory ends an engine in WebAssembly like any other fault: it can only be guessed.
  'tile.engine_stopped': ({ cause }) =>
    `The engine stopped twice on this tile, which is left out: it may need more memory than is available. (${cause ? failureSentence(cause) : 'no answer'})`,
  'scene.not_built': () => 'This page was built without scenes. Use “tilelens map” on the command line.',
  'scene.closed': () => 'The scene is not open. Open it again.',
  'scene.other_project': () => 'Another project was opened meanwhile. Open the one that it is for, then add it again.',
  'scene.no_map': () => 'There is no map yet: wait until cells have a class.',
  'heatmap.no_class': () => 'This model has no class of that name.',
  'heatmap.no_head': () => 'This model names no classes, so there is none to look for.',
  'features.missing': () => 'Some tiles have no features yet. Wait until every tile has its class, then try again.',
  'features.size': () => 'Saved features of a tile are damaged: they are computed again.',
  'training.failed': () => 'Training gave no report: train again.',
  'training.other_project': () => 'Another project was opened meanwhile, so the new head was discarded.',
};

/** @param {string} what */
function damaged(what) {
  return `The ${what} was damaged during the download (its SHA-256 does not match) and is not used. Try again.`;
}

/** @param {number} bytes */
function inMegabytes(bytes) {
  return `${Math.ceil(bytes / 1e6).toLocaleString()} MB`;
}

/** What went wrong and what to do. @param {Failure} failure */
export function failureSentence({ code, message, data = {} }) {
  // What the engine says in words of its own may have a code that is used here, too.
  return message || (SENTENCES[code]?.(data) ?? `Something unexpected failed (${code}). Reload the page.`);
}

/** What the heatmap shows, or why there is none. @param {import('../tiles/heatmaps.js').HeatmapState} state */
export function heatmapSentence(state) {
  switch (state.code) {
    case 'off':
    case 'noTile':
      return '';
    case 'waiting':
      return 'No heatmap yet: the tile waits for its class.';
    case 'noHead':
      return 'No heatmap: this model names no classes. Label some tiles and train, or choose another model.';
    case 'asking':
      return 'Looking…';
    case 'failed':
      return `No heatmap. ${failureSentence(state.failure)}`;
    case 'shown': {
      const { className, strongest, picture } = state.heatmap;
      const name = isolated(className);
      const partly = picture.values.some(Number.isNaN) ? ' The model does not see the edges without colour.' : '';
      if (strongest === 0) return `Nothing in this tile speaks for ${name}.${partly}`;
      return `Bright: what speaks most for ${name}, compared within this tile.${partly}`;
    }
  }
}

/** What is to be known of a tile's pixels and its class. @param {import('../tiles/tile-list.js').Tile} tile */
export function tileNotes({ facts, isSeenOtherwise }) {
  const otherwise = 'The model learnt from tiles whose colours were made otherwise: take its range in the line above the tiles, or train again.';
  return [...(facts?.notes ?? []), ...(isSeenOtherwise ? [otherwise] : [])];
}

/** A scene whose file the browser has no room for. @param {string} name */
export function lackingSceneSentence(name) {
  return `${isolated(name)} is too large to be kept in the browser, and stays open for this visit only. Its cells, labels and classes are kept; after a reload, add the file again to see it.`;
}

/** What went wrong, of whatever was thrown. @param {unknown} thrown */
export function thrownSentence(thrown) {
  const { failure } = /** @type {{ failure?: Failure }} */ (thrown ?? {});
  if (failure) return failureSentence(failure);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Which device computes, and why. @param {DeviceChoice} choice */
export function deviceSentence({ device, why, adapter }) {
  const running = `Running on ${device === 'cpu' ? 'the CPU' : 'WebGPU'}`;
  const named = `WebGPU (${adapter})`;
  switch (why.code) {
    case 'chosen':
      return `${device === 'cpu' ? running : `${running} (${adapter})`}, as you chose.`;
    case 'agrees':
      return `${running} (${adapter}), as you chose. The answers agree with the CPU's to ${why.maxDifference.toExponential(0)}.`;
    case 'noAdapter':
      return `${running}: this browser offers no WebGPU adapter.`;
    case 'softwareAdapter':
      return `${running}: there is only a software WebGPU adapter (${adapter}).`;
    case 'notBuilt':
      return `${running}: this page was built without WebGPU.`;
    case 'notFetched':
      return `${running}: ${NOT_FETCHED} (${failureSentence(why.cause)})`;
    case 'notStarted':
      return `${running}: WebGPU did not start (${failureSentence(why.cause)}).`;
    case 'failedOnTest':
      return `${running}: ${named} failed on a test tile (${failureSentence(why.cause)}).`;
    case 'wrongAnswers':
      return `${running}: ${named} gave wrong answers, off by up to ${why.maxDifference.toPrecision(2)}.`;
    case 'measured': {
      const times = `${why.tiles} tiles take ${why.deviceMs.toFixed(0)} ms on ${named}, ${why.cpuMs.toFixed(0)} ms on the CPU.`;
      return device === 'cpu' ? `${running}: ${times}` : `${running}: ${times} The answers agree to ${why.maxDifference.toExponential(0)}.`;
    }
    case 'stopped':
      return `${running}: the engine stopped when it tried the GPU. (${failureSentence(why.cause)})`;
  }
}

/**
 * Where a head is trained, and why there.
 * @param {DeviceKind} device
 * @param {TrainingDeviceReason} why
 */
export function trainingDeviceSentence(device, why) {
  const training = `Training on the ${device === 'cpu' ? 'CPU' : 'GPU'}`;
  switch (why.code) {
    case 'chosen':
      return `${training}, as you chose.`;
    case 'onlyCpu':
      return `${training}.`;
    case 'measured':
      return `${training}: four batches take ${why.cpuMs.toFixed(1)} ms on the CPU and ${why.gpuMs.toFixed(1)} ms on the GPU.`;
  }
}

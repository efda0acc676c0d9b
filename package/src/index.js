/** Classification of satellite tiles in the browser and in Node.js. */

export { Classifier } from './classifier.js';
export { TilelensError } from './errors.js';

/** @typedef {import('./classifier.js').Classification} Classification */
/** @typedef {import('./classifier.js').ClassifyOptions} ClassifyOptions */
/** @typedef {import('./classifier.js').DeviceChoice} DeviceChoice */
/** @typedef {import('./classifier.js').ExportForm} ExportForm */
/** @typedef {import('./classifier.js').Heatmap} Heatmap */
/** @typedef {import('./classifier.js').ModelInfo} ModelInfo */
/** @typedef {import('./classifier.js').OpenOptions} OpenOptions */
/** @typedef {import('./classifier.js').Sample} Sample */
/** @typedef {import('./classifier.js').ShippedHead} ShippedHead */
/** @typedef {import('./classifier.js').TrainSettings} TrainSettings */
/** @typedef {import('./classifier.js').TrainingProgress} TrainingProgress */
/** @typedef {import('./classifier.js').TrainingReport} TrainingReport */
/** @typedef {import('./classifier.js').WebGpuEngine} WebGpuEngine */
/** @typedef {import('./sources.js').TileSource} TileSource */

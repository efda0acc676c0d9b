/** The model and the device that the user chooses, and whether all views of a tile are asked. */

import { byId, isolated, megabytes, setUpFilePicker } from './dom.js';

/** @typedef {import('../engine/index.js').DevicePreference} DevicePreference */
/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../models/model-in-use.js').ModelInUse} ModelInUse */
/** @typedef {import('../models/site-models.js').About} About */
/** @typedef {import('../tiles/classification.js').Classification} Classification */

/** @type {DevicePreference[]} */
const DEVICES = ['auto', 'cpu', 'webgpu'];
/** The option for what is not of the site. */
const OTHER = 'other:';

/** What `?device=` asks for. @returns {DevicePreference} */
export function deviceFromAddress() {
  const asked = new URLSearchParams(window.location.search).get('device');
  return DEVICES.find((device) => device === asked) ?? 'auto';
}

/**
 * @param {ModelInUse} modelInUse
 * @param {boolean} offersWebGpu whether the page was built with its engine
 */
export function setUpDevicePicker(modelInUse, offersWebGpu) {
  const picker = byId('device-picker', HTMLSelectElement);
  const webgpu = picker.options[DEVICES.indexOf('webgpu')];
  webgpu.disabled = !offersWebGpu;
  if (!offersWebGpu) webgpu.text = 'WebGPU (not in this build)';
  picker.value = deviceFromAddress();
  picker.addEventListener('change', () => modelInUse.chooseDevice(DEVICES[picker.selectedIndex]));
  modelInUse.addEventListener('changed', () => {
    const { device } = modelInUse;
    picker.value = device;
    const address = new URL(window.location.href);
    if (device === 'auto') address.searchParams.delete('device');
    else address.searchParams.set('device', device);
    // So that a reload and a bookmark keep the choice.
    window.history.replaceState(null, '', address);
  });
}

/** @param {Classification} classification */
export function setUpAveraging(classification) {
  const box = byId('average-views', HTMLInputElement);
  const state = byId('model-state', HTMLElement);
  box.checked = classification.isAveraged;
  const draw = () => (state.textContent = box.checked ? '8 views' : 'About');
  box.addEventListener('change', () => {
    classification.setAveraged(box.checked);
    draw();
  });
  draw();
}

/**
 * @param {{ modelInUse: ModelInUse, session: Session }} page
 * @param {(file: File) => void} openModel
 */
export function setUpModelPicker({ modelInUse, session }, openModel) {
  const picker = byId('model-picker', HTMLSelectElement);
  const description = byId('model-description', HTMLElement);
  const models = () => modelInUse.site?.models ?? [];

  setUpFilePicker('open-model', 'model-file', openModel);
  picker.addEventListener('change', () => {
    const model = models().find(({ id }) => id === picker.value);
    if (model) modelInUse.choose(model);
  });

  function draw() {
    document.documentElement.dataset.model = modelInUse.isChanging ? 'changing' : 'in-use';
    const { inUse } = modelInUse;
    const options = models().map(({ id, name, bytes }) => new Option(bytes > 0 ? `${isolated(name)} (${megabytes(bytes)})` : isolated(name), id));
    const info = session.status.loaded?.info;
    if (inUse && inUse.kind !== 'site') {
      options.push(new Option(`${isolated(info?.name ?? 'A model')} (${inUse.kind === 'project' ? 'this project' : 'your file'})`, OTHER));
    }
    // While the list may be open, its options stay where they are.
    if ([...picker.options].map(({ value, text }) => value + text).join('\n') !== options.map(({ value, text }) => value + text).join('\n')) {
      picker.replaceChildren(...options);
    }
    if (!inUse) return;
    picker.value = inUse.kind === 'site' ? inUse.model.id : OTHER;
    description.textContent = inUse.kind === 'site' ? about(inUse.model) : info ? aboutOther(info) : '';
  }
  modelInUse.addEventListener('changed', draw);
  session.addEventListener('status', draw);
  draw();
}

/** What a model is for, in a line. @param {About} model */
function about({ purpose, groundResolutionM, data, description }) {
  const made = [
    purpose || description,
    groundResolutionM && `For ${resolution(groundResolutionM)}.`,
    data && `Trained on ${data.replace(/\.$/, '')}.`,
  ];
  return made.filter(Boolean).join(' ');
}

/** @param {import('../engine/index.js').ModelInfo} info */
function aboutOther({ labels, purpose, groundResolutionM }) {
  const classes = labels.length > 0 ? `${labels.length} classes` : 'no classes of its own: label some tiles, then train';
  return [`Your own model, read in this page: ${classes}.`, purpose, groundResolutionM && `For ${resolution(groundResolutionM)}.`].filter(Boolean).join(' ');
}

/** @param {[number, number]} metres a pixel, lowest and highest */
function resolution([low, high]) {
  return low === high ? `pixels of ${low} m on the ground` : `pixels of ${low} to ${high} m on the ground`;
}

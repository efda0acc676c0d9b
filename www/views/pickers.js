/** The model and the device that the user chooses. */

import { byId, isolated, megabytes, setUpFilePicker } from './dom.js';

/** @typedef {import('../messages.js').DevicePreference} DevicePreference */
/** @typedef {import('../messages.js').RemoteFile & { id: string, name: string, labels: string[], description: string }} SiteModel */

/** @type {DevicePreference[]} */
const DEVICES = ['auto', 'cpu', 'webgpu'];

/** What `?device=` asks for. @returns {DevicePreference} */
export function deviceFromAddress() {
  const asked = new URLSearchParams(window.location.search).get('device');
  return DEVICES.find((device) => device === asked) ?? 'auto';
}

/**
 * @param {DevicePreference} initial
 * @param {boolean} offersWebGpu whether the page was built with its engine
 * @param {(device: DevicePreference) => void} onChange
 */
export function setUpDevicePicker(initial, offersWebGpu, onChange) {
  const picker = byId('device-picker', HTMLSelectElement);
  const show = (/** @type {DevicePreference} */ device) => {
    picker.value = device;
    const address = new URL(window.location.href);
    if (device === 'auto') address.searchParams.delete('device');
    else address.searchParams.set('device', device);
    // So that a reload and a bookmark keep the choice.
    window.history.replaceState(null, '', address);
  };
  picker.options[DEVICES.indexOf('webgpu')].disabled = !offersWebGpu;
  picker.value = initial;
  picker.addEventListener('change', () => onChange(DEVICES[picker.selectedIndex]));
  return { show };
}

/**
 * @param {object} choices
 * @param {(model: SiteModel) => void} choices.onModel
 * @param {(file: File) => void} choices.onFile
 */
export function setUpModelPicker({ onModel, onFile }) {
  const picker = byId('model-picker', HTMLSelectElement);
  const description = byId('model-description', HTMLElement);
  /** @type {SiteModel[]} */
  let models = [];

  setUpFilePicker('open-model', 'model-file', onFile);
  picker.addEventListener('change', () => {
    const model = models.find(({ id }) => id === picker.value);
    if (model) onModel(model);
  });

  /**
   * @param {string} value
   * @param {string} text
   */
  const addOption = (value, text) => picker.add(new Option(text, value));

  return {
    /** @param {SiteModel[]} offered */
    offer(offered) {
      models = offered;
      for (const { id, name, bytes } of models) addOption(id, `${isolated(name)} (${megabytes(bytes)})`);
    },
    /** @param {SiteModel} model */
    showModel(model) {
      picker.value = model.id;
      description.textContent = model.description;
    },
    /** @param {string} name as its manifest says @param {number} classCount */
    showFile(name, classCount) {
      picker.querySelector('option[value="file:"]')?.remove();
      addOption('file:', `${isolated(name)} (your file)`);
      picker.value = 'file:';
      description.textContent = `Your model file, read in this page: ${classCount} classes.`;
    },
  };
}

/** The settings of a training run, each with its help. */

import { DEFAULTS, NUMBERS, SWITCHES, settingsFrom } from '../training/settings.js';
import { button, byId, element } from './dom.js';

/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../training/settings.js').Settings} Settings */

/**
 * @param {Workspace} workspace
 * @param {boolean} offersWebGpu whether the page was built with its engine
 */
export function setUpSettingsForm(workspace, offersWebGpu) {
  const form = byId('training-settings', HTMLFormElement);
  const numbers = NUMBERS.map((field) => {
    const input = element('input', { type: 'number', id: `setting-${field.name}`, required: true });
    Object.assign(input, { min: String(field.min), max: String(field.max), step: String(field.step) });
    return { field, input };
  });
  const switches = SWITCHES.map((field) => ({ field, input: element('input', { type: 'checkbox', id: `setting-${field.name}` }) }));
  const start = choice('setting-start', [
    ['scratch', 'a new head'],
    ['current', 'the head in use, where classes have the same names'],
  ]);
  const device = choice('setting-device', [
    ['auto', 'whichever device is faster, as measured'],
    ['cpu', 'the CPU'],
    ['webgpu', offersWebGpu ? 'the GPU (WebGPU)' : 'the GPU (not in this build)'],
  ]);
  device.options[2].disabled = !offersWebGpu;
  form.append(
    ...numbers.map(({ field, input }) => labelled(field.label, field.help, input)),
    ...switches.map(({ field, input }) => labelled(field.label, field.help, input)),
    labelled('Start from', 'The head in use may already have learnt from tiles that will now validate it: the report then says so.', start),
    labelled('Train on', 'A head is small: the CPU is often faster than a GPU that has to be sent every batch.', device),
    button('Restore the defaults', () => {
      show(DEFAULTS);
      keep();
    }),
  );

  /** @param {Settings} settings */
  function show(settings) {
    for (const { field, input } of numbers) input.value = String(settings[field.name]);
    for (const { field, input } of switches) input.checked = settings[field.name];
    start.value = settings.start;
    device.value = settings.device;
  }

  /** The settings as they stand in the form; null where one makes no sense, which the form then shows. */
  function settings() {
    if (!form.checkValidity()) {
      byId('training-details', HTMLDetailsElement).open = true;
      form.reportValidity();
      return null;
    }
    const found = {
      ...Object.fromEntries(numbers.map(({ field, input }) => [field.name, input.valueAsNumber])),
      ...Object.fromEntries(switches.map(({ field, input }) => [field.name, input.checked])),
      start: start.value,
      device: device.value,
    };
    return settingsFrom(found);
  }

  const keep = () => {
    const found = form.checkValidity() ? settings() : null;
    if (found) workspace.setSettings(found);
  };
  form.addEventListener('change', keep);
  form.addEventListener('submit', (event) => event.preventDefault());
  workspace.addEventListener('changed', () => {
    if (!form.contains(document.activeElement)) show(settingsFrom(workspace.settings));
  });
  show(settingsFrom(workspace.settings));
  return { settings };
}

/**
 * @param {string} id
 * @param {[string, string][]} options
 */
function choice(id, options) {
  return element('select', { id }, ...options.map(([value, text]) => new Option(text, value)));
}

/**
 * @param {string} label
 * @param {string} help
 * @param {HTMLElement} input
 */
function labelled(label, help, input) {
  const helpId = `${input.id}-help`;
  input.setAttribute('aria-describedby', helpId);
  return element(
    'div',
    { className: 'setting' },
    element('label', { htmlFor: input.id }, label),
    input,
    element('p', { className: 'help', id: helpId }, help),
  );
}

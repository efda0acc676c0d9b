/** Hands the fine-tuned model to the user, in three forms, each with how to use it. */

import { modelFileForm, onnxForm, safetensorsForm } from '../training/snippets.js';
import { button, byId, download, element } from './dom.js';
import { notify } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').Session} Session */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../training/snippets.js').Form} Form */

/** @typedef {import('../engine/index.js').ModelForm} FormName */

/** @type {{ name: FormName, form: (stem: string) => Form }[]} */
const FORMS = [
  { name: 'modelFile', form: modelFileForm },
  { name: 'safetensors', form: safetensorsForm },
  { name: 'onnx', form: onnxForm },
];

/** @param {{ session: Session, workspace: Workspace }} page */
export function setUpTakeAway({ session, workspace }) {
  const panel = byId('take-away-panel', HTMLElement);
  const root = byId('take-away', HTMLElement);

  /** @param {FormName} name @param {string} fileName */
  async function take(name, fileName) {
    const { model } = workspace.current;
    if (!model) return;
    try {
      download(await session.ask('convert', { model, form: name }), fileName);
      workspace.takeAway();
    } catch (thrown) {
      notify(`The model could not be written: ${thrownSentence(thrown)}`);
    }
  }

  function draw() {
    panel.hidden = workspace.current.model === null;
    const stem = fileStem(workspace.name || 'my-classes');
    root.replaceChildren(
      ...FORMS.map(({ name, form }) => {
        const { label, fileName, help, snippet } = form(stem);
        const code = element('pre', { tabIndex: 0 }, element('code', {}, snippet));
        const copy = button('Copy', async () => {
          try {
            await navigator.clipboard.writeText(snippet);
          } catch {
            notify('The browser does not let this page copy: select the text and copy it.');
          }
        });
        const usage = element('details', {}, element('summary', {}, 'How to use it'), copy, code);
        const made = element(
          'div',
          { className: 'form' },
          button(`Download as ${label}`, () => take(name, fileName)),
          element('p', { className: 'help' }, help),
          usage,
        );
        made.dataset.form = name;
        return made;
      }),
    );
  }

  for (const type of ['changed', 'models']) workspace.addEventListener(type, draw);
  draw();
}

/** A name that every file system and shell takes. @param {string} name */
function fileStem(name) {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '').slice(0, 60) || 'my-classes';
}

/** `<tile-classifier>`: drop an image on it, see its classes. */

import { Classifier } from './classifier.js';
import { TilelensError, asTilelensError } from './errors.js';

/** @typedef {import('./classifier.js').Classification} Classification */
/** @typedef {import('./classifier.js').ShippedHead} ShippedHead */

/** So many classes are shown of each tile. */
const SHOWN_CLASSES = 3;

const STYLE = `
  :host { display: block; font: 1rem/1.4 system-ui, sans-serif; color-scheme: light dark; }
  :host([hidden]) { display: none; }
  label { display: block; padding: 1.5rem; border: 2px dashed #888; border-radius: .5rem; text-align: center; cursor: pointer; }
  label:hover, label:focus-within, label.over { border-color: #2563eb; }
  input { position: absolute; opacity: 0; width: 1px; height: 1px; }
  figure { display: flex; gap: 1rem; margin: 1rem 0 0; align-items: start; }
  img { width: 6rem; height: 6rem; object-fit: cover; border-radius: .25rem; }
  figcaption { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  ol { margin: 0; padding: 0; list-style: none; }
  li { display: flex; justify-content: space-between; gap: 1rem; }
  li:first-child { font-weight: 600; }
  p { margin: .5rem 0 0; overflow-wrap: anywhere; }
`;

/**
 * A place to drop images on, which shows the classes of each.
 *
 * Attributes: `head` (`overhead-scenes` or `sentinel-2`), `prompt` (its text), `assets` (as for `Classifier.open`): they are read
 * when the first tile comes. Events: `classified`, whose detail has the `file` and its `classification`, and `failed`, whose
 * detail has the `file` and the `error`.
 */
export class TileClassifierElement extends HTMLElement {
  /** Opened with the first image. @type {Promise<Classifier> | null} */
  #classifier = null;
  #status = document.createElement('p');
  #results = document.createElement('div');

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    this.#status.setAttribute('role', 'status');
    this.#results.setAttribute('part', 'results');
    root.append(this.#status, this.#results);
  }

  connectedCallback() {
    // An element may have no attributes before.
    if (!this.shadowRoot?.querySelector('label')) this.#status.before(this.#dropZone());
  }

  disconnectedCallback() {
    this.#close();
  }

  /**
   * Classifies files as if they had been dropped: together, so that rasters of one kind look alike.
   * @param {Iterable<File>} files
   */
  async classify(files) {
    const all = [...files];
    const waiting = new Set(all);
    try {
      const classifier = await this.#open();
      this.#status.textContent = '';
      await classifier.classify(all, {
        onResult: (result, index) => {
          const file = all[index];
          waiting.delete(file);
          if (result instanceof TilelensError) this.#refuse(file, result);
          else {
            this.#show(file, result);
            this.#tell('classified', { file, classification: result });
          }
        },
      });
    } catch (thrown) {
      const error = asTilelensError(thrown);
      this.#status.textContent = error.message;
      for (const file of waiting) this.#tell('failed', { file, error });
    }
  }

  #open() {
    this.#status.textContent ||= 'Loading the model…';
    const head = /** @type {ShippedHead} */ (this.getAttribute('head') ?? 'overhead-scenes');
    this.#classifier ??= Classifier.open({ head, assets: this.getAttribute('assets') ?? undefined });
    // What could not be loaded is tried again with the next image.
    this.#classifier.catch(() => (this.#classifier = null));
    return this.#classifier;
  }

  #close() {
    this.#classifier?.then((classifier) => classifier.dispose()).catch(() => undefined);
    this.#classifier = null;
  }

  #dropZone() {
    const zone = document.createElement('label');
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', accept: 'image/*,.tif,.tiff', multiple: true });
    zone.setAttribute('part', 'drop-zone');
    zone.append(this.getAttribute('prompt') ?? 'Drop tiles here, or choose files', input);
    input.addEventListener('change', () => {
      this.classify([...(input.files ?? [])]);
      input.value = '';
    });
    zone.addEventListener('dragover', (event) => {
      event.preventDefault();
      zone.classList.add('over');
    });
    zone.addEventListener('dragleave', () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      zone.classList.remove('over');
      this.classify([...(event.dataTransfer?.files ?? [])]);
    });
    return zone;
  }

  /**
   * @param {File} file
   * @param {Classification} classification
   */
  #show(file, { classes, notes }) {
    const image = new Image();
    image.alt = file.name;
    image.src = URL.createObjectURL(file);
    image.addEventListener('load', () => URL.revokeObjectURL(image.src));
    // What a browser cannot show, such as TIFF, is classified all the same.
    image.addEventListener('error', () => image.remove());
    const list = document.createElement('ol');
    list.append(
      ...classes.slice(0, SHOWN_CLASSES).map(({ label, probability }) => {
        const row = document.createElement('li');
        const share = document.createElement('span');
        share.textContent = `${(probability * 100).toFixed(0)} %`;
        row.append(label, share);
        return row;
      }),
    );
    const caption = document.createElement('figcaption');
    caption.append(
      list,
      ...notes.map((note) => {
        const line = document.createElement('p');
        line.textContent = note;
        return line;
      }),
    );
    const figure = document.createElement('figure');
    figure.append(image, caption);
    this.#results.prepend(figure);
  }

  /**
   * @param {File} file
   * @param {TilelensError} error
   */
  #refuse(file, error) {
    const line = document.createElement('p');
    line.setAttribute('role', 'alert');
    line.textContent = `${file.name}: ${error.message}`;
    this.#results.prepend(line);
    this.#tell('failed', { file, error });
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get('tile-classifier')) customElements.define('tile-classifier', TileClassifierElement);

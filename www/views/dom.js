/** What the views share. */

/**
 * The element of that id, which the page is known to have.
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return element;
}

/**
 * The element inside `root` that a template is known to have.
 * @template {Element} Kind
 * @param {Element} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function part(root, selector, kind) {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`a template of index.html has no ${kind.name} ${selector}`);
  return element;
}

/**
 * A copy of the one element in a template.
 * @param {string} id
 */
export function fromTemplate(id) {
  const element = byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) throw new Error(`the template #${id} is empty`);
  return element;
}

/**
 * An element with text or children in it; text stays text.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Partial<HTMLElementTagNameMap[Name]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {Partial<HTMLButtonElement>} [properties]
 */
export function button(text, act, properties = {}) {
  const made = element('button', { type: 'button', ...properties }, text);
  made.addEventListener('click', act);
  return made;
}

/**
 * A table with a row of heads, and a head before each row.
 * @param {string} className
 * @param {string[]} heads
 * @param {[Node | string, ...(Node | string)[]][]} rows
 */
export function table(className, heads, rows) {
  const head = element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)));
  const body = rows.map(([first, ...cells]) => element('tr', {}, element('th', { scope: 'row' }, first), ...cells.map((cell) => element('td', {}, cell))));
  return element('table', { className }, element('thead', {}, head), element('tbody', {}, ...body));
}

/**
 * Lets the user pick one file, also the same one again.
 * @param {string} buttonId
 * @param {string} inputId
 * @param {(file: File) => void} onFile
 */
export function setUpFilePicker(buttonId, inputId, onFile) {
  const input = byId(inputId, HTMLInputElement);
  byId(buttonId, HTMLButtonElement).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) onFile(file);
  });
}

/** A file's name without its ending. @param {string} name */
export function stemOf(name) {
  return name.replace(/\.[^.]+$/, '');
}

/**
 * Hands a file to the user.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  element('a', { href: url, download: name }).click();
  // The browser has taken hold of the blob by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * Whether keys pressed there are text and not commands.
 * @param {EventTarget | null} target
 */
export function isTyping(target) {
  return target instanceof HTMLElement && target.matches('input:not([type="checkbox"]), select, textarea, [contenteditable]');
}

/**
 * Runs `draw` once before the next paint, however often it is asked for.
 * @param {() => void} draw
 */
export function beforePaint(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/**
 * Whole percents; a tenth where it tells near certainty from certainty.
 * @param {number} share 0 to 1
 */
export function percent(share) {
  const value = share * 100;
  const digits = (value >= 0.05 && value < 1) || (value >= 99 && value < 99.95) ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

/** @param {number} ms */
export function duration(ms) {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Letters that run from right to left, and characters that turn the direction of what follows. */
const TURNING = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}\p{Bidi_Control}]/u;

/**
 * A name of the user's for use inside a sentence, which it must not turn around: in a Unicode isolate, without the
 * controls that could end it.
 * @param {string} name
 */
export function isolated(name) {
  return TURNING.test(name) ? `\u2068${name.replaceAll(/\p{Bidi_Control}/gu, '')}\u2069` : name;
}

/**
 * `1 tile`, `2 tiles`.
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}

/** How rasters are seen: which bands and which range of their numbers, kind by kind, with a histogram. Both can be changed. */

import { lookOfStretch } from '../engine/index.js';
import { button, byId, counted, element } from './dom.js';
import { notify } from './notices.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('../engine/index.js').LikeFiles} LikeFiles */
/** @typedef {import('../engine/index.js').Stretch} Stretch */
/** @typedef {import('../tiles/stretches.js').Kind} Kind */
/** @typedef {import('../tiles/stretches.js').Stretches} Stretches */

const CHANNELS = ['Red', 'Green', 'Blue'];

/** @type {Record<Stretch['rule'], string>} */
const RULES = {
  'as-is': 'As they are',
  'cumulative-cut': '2 to 98 % of the numbers',
  'min-max': 'Smallest to largest',
  deviations: 'Mean ± 2 σ',
  fixed: 'Fixed range',
};

/** Units of the drawing, which is scaled to the panel. */
const WIDTH = 320;
const HEIGHT = 90;

/** @param {{ stretches: Stretches }} page */
export function setUpStretchPanel({ stretches }) {
  const root = byId('stretches', HTMLElement);
  /** @type {Map<string, KindPanel>} */
  const panels = new Map();

  function draw() {
    const { kinds } = stretches;
    root.hidden = kinds.length === 0;
    const present = new Set(kinds.map(({ alike }) => alike));
    for (const [alike, panel] of panels) {
      if (present.has(alike)) continue;
      panel.element.remove();
      panels.delete(alike);
    }
    for (const kind of kinds) {
      const panel = panels.get(kind.alike) ?? new KindPanel(stretches, kind.alike);
      if (!panels.has(kind.alike)) {
        panels.set(kind.alike, panel);
        root.append(panel.element);
      }
      panel.show(kind);
    }
  }
  stretches.addEventListener('changed', draw);
  draw();
}

/** One kind of rasters. */
class KindPanel {
  element = element('details', { className: 'panel stretch' });
  #summary = element('summary');
  #body = element('div', { className: 'stretch-body' });
  #stretches;
  #alike;

  /** @param {Stretches} stretches @param {string} alike */
  constructor(stretches, alike) {
    this.#stretches = stretches;
    this.#alike = alike;
    this.element.append(this.#summary, this.#body);
    this.element.addEventListener('toggle', () => this.#open());
  }

  /** @param {Kind} kind */
  show(kind) {
    const { stretch, measured } = kind;
    const what = measured ? ` of ${counted(measured.bands.length, 'band')} (${measured.numbers})` : '';
    this.#summary.textContent = `${counted(new Set(this.#stretches.tilesOf(this.#alike).map(({ id, source }) => (source.kind === 'window' ? source.sceneId : id))).size, 'raster')}${what}: ${shownAs(stretch)}`;
    if (measured) this.#fill(kind, measured);
    else if (this.element.open) this.#open();
  }

  async #open() {
    const kind = this.#stretches.kinds.find(({ alike }) => alike === this.#alike);
    if (!this.element.open || !kind || kind.measured) return;
    this.#body.replaceChildren(element('p', { className: 'help' }, 'Looking at the files…'));
    try {
      await this.#stretches.measure(this.#alike);
      if (kind.measured) this.show(kind);
    } catch (thrown) {
      this.#body.replaceChildren(element('p', { className: 'warning-text' }, thrownSentence(thrown)));
    }
  }

  /** @param {Kind} kind @param {LikeFiles} measured */
  #fill({ stretch }, measured) {
    const notes = [...measured.notes];
    if (stretch.no_data !== undefined && stretch.no_data !== null) notes.push(`${short(stretch.no_data)} is taken for no data: the files do not say so.`);
    const found = measured.choices.find(({ rule }) => rule === stretch.rule);
    const isStale = found !== undefined && lookOfStretch(found) !== lookOfStretch(stretch);
    const learnt = this.#stretches.learnt(this.#alike);
    const isOtherwise = learnt !== null && lookOfStretch(learnt) !== lookOfStretch(stretch);
    this.#body.replaceChildren(
      histogram(measured, stretch),
      element('div', { className: 'stretch-controls' }, ...this.#bandPickers(measured, stretch), this.#rulePicker(measured, stretch), ...this.#rangeFields(stretch)),
      ...(isOtherwise ? [button('Take the bands and the range that the model has learnt', () => this.#choose(learnt))] : []),
      ...(isStale ? [button(`Take the range anew, from all ${counted(measured.files, 'file')}`, () => this.#choose(found))] : []),
      ...(notes.length > 0 ? [element('ul', { className: 'notes' }, ...notes.map((note) => element('li', {}, note)))] : []),
      element('p', { className: 'help' }, 'One choice for all files of this kind, so that colours do not change from tile to tile. The tiles are classified again when you change it.'),
    );
  }

  /** @param {LikeFiles} measured @param {Stretch} stretch */
  #bandPickers({ bands }, stretch) {
    if (bands.length === 1) return [];
    return CHANNELS.map((channel, place) => {
      const select = element('select', {}, ...bands.map((name, band) => element('option', { value: String(band + 1) }, name ? `${band + 1}: ${name}` : `Band ${band + 1}`)));
      select.value = String(stretch.bands[place]);
      select.addEventListener('change', () => this.#chooseBands(stretch, place, Number(select.value)));
      return element('label', {}, channel, select);
    });
  }

  /** @param {LikeFiles} measured @param {Stretch} stretch */
  #rulePicker({ choices }, stretch) {
    const rules = [.../** @type {Set<Stretch['rule']>} */ (new Set([...choices.map(({ rule }) => rule), stretch.rule, 'fixed']))];
    const select = element('select', {}, ...rules.map((rule) => element('option', { value: rule }, RULES[rule])));
    select.value = stretch.rule;
    select.addEventListener('change', () => {
      const chosen = choices.find(({ rule }) => rule === select.value);
      this.#choose(chosen ?? { ...stretch, rule: 'fixed' });
    });
    return element('label', {}, 'Range', select);
  }

  /** @param {Stretch} stretch */
  #rangeFields(stretch) {
    const [first, ...others] = stretch.ranges;
    const isOne = others.every(({ black, white }) => black === first.black && white === first.white);
    const fields = [first.black, first.white].map((value) =>
      element('input', { type: 'number', step: 'any', value: isOne ? String(Number(value.toPrecision(6))) : '', placeholder: isOne ? '' : 'by band' }),
    );
    const take = () => {
      const [black, white] = fields.map(({ value }) => (value === '' ? NaN : Number(value)));
      if (!Number.isFinite(black) || !Number.isFinite(white)) return;
      if (black === white) return notify('Black and white are the same number: make the range wider.');
      this.#choose({ ...stretch, rule: 'fixed', ranges: [{ black, white }, { black, white }, { black, white }] });
    };
    for (const field of fields) field.addEventListener('change', take);
    return [element('label', {}, 'Black is', fields[0]), element('label', {}, 'White is', fields[1])];
  }

  /**
   * The range is found anew for the bands, by the same rule; a fixed one stays.
   * @param {Stretch} stretch
   * @param {number} place
   * @param {number} band from 1
   */
  async #chooseBands(stretch, place, band) {
    const bands = /** @type {Stretch['bands']} */ (stretch.bands.with(place, band));
    try {
      const measured = await this.#stretches.measure(this.#alike, bands);
      const found = measured?.choices.find(({ rule }) => rule === stretch.rule);
      this.#choose(found ?? { ...stretch, bands });
    } catch (thrown) {
      notify(`The bands could not be read: ${thrownSentence(thrown)}`);
    }
  }

  /** @param {Stretch} stretch */
  #choose(stretch) {
    this.#stretches.choose(this.#alike, stretch);
  }
}

/** @param {Stretch} stretch */
function shownAs({ bands: [red, green, blue], ranges, rule }) {
  const bands = red === green && green === blue ? `band ${red} in grey` : `bands ${red}, ${green} and ${blue} as red, green and blue`;
  const [first, ...others] = ranges.map(({ black, white }) => `${short(black)} to ${short(white)}`);
  const numbers = others.every((range) => range === first) ? first : [first, ...others].join(', ');
  return rule === 'as-is' ? `${bands}, as they are` : `${bands}, ${numbers} from black to white`;
}

/** @param {number} value */
function short(value) {
  return Number.isInteger(value) ? value.toLocaleString() : Number(value.toPrecision(4)).toLocaleString(undefined, { maximumSignificantDigits: 4 });
}

/**
 * How often numbers occur, as a line a band, with where black and white are.
 * @param {LikeFiles} measured
 * @param {Stretch} stretch
 */
function histogram({ histograms, bands }, stretch) {
  const isGrey = stretch.bands.every((band) => band === stretch.bands[0]);
  const shown = isGrey ? histograms.slice(0, 1) : histograms;
  const ranges = stretch.ranges.slice(0, shown.length);
  const low = Math.min(...shown.map((one) => one.low), ...ranges.flatMap(({ black, white }) => [black, white]));
  const high = Math.max(...shown.map((one) => one.high), ...ranges.flatMap(({ black, white }) => [black, white]));
  const x = (/** @type {number} */ value) => (((value - low) / (high - low || 1)) * WIDTH).toFixed(1);
  const drawing = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + 16}`, role: 'img', class: 'histogram' });
  drawing.setAttribute('aria-label', `Histogram from ${short(low)} to ${short(high)}: ${shownAs(stretch)}`);
  for (const [place, { low: start, high: end, counts }] of shown.entries()) {
    const most = Math.max(...counts, 1);
    const point = (/** @type {number} */ count, /** @type {number} */ column) =>
      `${x(start + ((column + 0.5) / counts.length) * (end - start))},${(HEIGHT - (count / most) * (HEIGHT - 4)).toFixed(1)}`;
    const channel = isGrey ? 'grey' : CHANNELS[place].toLowerCase();
    const name = bands[stretch.bands[place] - 1] ?? '';
    drawing.append(svg('polyline', { points: counts.map(point).join(' '), class: channel }, svg('title', {}, `Band ${stretch.bands[place]} ${name}`)));
    for (const end of [ranges[place].black, ranges[place].white]) {
      drawing.append(svg('line', { x1: x(end), x2: x(end), y1: '0', y2: String(HEIGHT), class: channel }));
    }
  }
  drawing.append(svg('text', { x: '0', y: String(HEIGHT + 13) }, short(low)), svg('text', { x: String(WIDTH), y: String(HEIGHT + 13), 'text-anchor': 'end' }, short(high)));
  return drawing;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function svg(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

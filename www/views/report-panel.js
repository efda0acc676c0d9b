/** What the head in use is worth: figures, comparison, mistakes, doubtful labels. */

import { button, byId, counted, element, isolated, percent, table } from './dom.js';
import { classTag } from './class-tag.js';
import { confusionMatrix } from './confusion-matrix.js';
import { createReliabilityDiagram } from './reliability-diagram.js';
import { calibration, howApart, howJudged, verdict } from './verdict.js';

/** @typedef {import('../labels/labelling.js').Labelling} Labelling */
/** @typedef {import('../engine/index.js').Evaluation} Evaluation */
/** @typedef {import('../engine/index.js').Prediction} Prediction */
/** @typedef {import('../project/workspace.js').KeptReport} KeptReport */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('../tiles/spotlight.js').Spotlight} Spotlight */
/** @typedef {import('../tiles/tile-list.js').TileList} TileList */

/**
 * @param {{ workspace: Workspace, labelling: Labelling, tiles: TileList, spotlight: Spotlight }} page
 */
export function setUpReportPanel({ workspace, labelling, tiles, spotlight }) {
  const panel = byId('report-panel', HTMLElement);
  const root = byId('report', HTMLElement);
  const goBack = byId('go-back', HTMLButtonElement);
  goBack.addEventListener('click', () => workspace.swapModels());
  let shown = new AbortController();

  /** @param {KeptReport} kept @param {string} title @param {{ tile: number }[]} wanted */
  const show = (kept, title, wanted) => {
    const ids = wanted.map(({ tile }) => kept.tileIds[tile]).filter((id) => tiles.get(id));
    spotlight.show(`${title}: ${counted(ids.length, 'tile')}`, ids);
    byId('results', HTMLElement).scrollIntoView({ block: 'start' });
  };

  function draw() {
    const { current, before } = workspace;
    const kept = current.report;
    shown.abort();
    shown = new AbortController();
    panel.hidden = !kept && !before;
    byId('no-report', HTMLElement).hidden = !panel.hidden;
    byId('open-report', HTMLElement).hidden = !kept;
    goBack.hidden = before === null;
    goBack.textContent = before?.model ? 'Go back to the previous head' : "Go back to this site's model";
    root.replaceChildren(...(kept ? sections(kept) : [element('p', {}, 'The previous head is in use. The newer one is kept: use the button to return to it.')]));
    if (!kept) goBack.textContent = 'Use the newer head again';
  }

  /** @param {KeptReport} kept */
  function sections(kept) {
    const { report, labels } = kept;
    const { isWorse, sentences } = verdict(report);
    const words = sentences.map((sentence) => element('p', { className: 'verdict-sentence' }, sentence));
    words[0]?.classList.toggle('worse', isWorse);
    const inherited = new Set(kept.inheritedTileIds ?? []);
    const seenBefore = report.predictions.filter(({ tile }) => inherited.has(kept.tileIds[tile])).length;
    const said = [element('p', { className: 'accuracy' }, howJudged(report, seenBefore))];
    const apart = howApart(report, labels, kept.blockCells);
    if (apart) said.push(element('p', { className: report.grouping?.keptApart ? 'verdict-sentence' : 'verdict-sentence worse' }, apart));
    said.push(...words);
    if (!report.evaluation) return [element('div', { className: 'report-said' }, ...said, ...doubts(kept))];
    const named = (/** @type {number} */ index) => isolated(labels[index]);
    const matrix = confusionMatrix(labels, report.evaluation.confusion, (label, predicted) =>
      show(kept, `${named(label)} predicted as ${named(predicted)}`, worstFirst(report.predictions.filter((one) => one.label === label && one.predicted === predicted))),
    );
    const mistakes = worstFirst(report.predictions.filter((one) => one.label !== one.predicted));
    const diagram = element('div', { className: 'reliability' });
    createReliabilityDiagram(diagram, report.reliability, shown.signal);
    const showMistakes = button(
      mistakes.length > 0 ? `Show the ${counted(mistakes.length, 'mistake')}, worst first` : 'No mistakes',
      () => show(kept, 'Mistakes, worst first', mistakes),
      { id: 'show-mistakes', disabled: mistakes.length === 0 },
    );
    return [
      element('div', { className: 'report-said' }, ...said, element('div', { className: 'buttons' }, showMistakes, ...doubts(kept))),
      element('div', { className: 'report-matrix' }, element('h3', {}, 'Confusion matrix'), scrolling('Confusion matrix', matrix)),
      element('div', { className: 'report-classes' }, element('h3', {}, 'Classes'), scrolling('Figures of the classes', classTable(kept, report.evaluation))),
      element('div', { className: 'report-trust' }, element('h3', {}, 'Can its confidence be trusted?'), element('p', {}, calibration(report)), diagram),
    ];
  }

  /** @param {KeptReport} kept */
  function doubts(kept) {
    const { doubtfulLabels, contradictions } = kept.report;
    const made = [];
    if (doubtfulLabels.length > 0) {
      const text = `${counted(doubtfulLabels.length, 'label')} may be wrong: show`;
      made.push(button(text, () => show(kept, 'Labels that may be wrong: similar tiles have another one', doubtfulLabels), { id: 'show-doubtful', className: 'warning' }));
    }
    if (contradictions.length > 0) {
      const pairs = contradictions.flatMap(([a, b]) => [{ tile: a }, { tile: b }]);
      const text = `${counted(contradictions.length, 'picture')} labelled in two ways: show`;
      made.push(button(text, () => show(kept, 'The same picture with different labels', pairs), { id: 'show-contradictions', className: 'warning' }));
    }
    return made;
  }

  /** @param {KeptReport} kept @param {Evaluation} evaluation */
  function classTable({ labels, classIds }, { classes }) {
    return table(
      'class-figures',
      ['Class', 'Tiles', 'Precision', 'Recall', 'F1'],
      classes.map(({ tiles: count, precision, recall, f1 }, index) => [classTag(labelling.classOf(classIds[index]), labels[index]), String(count), ...[precision, recall, f1].map(percent)]),
    );
  }

  for (const type of ['changed', 'models']) workspace.addEventListener(type, draw);
  draw();
}

/** What may be wider than its place: it scrolls, by the keyboard, too. @param {string} name @param {HTMLElement} wide */
function scrolling(name, wide) {
  return element('div', { className: 'scroll', tabIndex: 0, role: 'group', ariaLabel: name }, wide);
}

/** @param {Prediction[]} predictions */
function worstFirst(predictions) {
  return predictions.toSorted((a, b) => a.labelProbability - b.labelProbability);
}

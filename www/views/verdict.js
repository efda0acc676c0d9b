/** What a report says, in words. */

import { counted, percent } from './dom.js';

/** @typedef {import('../engine/index.js').Comparison} Comparison */
/** @typedef {import('../engine/index.js').TrainingReport} TrainingReport */

/** Fewer judging tiles than this, and one tile is worth more than five points. */
const FEW_TILES = 20;

/** @param {Comparison} comparison */
function points({ tiles, right, otherRight }) {
  const difference = ((right - otherRight) / tiles) * 100;
  return `${Math.abs(difference).toFixed(1)} points`;
}

/**
 * How sure the figures are.
 * @param {TrainingReport} report
 * @param {number} seenBefore judging tiles that the head which this one went on from had learnt from
 */
export function howJudged({ evaluation, folds, tiles }, seenBefore) {
  if (!evaluation) return 'Nothing could be held out, so nobody knows how good this head is: label at least two tiles of a class.';
  const [low, high] = evaluation.interval;
  const how =
    folds === 1
      ? `${counted(evaluation.tiles, 'tile')} that were held out`
      : `${counted(evaluation.tiles, 'tile')}, each by a head that was trained without it (${folds}-fold cross-validation)`;
  const flattery =
    seenBefore > 0 ? ` The head that this one went on from had learnt from ${seenBefore} of them, which flatters every figure here: train a new head for honest ones.` : '';
  const few = evaluation.tiles < FEW_TILES ? ' That is few: label more tiles for a figure to rely on.' : '';
  return `${percent(evaluation.accuracy)} right (95 % interval ${percent(low)} to ${percent(high)}), judged by ${how}, of ${tiles} labelled.${few}${flattery}`;
}

/**
 * Whether the new head is the better one; `isWorse` where going back is to be offered.
 * @param {TrainingReport} report
 * @returns {{ isWorse: boolean, sentences: string[] }}
 */
export function verdict({ before, majority, nearestMean }) {
  const sentences = [];
  let isWorse = false;
  if (before?.comparison) {
    const { comparison, seenBefore } = before;
    const judged = `on the ${counted(comparison.tiles, 'tile')} whose class both know`;
    const flattery = seenBefore > 0 ? ` The head before has learnt from ${seenBefore} of them, which flatters it.` : '';
    if (comparison.verdict === 'worse') {
      isWorse = true;
      sentences.push(
        `Fine-tuning made it worse: the head before is ${points(comparison)} better ${judged}. The labels may be too few or partly wrong, or the classes too unlike what the backbone knows.${flattery}`,
      );
    } else if (comparison.verdict === 'better') {
      sentences.push(`Fine-tuning helped: ${points(comparison)} better than the head before ${judged}.${flattery}`);
    } else {
      sentences.push(
        `No difference to the head before that ${comparison.tiles} tiles could show (${comparison.right} against ${comparison.otherRight} right).${flattery}`,
      );
    }
  } else if (before) {
    const known = before.knownClasses === 0 ? 'none' : `only ${before.knownClasses}`;
    sentences.push(`The head before knows ${known} of your classes, so the two cannot be compared.`);
  }
  if (majority && majority.right <= majority.otherRight) {
    isWorse = true;
    sentences.push(
      `It is not better than calling every tile what most tiles are (${majority.otherRight} of ${majority.tiles} right). Do not rely on it: look at the labels, and label more tiles.`,
    );
  } else if (majority?.verdict === 'no_difference') {
    sentences.push(
      `It is ahead of calling every tile what most tiles are (${majority.right} against ${majority.otherRight} of ${majority.tiles} right), but so few tiles cannot rule out chance.`,
    );
  }
  if (nearestMean) {
    const against = `the nearest class mean, which needs no training (${nearestMean.otherRight} of ${nearestMean.tiles} right)`;
    if (nearestMean.verdict === 'worse') sentences.push(`It is worse than ${against}: try a lower learning rate or more patience.`);
    else if (nearestMean.verdict === 'better') sentences.push(`It is ${points(nearestMean)} better than ${against}.`);
    else sentences.push(`It does as well as ${against}.`);
  }
  return { isWorse, sentences };
}

/** How honest its confidences are. @param {TrainingReport} report */
export function calibration({ evaluation, temperature }) {
  if (!evaluation) return '';
  const error = `Confidence and accuracy lie ${(evaluation.calibrationError * 100).toFixed(1)} points apart on average (expected calibration error).`;
  return temperature === 1
    ? `${error} Temperature 1: confidences are as training left them, since fewer than 30 tiles judged or none was wrong.`
    : `${error} Temperature ${temperature.toFixed(2)}: confidences were ${temperature > 1 ? 'lowered' : 'raised'} to fit these same tiles, so on others they lie a little further apart.`;
}

/** What a report says, in words. */

import { counted, percent } from './dom.js';

/** @typedef {import('../messages.js').Comparison} Comparison */
/** @typedef {import('../messages.js').TrainingReport} TrainingReport */

/** Fewer judging tiles than this, and one tile is worth more than five points. */
const FEW_TILES = 20;

/** @param {Comparison} comparison */
function points({ tiles, right, other_right }) {
  const difference = ((right - other_right) / tiles) * 100;
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
export function verdict({ before, majority, nearest_mean }) {
  const sentences = [];
  let isWorse = false;
  if (before?.comparison) {
    const { comparison, seen_before } = before;
    const judged = `on the ${counted(comparison.tiles, 'tile')} whose class both know`;
    const flattery = seen_before > 0 ? ` The head before has learnt from ${seen_before} of them, which flatters it.` : '';
    if (comparison.verdict === 'worse') {
      isWorse = true;
      sentences.push(
        `Fine-tuning made it worse: the head before is ${points(comparison)} better ${judged}. The labels may be too few or partly wrong, or the classes too unlike what the backbone knows.${flattery}`,
      );
    } else if (comparison.verdict === 'better') {
      sentences.push(`Fine-tuning helped: ${points(comparison)} better than the head before ${judged}.${flattery}`);
    } else {
      sentences.push(
        `No difference to the head before that ${comparison.tiles} tiles could show (${comparison.right} against ${comparison.other_right} right).${flattery}`,
      );
    }
  } else if (before) {
    const known = before.known_classes === 0 ? 'none' : `only ${before.known_classes}`;
    sentences.push(`The head before knows ${known} of your classes, so the two cannot be compared.`);
  }
  if (majority && majority.right <= majority.other_right) {
    isWorse = true;
    sentences.push(
      `It is not better than calling every tile what most tiles are (${majority.other_right} of ${majority.tiles} right). Do not rely on it: look at the labels, and label more tiles.`,
    );
  } else if (majority?.verdict === 'no_difference') {
    sentences.push(
      `It is ahead of calling every tile what most tiles are (${majority.right} against ${majority.other_right} of ${majority.tiles} right), but so few tiles cannot rule out chance.`,
    );
  }
  if (nearest_mean) {
    const against = `the nearest class mean, which needs no training (${nearest_mean.other_right} of ${nearest_mean.tiles} right)`;
    if (nearest_mean.verdict === 'worse') sentences.push(`It is worse than ${against}: try a lower learning rate or more patience.`);
    else if (nearest_mean.verdict === 'better') sentences.push(`It is ${points(nearest_mean)} better than ${against}.`);
    else sentences.push(`It does as well as ${against}.`);
  }
  return { isWorse, sentences };
}

/** How honest its confidences are. @param {TrainingReport} report */
export function calibration({ evaluation, temperature }) {
  if (!evaluation) return '';
  const error = `Confidence and accuracy lie ${(evaluation.calibration_error * 100).toFixed(1)} points apart on average (expected calibration error).`;
  return temperature === 1
    ? `${error} Temperature 1: confidences are as training left them, since fewer than 30 tiles judged or none was wrong.`
    : `${error} Temperature ${temperature.toFixed(2)}: confidences were ${temperature > 1 ? 'lowered' : 'raised'} to fit these same tiles, so on others they lie a little further apart.`;
}

/** What a report says, in words. */

import { counted, isolated, percent } from './dom.js';

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
export function howJudged({ evaluation, folds, tiles, grouping }, seenBefore) {
  if (!evaluation) return 'No tiles could be held out, so nobody knows how good this head is. Label at least two tiles of a class.';
  const [low, high] = evaluation.interval;
  const without = grouping?.keptApart ? 'its block and the cells beside that' : 'it';
  const how =
    folds === 1
      ? `${counted(evaluation.tiles, 'tile')} held out from training`
      : `${counted(evaluation.tiles, 'tile')}, each classified by a head trained without ${without} (${folds}-fold cross-validation)`;
  const flattery =
    seenBefore > 0 ? ` The head that training started from had already learnt from ${seenBefore} of them, so every figure here is too good. Train a new head for honest figures.` : '';
  const few = evaluation.tiles < FEW_TILES ? ' These are few: label more tiles for a reliable figure.' : '';
  return `${percent(evaluation.accuracy)} correct (95 % interval ${percent(low)} to ${percent(high)}) on ${how}, of ${tiles} labelled.${few}${flattery}`;
}

/**
 * What cells of a scene, which are like their neighbours, do to the figures; empty where tiles have no place.
 * @param {TrainingReport} report of an earlier version it says nothing of places
 * @param {string[]} labels
 * @param {number | null} [blockCells] cells along the side of a block
 */
export function howApart({ evaluation, grouping }, labels, blockCells) {
  if (!grouping || !evaluation) return '';
  const { keptApart, againstRandom, unjudgedClasses } = grouping;
  if (!keptApart) {
    return 'Labels of one class lie together, so the head could not be checked elsewhere in the scene. Neighbours of the cells that it learnt from judged it, and every figure here is too good. Label cells further away, of two classes at least.';
  }
  const size = blockCells ? `, ${blockCells} × ${blockCells} cells each` : '';
  const sentences = [`Checked on blocks of the scene that it did not learn from${size}: ${percent(evaluation.accuracy)}.`];
  if (againstRandom) sentences.push(flattery(againstRandom));
  else sentences.push('Training ended before a split of neighbouring cells at random was tried.');
  if (unjudgedClasses.length > 0) {
    const names = unjudgedClasses.map((index) => isolated(labels[index])).join(', ');
    sentences.push(`Not checked so: ${names}. All labels of ${unjudgedClasses.length === 1 ? 'it' : 'each'} lie together: label some further away.`);
  }
  return sentences.join(' ');
}

/** @param {Comparison} againstRandom */
function flattery(againstRandom) {
  const { tiles, right, otherRight, verdict } = againstRandom;
  const atRandom = percent(otherRight / tiles);
  if (otherRight <= right) return `With neighbouring cells split at random it comes to ${atRandom}: here neighbours do not flatter.`;
  const tooGood = verdict === 'worse' ? 'too good' : 'more, which may be chance';
  return `Had neighbouring cells been split at random, it would have looked like ${atRandom}: ${points(againstRandom)} ${tooGood}.`;
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
    const flattery = seenBefore > 0 ? ` The previous head had already learnt from ${seenBefore} of them, so it looks better than it is.` : '';
    if (comparison.verdict === 'worse') {
      isWorse = true;
      sentences.push(
        `Fine-tuning made it worse: the previous head is ${points(comparison)} better ${judged}. The labels may be too few or partly wrong, or the classes too different from what the backbone knows.${flattery}`,
      );
    } else if (comparison.verdict === 'better') {
      sentences.push(`Fine-tuning helped: ${points(comparison)} better than the previous head ${judged}.${flattery}`);
    } else {
      sentences.push(
        `No significant difference from the previous head on ${comparison.tiles} tiles (${comparison.right} against ${comparison.otherRight} correct).${flattery}`,
      );
    }
  } else if (before) {
    const known = before.knownClasses === 0 ? 'none' : `only ${before.knownClasses}`;
    sentences.push(`The previous head knows ${known} of your classes, so the two cannot be compared.`);
  }
  if (majority && majority.right <= majority.otherRight) {
    isWorse = true;
    sentences.push(
      `It is no better than always predicting the most common class (${majority.otherRight} of ${majority.tiles} correct). Do not rely on it: check the labels, and label more tiles.`,
    );
  } else if (majority?.verdict === 'no_difference') {
    sentences.push(
      `It is ahead of always predicting the most common class (${majority.right} against ${majority.otherRight} of ${majority.tiles} correct), but with so few tiles that may be chance.`,
    );
  }
  if (nearestMean) {
    const against = `the nearest class mean, which needs no training (${nearestMean.otherRight} of ${nearestMean.tiles} correct)`;
    if (nearestMean.verdict === 'worse') sentences.push(`It is worse than ${against}: try a lower learning rate or more patience.`);
    else if (nearestMean.verdict === 'better') sentences.push(`It is ${points(nearestMean)} better than ${against}.`);
    else sentences.push(`It is as good as ${against}.`);
  }
  return { isWorse, sentences };
}

/** How honest its confidences are. @param {TrainingReport} report */
export function calibration({ evaluation, temperature }) {
  if (!evaluation) return '';
  const error = `On average, confidence and accuracy differ by ${(evaluation.calibrationError * 100).toFixed(1)} points (expected calibration error).`;
  return temperature === 1
    ? `${error} Temperature 1: confidences are unchanged, because fewer than 30 tiles were held out or none was wrong.`
    : `${error} Temperature ${temperature.toFixed(2)}: confidences were ${temperature > 1 ? 'lowered' : 'raised'} to fit these same tiles, so on new tiles they will fit a little less well.`;
}

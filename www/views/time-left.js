/** How long what goes on still takes, by how long it took so far. */

/** Before so long, the rest cannot be told. */
const LEAST_MS = 1000;
/** From here on in minutes. */
const MINUTES_FROM_MS = 90_000;

/** No finer than somebody who waits wants it. @param {number} ms */
export function roughly(ms) {
  return ms < MINUTES_FROM_MS ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`;
}

/**
 * The end of a sentence about it; empty where nothing can be told yet.
 * @param {number} startMs by the clock of `performance.now`
 * @param {number} share that is done since, from 0 to 1
 * @param {number} [nowMs]
 */
export function timeLeft(startMs, share, nowMs = performance.now()) {
  const elapsedMs = nowMs - startMs;
  return elapsedMs < LEAST_MS || !(share > 0 && share < 1) ? '' : `, about ${roughly((elapsedMs / share) * (1 - share))} left`;
}

/** Whether the browser promises to keep what the page stores: without that it may delete it when room is short. */

/** @typedef {'promised' | 'refused' | 'unknown'} Lasting */

/** Safari deletes what a site keeps after so long without a visit: https://webkit.org/blog/10218/full-third-party-cookie-blocking-and-more/ */
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Asks for the promise, once there is something to keep. Some browsers ask the user, others decide by how the page is used.
 * @param {Pick<StorageManager, 'persist' | 'persisted'> | undefined} [storage]
 * @returns {Promise<Lasting>}
 */
export async function askToLast(storage = globalThis.navigator?.storage) {
  if (!storage?.persist || !storage.persisted) return 'unknown';
  try {
    return (await storage.persisted()) || (await storage.persist()) ? 'promised' : 'refused';
  } catch {
    return 'unknown';
  }
}

/**
 * Whether to remind the user to export: where nothing is promised, and once a week at most.
 * @param {Lasting} lasting
 * @param {number} remindedAtMs when that was done last, or the project exported
 * @param {number} [nowMs]
 */
export function isReminderDue(lasting, remindedAtMs, nowMs = Date.now()) {
  return lasting !== 'promised' && nowMs - remindedAtMs >= WEEK_MS;
}

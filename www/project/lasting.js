/** Whether the browser promises to keep what the page stores: without that it may delete it when room is short. */

/** @typedef {'promised' | 'refused' | 'unknown'} Lasting */

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

/** What the build wrote of the files that the page loads later. */

/** @typedef {import('../engine/index.js').EngineFiles} EngineFiles */
/** @typedef {import('../models/site-models.js').ModelList} ModelList */
/** @typedef {{ name: string, url: string }} Sample */
/** @typedef {{ build: string, engines: EngineFiles, worker: { url: string }, sceneWorker: { url: string }, similarity: { url: string }, models: ModelList, samples: Sample[] }} Assets */

class OtherBuildError extends Error {}

/**
 * Asks until they are there, each time that the user wants: what was dropped on the page meanwhile stays.
 * @param {(message: string, remedy: string) => Promise<unknown>} tell resolves when the user wants the remedy
 * @returns {Promise<Assets>}
 */
export async function fetchAssets(tell) {
  const { dataset } = document.documentElement;
  for (;;) {
    try {
      const assets = await fetchOnce();
      dataset.engine = 'loading';
      return assets;
    } catch (thrown) {
      dataset.engine = 'failed';
      const message = `The page could not be loaded completely. ${thrown instanceof Error ? thrown.message : thrown}`;
      const isOther = thrown instanceof OtherBuildError;
      await tell(message, isOther ? 'Reload' : 'Try again');
      if (isOther) window.location.reload();
    }
  }
}

async function fetchOnce() {
  const response = await fetch('assets.json', { cache: 'no-cache' }).catch(() => {
    throw new Error('The server cannot be reached. Check your connection.');
  });
  if (!response.ok) throw new Error(`The server answered ${response.status} for assets.json.`);
  const assets = await response.json().catch(() => {
    throw new Error('assets.json is not what this site sends: the download was interrupted, or the network answered with a sign-in page.');
  });
  const build = document.querySelector('meta[name="build"]')?.getAttribute('content');
  // Scripts of one build would go wrong with the engine of another.
  if (assets.build !== build) throw new OtherBuildError('The site was updated while the page was loading.');
  return /** @type {Assets} */ (assets);
}

/** What the build wrote of the files that the page loads later. */

/** @typedef {import('../engine/index.js').EngineFiles} EngineFiles */
/** @typedef {import('../models/site-models.js').ModelList} ModelList */
/** @typedef {{ name: string, url: string }} Sample */
/** @typedef {{ build: string, engines: EngineFiles, worker: { url: string }, models: ModelList, samples: Sample[] }} Assets */

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
      const message = `The page could not be loaded whole. ${thrown instanceof Error ? thrown.message : thrown}`;
      const isOther = thrown instanceof OtherBuildError;
      await tell(message, isOther ? 'Load again' : 'Try again');
      if (isOther) window.location.reload();
    }
  }
}

async function fetchOnce() {
  const response = await fetch('assets.json', { cache: 'no-cache' }).catch(() => {
    throw new Error('The server cannot be reached: look at the connection.');
  });
  if (!response.ok) throw new Error(`The server answered ${response.status} for assets.json.`);
  const assets = await response.json().catch(() => {
    throw new Error('assets.json is not what this site sends: the download broke off, or a sign-in page of the network answered.');
  });
  const build = document.querySelector('meta[name="build"]')?.getAttribute('content');
  // Scripts of one build would go wrong with the engine of another.
  if (assets.build !== build) throw new OtherBuildError('The site was renewed while the page was on its way.');
  return /** @type {Assets} */ (assets);
}

/** What the build wrote of the files that the page loads later. */

import { notify } from '../views/notices.js';

/** @typedef {import('../messages.js').EngineFiles} EngineFiles */
/** @typedef {import('../views/intake.js').Sample} Sample */
/** @typedef {import('../views/pickers.js').SiteModel} SiteModel */
/** @typedef {{ build: string, engines: EngineFiles, worker: { url: string }, models: SiteModel[], samples: Sample[] }} Assets */

class OtherBuildError extends Error {}

/**
 * Asks until they are there, each time that the user wants: what was dropped on the page meanwhile stays.
 * @returns {Promise<Assets>}
 */
export async function fetchAssets() {
  const { dataset } = document.documentElement;
  for (;;) {
    try {
      const assets = await fetchOnce();
      dataset.engine = 'loading';
      return assets;
    } catch (thrown) {
      dataset.engine = 'failed';
      const message = `The page could not be loaded whole. ${thrown instanceof Error ? thrown.message : thrown}`;
      await new Promise((resolve) => {
        const again = { label: 'Try again', act: () => resolve(undefined) };
        const anew = { label: 'Load again', act: () => window.location.reload() };
        notify(message, [thrown instanceof OtherBuildError ? anew : again]);
      });
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

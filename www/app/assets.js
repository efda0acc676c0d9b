/** What the build wrote of the files that the page loads later. */

/** @typedef {import('../messages.js').EngineFiles} EngineFiles */
/** @typedef {import('../views/intake.js').Sample} Sample */
/** @typedef {import('../views/pickers.js').SiteModel} SiteModel */
/** @typedef {{ build: string, engines: EngineFiles, worker: { url: string }, models: SiteModel[], samples: Sample[] }} Assets */

/** Rejects with a sentence. @returns {Promise<Assets>} */
export async function fetchAssets() {
  const response = await fetch('assets.json', { cache: 'no-cache' }).catch(() => {
    throw new Error('The server cannot be reached: look at the connection.');
  });
  if (!response.ok) throw new Error(`The server answered ${response.status} for assets.json.`);
  const assets = await response.json().catch(() => {
    throw new Error('assets.json is not what this site sends: the download broke off, or a sign-in page of the network answered.');
  });
  const build = document.querySelector('meta[name="build"]')?.getAttribute('content');
  // Scripts of one build would go wrong with the engine of another.
  if (assets.build !== build) throw new Error('The site was renewed while the page was on its way.');
  return assets;
}

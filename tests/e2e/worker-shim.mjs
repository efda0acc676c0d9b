/** What a test puts into the page's workers, before their own script. */

/** Leaves each GPU device that is opened where {@link loseGpu} finds it. */
export const REACHABLE_GPU =
  '{ const request = GPUAdapter.prototype.requestDevice; GPUAdapter.prototype.requestDevice = async function (wanted) { return (globalThis.gpuOfTheTest = await request.call(this, wanted)); }; }';

/**
 * For a page without a service worker, which would give the script as it is.
 * @param {import('playwright-core').Page} page
 * @param {() => string} shim asked for each worker anew
 */
export function shimWorkers(page, shim) {
  return page.route(/worker-.*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${shim()}\n${await response.text()}` });
  });
}

/** @param {import('playwright-core').Worker} worker */
export function loseGpu(worker) {
  return worker.evaluate(() => /** @type {any} */ (globalThis).gpuOfTheTest.destroy());
}

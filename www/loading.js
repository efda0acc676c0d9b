/**
 * Shows at once that a script or the style of the page did not arrive: whatever else could say so has not arrived
 * itself. Without this script index.html's notice shows after a while, by style.css alone.
 */

/** A server that does not answer is not waited for longer before the page is loaded again. */
const LONGEST_WAIT_MS = 10_000;

const { dataset } = document.documentElement;

window.addEventListener(
  'error',
  ({ target }) => {
    const isFile = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
    if (isFile || dataset.loading === undefined) dataset.loading = 'failed';
  },
  true,
);

// The page's own script has run by then.
window.addEventListener('load', () => {
  dataset.loading ??= 'done';
});

document.addEventListener('click', async (event) => {
  if (!(event.target instanceof Element) || event.target.id !== 'load-again') return;
  event.preventDefault();
  // A browser that kept wrong bytes would take them again: a file that is named by its content is never asked for twice.
  const files = [...document.querySelectorAll('script[src]'), ...document.querySelectorAll('link[integrity]')];
  const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
  const addresses = files.map((file) => file.getAttribute('src') ?? file.getAttribute('href') ?? '');
  await Promise.allSettled(addresses.map((address) => fetch(address, { cache: 'reload', signal })));
  window.location.reload();
});

/**
 * Serves the page without a network, from a copy of one build.
 *
 * A build is a list of files with their SHA-256, which `tools/build-page.mjs` writes before this script. It is copied
 * whole and verified before it is used, into a cache of its own, so that a page is never made of two builds: whoever
 * was loaded by one goes on with that one, and the next build waits until the user takes it or all pages are closed.
 * Workbox's precaching gives neither: it verifies no bytes, and its cache is shared by the build at work and the next.
 */

import { hasDigest } from './engine/digest.js';

/**
 * @typedef {object} BuildFile
 * @property {string} sha256
 * @property {string} type
 * @property {RequestCache} cache how to ask for it: what is named by its content may come from the HTTP cache
 * @property {boolean} isNeeded whether the page cannot do without; other files are kept once they were used
 */
/** @typedef {{ id: string, headers: Record<string, string>, files: Record<string, BuildFile> }} Build */
/** @typedef {Event & { waitUntil(work: Promise<unknown>): void }} ExtendableEvent */
/** @typedef {ExtendableEvent & { request: Request, respondWith(response: Promise<Response>): void }} FetchEvent */
/** @typedef {{ id: string }} Client */
/**
 * @typedef {object} ServiceWorkerScope What is used here of a service worker's global scope.
 * @property {Build} tilelensBuild
 * @property {{ scope: string }} registration
 * @property {{ matchAll(options: object): Promise<Client[]>, claim(): Promise<void> }} clients
 * @property {() => Promise<void>} skipWaiting
 * @property {(type: string, listener: (event: any) => void) => void} addEventListener
 */

const worker = /** @type {ServiceWorkerScope} */ (/** @type {unknown} */ (globalThis));
const build = worker.tilelensBuild;
/** Another copy of this page may lie beside it on the same origin. */
const PREFIX = `tilelens ${worker.registration.scope} `;
const CACHE = `${PREFIX}${build.id}`;

/** @param {BuildFile} file @param {ArrayBuffer} bytes */
function asBuilt({ type }, bytes) {
  return new Response(bytes, { headers: { ...build.headers, 'Content-Type': type } });
}

/** What a build before this one has of the same content. @param {string} name @param {BuildFile} file */
async function keptBefore(name, file) {
  const bytes = await (await caches.match(name))?.arrayBuffer();
  return bytes && (await hasDigest(bytes, file.sha256)) ? asBuilt(file, bytes) : null;
}

/** Wrong bytes are asked for once more past the HTTP cache, which may be the one to blame. @param {string} name @param {BuildFile} file */
async function fetched(name, file) {
  // Some hosts answer for index.html with a redirection to its folder.
  const address = name === 'index.html' ? './' : name;
  for (const cache of /** @type {RequestCache[]} */ ([file.cache, 'reload'])) {
    const response = await fetch(address, { cache });
    const bytes = await response.arrayBuffer();
    if (response.ok && (await hasDigest(bytes, file.sha256))) return asBuilt(file, bytes);
  }
  throw new Error(`${name} is not the file of build ${build.id}`);
}

/** All or nothing: what throws here leaves the build before at work. */
async function install() {
  try {
    const cache = await caches.open(CACHE);
    for (const [name, file] of Object.entries(build.files)) {
      const response = (await keptBefore(name, file)) ?? (file.isNeeded ? await fetched(name, file) : null);
      if (response) await cache.put(name, response);
    }
    // A build that came into use meanwhile has cleaned up.
    if (!(await caches.has(CACHE))) throw new Error('the copy was deleted');
  } catch (thrown) {
    await caches.delete(CACHE);
    throw thrown;
  }
}

/** No page of another build is left. */
async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  // The page of a first visit, too, finds here what it loads later.
  await worker.clients.claim();
}

/** The path of a file of the page; of other addresses something that no file is called. @param {string} url */
function nameOf(url) {
  const { origin, pathname } = new URL(url);
  const address = origin + pathname;
  if (!address.startsWith(worker.registration.scope)) return '';
  return address.slice(worker.registration.scope.length) || 'index.html';
}

/** @param {FetchEvent} event @param {string} name */
async function answer(event, name) {
  const cache = await caches.open(CACHE).catch(() => null);
  // Whoever asks past the caches has found the kept bytes wrong.
  const kept = event.request.cache === 'reload' ? null : await cache?.match(name);
  if (kept) return kept;
  const response = await fetch(event.request);
  if (cache && response.ok) event.waitUntil(keep(cache, name, response.clone()));
  return response;
}

/** @param {Cache} cache @param {string} name @param {Response} response */
async function keep(cache, name, response) {
  try {
    const bytes = await response.arrayBuffer();
    if (await hasDigest(bytes, build.files[name].sha256)) await cache.put(name, asBuilt(build.files[name], bytes));
  } catch {
    // The download broke off, which its reader was told, or the disk is full: it is fetched again next time.
  }
}

/** The build comes into use, unless a page beside the one that asks would be left without its own. @param {Client} asking */
async function takeOver(asking) {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const otherPages = pages.filter(({ id }) => id !== asking.id).length;
  if (otherPages === 0) await worker.skipWaiting();
  return { otherPages };
}

worker.addEventListener('install', (/** @type {ExtendableEvent} */ event) => event.waitUntil(install()));
worker.addEventListener('activate', (/** @type {ExtendableEvent} */ event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => event.waitUntil(takeOver(event.source).then((told) => event.ports[0].postMessage(told))));
worker.addEventListener('fetch', (/** @type {FetchEvent} */ event) => {
  const name = nameOf(event.request.url);
  if (event.request.method === 'GET' && Object.hasOwn(build.files, name)) event.respondWith(answer(event, name));
});

/**
 * Everything that a browser asked of the network, as its own network stack wrote it down: pages, workers and service
 * workers, beacons and prefetches, WebSockets and look-ups of names, whatever the policy of the page.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** @typedef {{ url: string, method: string, hasBody: boolean }} Sent */
/** @typedef {{ requests: Sent[], lookUps: string[] }} Traffic */

const BY_THE_BROWSER = 'not an origin';

/** The browser's flag for such a log. @param {string} file */
export function netLogTo(file) {
  return `--log-net-log=${file}`;
}

/**
 * What was sent on behalf of a site, once the browser has ended; a browser also asks for things of its own.
 * @param {string} file
 * @param {string} site such as http://127.0.0.1:8080/
 * @returns {Promise<Traffic>}
 */
export async function trafficOf(file, site) {
  const { constants, events } = JSON.parse(await readFile(file, 'utf8'));
  const { hostname, protocol } = new URL(site);
  // Requests carry who began them: what the browser asks for itself has no such origin. Look-ups carry the site that they
  // were made for.
  const isOfPage = (/** @type {Record<string, string>} */ { initiator, url }) => initiator !== BY_THE_BROWSER || url.startsWith(site);
  const ofSite = new RegExp(`${protocol}//${hostname.replaceAll('.', '\\.')}(?![\\w.])`);
  const named = (/** @type {string} */ name) => {
    const type = constants.logEventTypes[name];
    assert.ok(type !== undefined, `this browser's log has ${name}`);
    return events.filter((/** @type {any} */ event) => event.type === type && event.params).map((/** @type {any} */ { params }) => params);
  };
  const begun = named('URL_REQUEST_START_JOB').filter((/** @type {any} */ { url }) => url);
  const requests = begun.filter(isOfPage).map((/** @type {any} */ { url, method, upload_id: upload }) => ({ url, method, hasBody: upload !== undefined }));
  const known = new Set(begun.filter((/** @type {any} */ params) => !isOfPage(params)).map((/** @type {any} */ { url }) => new URL(url).origin));
  known.add(new URL(site).origin);
  const lookUps = named('HOST_RESOLVER_MANAGER_REQUEST')
    .filter((/** @type {any} */ { host, network_anonymization_key: key }) => host && ofSite.test(key) && !known.has(host))
    .map((/** @type {any} */ { host }) => host);
  return { requests, lookUps };
}

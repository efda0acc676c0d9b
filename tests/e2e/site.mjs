/** A site whose server can be stopped, spoilt and given another build, and that keeps a list of what it was asked for. */
import { execFile } from 'node:child_process';
import { appendFile, cp, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import sirv from 'sirv';
import { pageListener, startServer } from '../../tools/serve.mjs';
import { ROOT, WITHOUT_WEBGPU, temporaryFolder } from './harness.mjs';

/** @typedef {import('./harness.mjs').TestContext} TestContext */
/** @typedef {import('node:http').RequestListener} RequestListener */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {'404' | '500' | 'cut' | 'wrong bytes' | 'wrong type' | 'sign-in page'} Fault */
/** @typedef {{ method: string, name: string, hasBody: boolean }} Asked */

export const FAULTS = /** @type {Fault[]} */ (['404', '500', 'cut', 'wrong bytes', 'wrong type', 'sign-in page']);
const DIST = path.join(ROOT, 'dist');

/** A host that knows none of our headers and lets everything be kept for an hour. @param {string} root @returns {RequestListener} */
export function plainListener(root) {
  return sirv(root, { dev: true, etag: true, setHeaders: (response) => response.setHeader('Cache-Control', 'max-age=3600') });
}

export class Site {
  /** @type {Asked[]} */
  asked = [];
  url = '';
  #root;
  #listener;
  /** @type {{ pattern: RegExp, fault: Fault }[]} */
  #faults = [];
  /** @type {Awaited<ReturnType<typeof startServer>> | null} */
  #server = null;

  /** @param {string} root @param {(root: string) => RequestListener} listener */
  constructor(root, listener) {
    this.#root = root;
    this.#listener = listener;
  }

  /** Starts, again at the same address. */
  async start() {
    const port = this.url ? Number(new URL(this.url).port) : 0;
    this.#server = await startServer({ port, listener: (request, response) => this.#answer(request, response) });
    this.url = this.#server.url;
  }

  async stop() {
    await this.#server?.close();
    this.#server = null;
  }

  /** Serves another build from now on. @param {string} root */
  deploy(root) {
    this.#root = root;
  }

  /** @param {RegExp} pattern of the file's name @param {Fault} fault */
  spoil(pattern, fault) {
    this.#faults.push({ pattern, fault });
  }

  mend() {
    this.#faults = [];
  }

  /** @type {RequestListener} */
  #answer(request, response) {
    const name = decodeURIComponent(new URL(request.url ?? '/', this.url).pathname).slice(1) || 'index.html';
    const hasBody = 'transfer-encoding' in request.headers || Number(request.headers['content-length'] ?? 0) > 0;
    this.asked.push({ method: request.method ?? '', name, hasBody });
    const spoilt = this.#faults.find(({ pattern }) => pattern.test(name));
    if (spoilt) this.#answerWrongly(spoilt.fault, path.join(this.#root, name), response);
    else this.#listener(this.#root)(request, response);
  }

  /** @param {Fault} fault @param {string} file @param {ServerResponse} response */
  async #answerWrongly(fault, file, response) {
    const type = file.endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
    if (fault === '404' || fault === '500') {
      response.writeHead(Number(fault)).end();
    } else if (fault === 'sign-in page') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Sign in</title><p>Welcome to the network.</p>');
    } else {
      const bytes = await readFile(file);
      const headers = { 'Content-Type': fault === 'wrong type' ? 'text/plain' : type, 'X-Content-Type-Options': 'nosniff', 'Content-Length': bytes.length };
      response.writeHead(200, headers);
      if (fault === 'cut') response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      else response.end(fault === 'wrong bytes' ? flipped(bytes) : bytes);
    }
  }
}

/**
 * The first byte: in the middle of assets.json may stand a word for people, which nothing finds changed.
 * @param {Buffer} bytes
 */
function flipped(bytes) {
  bytes[0] ^= 1;
  return bytes;
}

/**
 * @param {TestContext} t
 * @param {{ root?: string, listener?: (root: string) => RequestListener }} [options]
 */
export async function openSite(t, { root = DIST, listener = pageListener } = {}) {
  const site = new Site(root, listener);
  await site.start();
  t.after(() => site.stop());
  return site;
}

/** What makes a wasm file another one that does the same: an empty custom section called "x". */
const CUSTOM_SECTION = Buffer.from([0, 2, 1, 'x'.charCodeAt(0)]);

/**
 * Builds the page as it would be after a change of its script, its engine and a line of its text.
 * @param {TestContext} t
 * @returns {Promise<string>} the folder of the build
 */
export async function buildNext(t) {
  const folder = await temporaryFolder(t);
  for (const name of ['www', 'tools', 'models', 'pkg', 'package.json', 'NOTICE']) {
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true, dereference: true });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await appendFile(path.join(folder, 'www/views/dom.js'), '\nglobalThis.name = "next";\n');
  await appendFile(path.join(folder, 'www/index.html'), '<!-- next -->\n');
  const engines = WITHOUT_WEBGPU ? ['cpu'] : ['cpu', 'webgpu'];
  for (const engine of engines) await appendFile(path.join(folder, `pkg/${engine}/tilelens_bg.wasm`), CUSTOM_SECTION);
  const options = WITHOUT_WEBGPU ? ['--uncompressed', '--cpu-only'] : ['--uncompressed'];
  await promisify(execFile)(process.execPath, ['tools/build-page.mjs', ...options], { cwd: folder });
  return path.join(folder, 'dist');
}

/**
 * Waits until the page works without a network.
 * @param {import('playwright-core').Page} page
 */
export async function keptForOffline(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

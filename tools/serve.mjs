/**
 * Serves the built page on this machine only.
 *
 *     node tools/serve.mjs [--port 8080] [--root dist]
 */
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sirv from 'sirv';
import { SECURITY_HEADERS, cacheControl } from './headers.mjs';

const HOST = '127.0.0.1';
const DEFAULT_ROOT = fileURLToPath(new URL('../dist', import.meta.url));

/**
 * Answers with the files of a folder and the headers of the page.
 * @param {string} root
 * @param {(pathname: string) => Record<string, string>} [headersOf] other headers, where some files need them
 * @returns {http.RequestListener}
 */
export function pageListener(root, headersOf = () => SECURITY_HEADERS) {
  const files = sirv(root, {
    // Looks at the disk for every request, so that a new build is served at once.
    dev: true,
    etag: true,
    brotli: true,
    gzip: true,
    setHeaders(response, pathname) {
      response.setHeader('Cache-Control', cacheControl(pathname));
      if (pathname.endsWith('.safetensors')) response.setHeader('Content-Type', 'application/octet-stream');
    },
  });
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', `http://${HOST}`);
    for (const [name, value] of Object.entries(headersOf(pathname))) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('There is no such file.\n');
    });
  };
}

/**
 * Starts the server; port 0 takes a free one.
 * @param {{ root?: string, port?: number, listener?: http.RequestListener }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startServer({ root = DEFAULT_ROOT, port = 0, listener = pageListener(root) } = {}) {
  const server = http.createServer(listener);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://${HOST}:${address.port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @param {string} text */
function parsePort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`${text} is no port: give a number from 0 to 65535`);
  return port;
}

async function main() {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '8080' }, root: { type: 'string', default: DEFAULT_ROOT } },
  });
  try {
    const { url } = await startServer({ root: path.resolve(values.root), port: parsePort(values.port) });
    console.log(`Tilelens is at ${url}`);
  } catch (error) {
    const failure = /** @type {NodeJS.ErrnoException} */ (error);
    const taken = `port ${values.port} is in use: choose another, as in ./build.sh serve 9000`;
    console.error(`serve: ${failure.code === 'EADDRINUSE' ? taken : failure.message}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

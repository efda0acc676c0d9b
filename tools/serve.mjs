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

const HOST = '127.0.0.1';
const DEFAULT_ROOT = fileURLToPath(new URL('../dist', import.meta.url));
/** The build puts a digest of the content in these names, so that they never change under one name. */
const HASHED_NAME = /-([0-9a-f]{10}|[0-9A-Z]{8})\.\w+(\.map)?$/;

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "worker-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/**
 * Starts the server; port 0 takes a free one.
 * @param {{ root?: string, port?: number }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startServer({ root = DEFAULT_ROOT, port = 0 } = {}) {
  const files = sirv(root, {
    // Looks at the disk for every request, so that a new build is served at once.
    dev: true,
    etag: true,
    brotli: true,
    gzip: true,
    setHeaders(response, pathname) {
      response.setHeader(
        'Cache-Control',
        HASHED_NAME.test(pathname) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
      if (pathname.endsWith('.safetensors')) response.setHeader('Content-Type', 'application/octet-stream');
    },
  });
  const server = http.createServer((request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('There is no such file.\n');
    });
  });
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

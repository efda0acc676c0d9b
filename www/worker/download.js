/** Fetching with a byte count. */

import { hasDigest } from './digest.js';
import { CodedError } from './failures.js';

/** @typedef {import('../messages.js').RemoteFile} RemoteFile */
/** @typedef {(loadedBytes: number) => void} ByteListener */

/** More often than this a progress bar cannot be seen to move. */
const REPORT_INTERVAL_MS = 50;

/** How a file is asked for, and how again where its bytes were wrong. @type {RequestCache[]} */
const FRESH_AT_LAST = ['default', 'reload'];

/**
 * A response whose body reports each byte that passes. The count is of decoded bytes, which is what
 * `RemoteFile.bytes` states whether or not the server compresses.
 * @param {string} url
 * @param {ByteListener} onBytes
 * @param {RequestCache} [cache]
 */
async function fetchCounted(url, onBytes, cache = 'default') {
  const response = await fetch(url, { cache }).catch(() => {
    throw new CodedError('network.unreachable', 'The server cannot be reached: look at the connection, then try again.');
  });
  if (!response.ok || !response.body) {
    throw new CodedError('network.refused', `The server answered ${response.status} for ${url}: load the page again.`);
  }
  let loadedBytes = 0;
  let lastReportMs = 0;
  /** @type {Transformer<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */
  const counter = {
    transform(chunk, controller) {
      loadedBytes += chunk.byteLength;
      const nowMs = performance.now();
      if (nowMs - lastReportMs >= REPORT_INTERVAL_MS) {
        lastReportMs = nowMs;
        onBytes(loadedBytes);
      }
      controller.enqueue(chunk);
    },
    flush: () => onBytes(loadedBytes),
  };
  return new Response(response.body.pipeThrough(new TransformStream(counter)), {
    headers: { 'Content-Type': response.headers.get('Content-Type') ?? '' },
  });
}

/**
 * Compiles while the bytes arrive, and verifies them beside it. Damaged bytes are asked for once more past
 * the HTTP cache, which may have kept them.
 * @param {RemoteFile} engine
 * @param {ByteListener} onBytes
 */
export async function fetchEngine(engine, onBytes) {
  for (const cache of FRESH_AT_LAST) {
    const response = await fetchCounted(engine.url, onBytes, cache);
    const [forCompiler, forDigest] = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).tee();
    // The type is stated here so that a server that does not know wasm serves it all the same.
    const compiling = WebAssembly.compileStreaming(
      new Response(forCompiler, { headers: { 'Content-Type': 'application/wasm' } }),
    );
    const verifying = new Response(forDigest).arrayBuffer().then((bytes) => hasDigest(bytes, engine.sha256));
    const [compiled, verified] = await Promise.allSettled([compiling, verifying]);
    if (verified.status === 'rejected') throw interrupted();
    if (!verified.value) continue;
    if (compiled.status === 'fulfilled') return compiled.value;
    const detail = compiled.reason instanceof Error ? compiled.reason.message : String(compiled.reason);
    throw new CodedError('engine.unsupported', `This browser cannot run the engine: use a newer one. (${detail})`);
  }
  throw damaged('engine.checksum', 'engine');
}

/**
 * The verified bytes of a file; damaged ones are asked for once more, as by {@link fetchEngine}.
 * @param {RemoteFile} file
 * @param {ByteListener} onBytes
 */
export async function fetchVerified(file, onBytes) {
  for (const cache of FRESH_AT_LAST) {
    const response = await fetchCounted(file.url, onBytes, cache);
    const bytes = await response.arrayBuffer().catch(() => {
      throw interrupted();
    });
    if (await hasDigest(bytes, file.sha256)) return bytes;
  }
  throw damaged('model.checksum', 'model');
}

function interrupted() {
  return new CodedError('network.interrupted', 'The download broke off: look at the connection, then try again.');
}

/**
 * @param {string} code
 * @param {string} what
 */
function damaged(code, what) {
  return new CodedError(code, `The ${what} was damaged on its way here (its SHA-256 is wrong) and is not used: try again.`);
}

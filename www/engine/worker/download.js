/** Fetching with a byte count. */

import { hasDigest } from '../digest.js';
import { EngineError } from '../failures.js';

/** @typedef {import('../protocol.js').RemoteFile} RemoteFile */
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
    throw new EngineError('network.unreachable');
  });
  if (!response.ok || !response.body) {
    throw new EngineError('network.refused', { data: { status: response.status, url } });
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
    throw new EngineError('engine.unsupported', { data: { detail } });
  }
  throw new EngineError('engine.checksum');
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
  throw new EngineError('model.checksum');
}

/**
 * A script of the engine that is fetched when it is needed.
 * @template Script
 * @param {Promise<Script>} importing
 */
export function imported(importing) {
  return importing.catch(() => {
    throw new EngineError('network.part_missing');
  });
}

function interrupted() {
  return new EngineError('network.interrupted');
}

/** Verification by SHA-256. */

/**
 * Whether the bytes have the digest. Outside a secure context there is no `crypto.subtle`: there the
 * checksum inside the model file, which the engine verifies, is what is left.
 * @param {ArrayBuffer} bytes
 * @param {string} sha256 64 hexadecimal digits
 */
export async function hasDigest(bytes, sha256) {
  const digest = await sha256Of(bytes);
  return digest === null || digest === sha256;
}

/**
 * In hexadecimal digits; null outside a secure context.
 * @param {ArrayBuffer} bytes
 */
export async function sha256Of(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

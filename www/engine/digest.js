/** Verification by SHA-256. */

/**
 * Whether the bytes have the digest. Outside a secure context there is no `crypto.subtle`: there the
 * checksum inside the model file, which the engine verifies, is what is left.
 * @param {ArrayBuffer} bytes
 * @param {string} sha256 64 hexadecimal digits
 */
export async function hasDigest(bytes, sha256) {
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === sha256;
}

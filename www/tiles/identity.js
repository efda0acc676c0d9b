/** Names for things that are kept, unlike any other one. */

/** 16 random hexadecimal bytes; `crypto.randomUUID` is missing where the page comes by plain http. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

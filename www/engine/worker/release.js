/**
 * Gives the memory of bytes back at once. A collector of garbage counts objects, and lets such bytes lie by tens of megabytes;
 * each new piece then takes fresh pages of the system's.
 *
 * Bytes that a message takes along are gone here, and a port whose other end is closed drops the message. (Chrome holds
 * bytes that it has read from a file twice, so that `ArrayBuffer.transfer(0)` only hides them from the collector.)
 */

const { port1: nowhere, port2: end } = new MessageChannel();
end.close();

/** @param {ArrayBuffer | null} bytes which nobody needs any more */
export function release(bytes) {
  if (bytes) nowhere.postMessage(null, [bytes]);
}

/** Several files that belong together as one download: a browser asks before it takes a second one. */

import { BlobReader, BlobWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';

/**
 * @param {{ name: string, file: Blob }[]} files
 * @returns {Promise<Blob>}
 */
export async function zipped(files) {
  // Workers from blobs are forbidden on the page.
  const zip = new ZipWriter(new BlobWriter('application/zip'), { useWebWorkers: false, extendedTimestamp: false });
  for (const { name, file } of files) await zip.add(name, new BlobReader(file));
  return zip.close();
}

/**
 * Whether NOTICE names just what the page ships: a crate or package of another version may have another licence.
 *
 *     node tools/notice/check.mjs
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { IMAGENET_WEIGHTS, ROOT, STANDARD_LIBRARY, crates, npmPackages } from './shipped.mjs';

const notice = await readFile(path.join(ROOT, 'NOTICE'), 'utf8');
const named = new Set([...notice.matchAll(/^used by (.*)$/gm)].flatMap(([, users]) => users.split(', ')));
const shipped = new Set([STANDARD_LIBRARY, IMAGENET_WEIGHTS, ...(await crates()), ...(await npmPackages()).map(({ title }) => title)]);
const missing = [...shipped].filter((title) => !named.has(title));
const gone = [...named].filter((title) => !shipped.has(title));
if (missing.length + gone.length > 0) {
  console.error(`NOTICE is not of what the page ships now (missing: ${missing.join(', ') || 'none'}; no longer shipped: ${gone.join(', ') || 'none'}).`);
  console.error('Run ./build.sh notice, and commit it.');
  process.exitCode = 1;
} else {
  console.log(`NOTICE names all of the ${shipped.size} that are shipped`);
}

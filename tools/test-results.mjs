/**
 * A reporter for Node's tests that `./build.sh test` adds up: one line a test, of outcome, name and, where it was
 * skipped, why; separated by tabs.
 */
import path from 'node:path';

/**
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @returns {AsyncGenerator<string>}
 */
export default async function* results(events) {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    const skipped = data.skip ?? data.todo;
    const outcome = type === 'test:fail' ? 'failed' : skipped === undefined ? 'passed' : 'skipped';
    // A file that does not load, or ends by itself, is a test of that name.
    const isFile = data.name === data.file || data.name.endsWith('.mjs');
    const name = isFile ? path.basename(data.name) : `${path.basename(data.file ?? '')}: ${data.name}`;
    const reason = isFile ? 'did not load, or ended before its tests' : typeof skipped === 'string' ? skipped : '';
    yield `${[outcome, name, reason].map((text) => text.replaceAll(/\s+/g, ' ')).join('\t')}\n`;
  }
}

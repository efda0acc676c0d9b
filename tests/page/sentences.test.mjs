/** Every code of the engine room has its sentence, and words that came with it are not lost. */
import './fakes.mjs';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { failureSentence } from '../../www/views/sentences.js';

const WWW = fileURLToPath(new URL('../../www/', import.meta.url));
/** Thrown with words of the engine, or never shown. */
const WITH_WORDS = new Set(['training.setting']);

test('a code that is thrown without words has a sentence', async () => {
  const files = (await readdir(WWW, { recursive: true })).filter((name) => name.endsWith('.js'));
  const sources = await Promise.all(files.map((name) => readFile(path.join(WWW, name), 'utf8')));
  const codes = new Set(sources.flatMap((source) => [...source.matchAll(/new EngineError\(\s*'([^']+)'/g)].map(([, code]) => code)));
  assert.ok(codes.size > 15, [...codes].join());
  const data = { status: 500, url: 'x', detail: 'x', adapter: 'x', maxDifference: 1, bytes: 1, mostBytes: 1, cause: { code: 'network.unreachable' } };
  for (const code of [...codes].filter((one) => !WITH_WORDS.has(one))) {
    const sentence = failureSentence({ code, data });
    assert.doesNotMatch(sentence, /Something unexpected|undefined|NaN/, code);
    assert.match(sentence, /^[A-Z].*[.)]$|: x$/, code);
  }
});

test('words that came with a code are what is said, whatever else the code stands for', () => {
  assert.equal(failureSentence({ code: 'model.checksum', message: 'The model file is damaged.' }), 'The model file is damaged.');
  assert.match(failureSentence({ code: 'something.new' }), /unexpected failed \(something\.new\)/);
});

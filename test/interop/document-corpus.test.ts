/** Documents that others have made, good ones and bad ones, in the locked box with the real programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runDocuments } from '../campaign/documents.ts';
import { chooseSeed } from '../harness/dice.ts';

const corpus = fileURLToPath(new URL('../corpus/documents', import.meta.url));
const OF_EACH_KIND = 2;
const BEGUN_WITHIN_MS = 100_000;
const MOST_DELAY_MS = 100;

test('good documents become pages, bad ones end with a reason in words, and other work goes on meanwhile', async (t) => {
  const say = (line: string) => t.diagnostic(line);
  const figures = await runDocuments({
    folder: corpus,
    seed: chooseSeed(),
    say,
    forMs: BEGUN_WITHIN_MS,
    ofEachKind: OF_EACH_KIND,
  });
  say(JSON.stringify(figures));
  assert.deepEqual(figures.wrong, []);
  // Fewer than a hundred: that 99 of 100 convert means here that all do.
  assert.equal(figures.good.converted, figures.good.documents);
  // A busy machine gets through fewer of them.
  assert.ok(figures.good.documents >= 5 && figures.bad.documents >= 1, 'too few were converted in time');
  assert.ok(figures.eventLoopDelayP99Ms < MOST_DELAY_MS, `${figures.eventLoopDelayP99Ms} ms`);
});

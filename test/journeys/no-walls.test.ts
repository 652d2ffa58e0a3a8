/** A system that forbids name spaces: what can be opened without walls is printed, the rest is refused in words and it is told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type MailedDocument, sha256Of, wrapDocuments, writePdf } from '../harness/mail.ts';
import { WITHOUT_NAMESPACES, whyNamespacesStay } from '../harness/no-namespaces.ts';
import { openStage, type Row } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const OFFICE = new URL('../corpus/documents/good/poi-SampleDoc.docx', import.meta.url);

const documentOf = (name: string, bytes: Buffer): MailedDocument => ({ name, bytes, sha256: sha256Of(bytes) });

test('where no walls can be had PDFs print, office documents and pages are refused with the reason, and the level is C', {
  skip: whyNamespacesStay() ?? false,
}, async () => {
  await using stage = await openStage({ database: 'external', under: WITHOUT_NAMESPACES });
  const mail = wrapDocuments('no-walls', [
    documentOf('plan.pdf', writePdf('plan', 2_000)),
    documentOf('minutes.docx', readFileSync(OFFICE)),
    documentOf('page.html', Buffer.from('<!DOCTYPE html><html><body><p>Dear Anna</p></body></html>')),
  ]);
  await stage.deliverMail(mail);
  const jobs = await eventually(
    async () => {
      const { items } = (await stage.api('GET', '/jobs?limit=100')) as { items: Row[] };
      const isOver = ({ state }: Row) => state === 'completed' || state === 'aborted';
      return items.length === 3 && items.every(isOver) ? items : undefined;
    },
    { timeoutMs: 90_000, what: 'every document has come to its end' },
  );
  const ends = jobs.map(({ title, state, problem }) => {
    const { code, advice } = (problem ?? { code: null, advice: null }) as Row;
    if (code !== null) assert.ok(String(advice).length > 20, String(advice));
    return [title, state, code];
  });
  assert.deepEqual(ends.sort(), [
    ['minutes.docx', 'aborted', 'conversion-switched-off'],
    ['page.html', 'aborted', 'conversion-switched-off'],
    ['plan.pdf', 'completed', null],
  ]);
  assert.equal(stage.peers.paper().length, 1);
  const { level, canary } = await stage.api('GET', '/conversion');
  assert.deepEqual([level, canary], ['C', 'untried']);
  const ready = await stage.ask('GET', 'readyz');
  const told = (ready.body.reasons as Row[]).find(({ name }) => name === 'conversion');
  assert.equal(ready.status, 200);
  assert.match(String(told?.detail), /^level C, .*office documents and pages are off$/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishMessages } from '../../server/intake/finish.ts';
import { intakeLimits } from '../../server/intake/limits.ts';
import { cancelJob, getJob } from '../../server/jobs/jobs.ts';
import { readJournal } from '../../server/journal/journal.ts';
import { withLease } from '../../server/store/leases.ts';
import { updateUser } from '../../server/users/users.ts';
import { addProgram, call } from '../attacks/callers.ts';
import { openWatchedMailbox, TWO_PAGES, writeMessage } from '../harness/intake.ts';
import { writePdf } from '../harness/mail.ts';
import { letters, openReplyRoom, writeSeveral } from '../harness/reply-room.ts';
import { eventually } from '../harness/time.ts';

const LONG = { timeoutMs: 90_000 };

test('whoever mails to a hold queue gets one reply, and its PIN and its links do what they say', async () => {
  await using room = await openReplyRoom();
  const { watched, context, api, paper, printer } = room;
  watched.deliver(writeMessage({ subject: 'Minutes [2 copies, duplexx]' }));
  watched.deliver(writeMessage({ subject: 'Nightly report', headers: 'Auto-Submitted: auto-generated\r\n' }));
  watched.deliver(writeMessage({ subject: 'Junk', from: 'stranger@elsewhere.example' }));
  const [letter] = await eventually(async () => {
    const found = await letters(context);
    return found.length > 0 ? found : undefined;
  }, LONG);
  assert.ok(letter !== undefined);
  assert.equal(letter.to, 'anna@practice.example');
  assert.equal(letter.subject, 'Ready to print: two-pages.pdf');
  assert.match(
    letter.text,
    /your document waits until you print it:\n\n {2}two-pages\.pdf\n {2}2 pages, 2 copies, job \d+/,
  );
  assert.match(letter.text, /kept until \d+ /);
  assert.match(letter.text, /duplexx\n\s+This is no option that Platen knows/);
  const header = (name: string) => letter.headers.find(({ key }) => key === name)?.value;
  assert.equal(header('auto-submitted'), 'auto-replied');
  assert.match(header('in-reply-to') ?? '', /@practice\.example>$/);
  const pin = /PIN (\d{4} \d{4})/.exec(letter.text)?.[1] ?? assert.fail(letter.text);
  const links = [...letter.text.matchAll(/\/links#(\S+)/g)].map(([, token]) => token);
  assert.equal(links.length, 2);
  assert.ok(letter.html.includes(pin) && links.every((token) => letter.html.includes(token ?? '?')));
  assert.match(letter.html, />Print it from here<\/a>/);
  for (const line of letter.text.split('\n')) assert.ok(line.length <= 72 || line.includes('://'), line);

  const print = await call(api, 'POST', `/api/v1/printers/${printer.id}/release`, { body: { pin } });
  assert.equal(print.status, 200, print.text);
  await eventually(async () => paper.printed().length === 1, LONG);
  // The report of the machine is held as well, and nobody is written to about it.
  await eventually(async () => {
    const states = (await watched.jobs()).map(({ state }) => state).sort();
    return states.join() === 'completed,pending-held';
  }, LONG);

  const again = (text: string) => watched.deliver(writeMessage({ subject: text }));
  again('Plans');
  const [, second] = await eventually(async () => {
    const found = await letters(context);
    return found.length > 1 ? found : undefined;
  }, LONG);
  const [printToken, cancelToken] = [...(second?.text ?? '').matchAll(/\/links#(\S+)/g)].map(([, token]) => token);
  const used = await call(api, 'POST', '/api/v1/links', { body: { token: printToken, do: true } });
  assert.equal(used.status, 200, used.text);
  await eventually(async () => (await watched.jobs()).filter(({ state }) => state === 'completed').length === 2, LONG);
  assert.equal(paper.printed().length, 2);
  const late = await call(api, 'POST', '/api/v1/links', { body: { token: cancelToken, do: true } });
  assert.notEqual(late.status, 200, 'what is printed cannot be deleted any more');
  assert.equal((await letters(context)).length, 2, 'one reply for each message, and none to machines and strangers');

  const timeline = await readJournal(context, { type: 'message-answered', limit: 10 });
  assert.equal(timeline.length, 2);
  assert.ok(timeline.every(({ ownerId }) => ownerId === watched.anna.id));

  // What becomes of the reply stands in the story of the document.
  const [reply] = timeline;
  const headers = await addProgram(api, 'administrator');
  const held = await call(api, 'POST', `/api/v1/outbox/${reply?.data.outboxMessageId}/hold`, { headers });
  assert.equal(held.status, 200, held.text);
  const job = (await watched.jobs()).find(({ messageId }) => messageId === reply?.subjectId);
  const { json } = await call(api, 'GET', `/api/v1/jobs/${job?.id}/timeline`, { headers });
  const story = (json.items as { type: string; data: { to?: string } }[]).map(({ type, data }) => [type, data.to]);
  assert.deepEqual(story.at(-1), ['outbox-message-state-changed', 'held'], JSON.stringify(story));
  assert.ok(story.some(([type]) => type === 'message-answered'));
  const ofMessage = await call(api, 'GET', `/api/v1/messages/${reply?.subjectId}/timeline`, { headers });
  const steps = (ofMessage.json.items as { words: string }[]).map(({ words }) => words);
  assert.deepEqual(
    steps.slice(-2),
    ['A reply was written to anna@practice.example.', 'The reply: Held.'],
    steps.join(),
  );
});

test('a reply tells of each document of a message, in the language of its sender', async () => {
  await using room = await openReplyRoom({ mode: 'direct' });
  const { watched, context, paper } = room;
  await updateUser(context, watched.anna.id, { language: 'it' }, 'test');
  const pdf = Buffer.from(
    writeMessage().toString('latin1').split('base64\r\n\r\n')[1]?.split('\r\n--b')[0] ?? '',
    'base64',
  );
  watched.deliver(
    writeSeveral('Verbale', [
      { name: 'verbale.pdf', content: pdf },
      { name: 'tutto.zip', content: Buffer.from('PK\u0003\u0004 not really', 'latin1') },
      { name: 'rotto.pdf', content: Buffer.from('%PDF-1.7\nnothing follows\n') },
    ]),
  );
  const [letter] = await eventually(async () => {
    const found = await letters(context);
    return found.length > 0 ? found : undefined;
  }, LONG);
  assert.equal(paper.printed().length, 1);
  assert.equal(letter?.subject, 'Non stampato: rotto.pdf e un altro');
  assert.match(letter?.text ?? '', /Ciao Anna,/);
  assert.match(
    letter?.text ?? '',
    /Ground floor ha stampato il tuo documento:\n\n {2}verbale\.pdf\n {2}2 pagine, lavoro \d+/,
  );
  assert.match(letter?.text ?? '', /questo documento non è stato stampato:\n\n {2}rotto\.pdf\n[\s\S]*danneggiato/);
  assert.match(letter?.text ?? '', /questo documento non è stato accettato:\n\n {2}tutto\.zip\n {2}\S/);
  assert.ok(!/PIN|links#/.test(letter?.text ?? ''), 'nothing is left to be released');
});

test('a document with more pages than its mailbox prints is refused with both figures, and the others print', async () => {
  await using room = await openReplyRoom({ mode: 'direct', documentPolicy: { maxPages: 1 } });
  const { watched, context, paper, api } = room;
  watched.deliver(
    writeSeveral('Minutes', [
      { name: 'short.pdf', content: writePdf('short', 900) },
      { name: 'book.pdf', content: TWO_PAGES },
    ]),
  );
  const [letter] = await eventually(async () => {
    const found = await letters(context);
    return found.length > 0 ? found : undefined;
  }, LONG);
  assert.equal(paper.printed().length, 1);
  assert.equal(letter?.subject, 'Not printed: book.pdf');
  assert.match(letter?.text ?? '', /book\.pdf\n[\s\S]*It has 2 pages; this mailbox\s+prints\s+1\s+of\s+a\s+document/);
  const [message] = await watched.messages();
  const headers = await addProgram(api, 'operator');
  const { json } = await call(api, 'GET', `/api/v1/messages/${message?.id}`, { headers });
  const documents = json.documents as { name: string; outcome: string; reason: string; reasonText: string }[];
  const book = documents.find(({ name }) => name === 'book.pdf');
  assert.deepEqual([book?.outcome, book?.reason], ['refused', 'over-page-limit']);
  assert.match(book?.reasonText ?? '', /It has 2 pages/);
});

test('a reply does not wait for a printer for ever, and what comes later is told by itself', async () => {
  await using room = await openReplyRoom({ mode: 'direct' });
  const { watched, context, paper } = room;
  await paper.close();
  watched.deliver(writeMessage({ subject: 'Waits' }));
  const job = await eventually(async () => (await watched.jobs())[0], LONG);
  await eventually(async () => (await getJob(context, job.id)).preparation === 'done', LONG);
  assert.deepEqual(await letters(context), [], 'it may still be printed in a moment');
  // As if the sender had waited for as long as that.
  await context.db.updateTable('incoming_messages').set({ finish_by: new Date() }).execute();
  const [letter] = await eventually(async () => {
    const found = await letters(context);
    return found.length > 0 ? found : undefined;
  }, LONG);
  assert.equal(letter?.subject, 'Waiting to print: two-pages.pdf');
  assert.match(letter?.text ?? '', /this waits for Ground floor/);
  assert.match(letter?.text ?? '', /Delete it:\n\S+\/links#\S+/);
  assert.ok(!/PIN/.test(letter?.text ?? ''));
  await cancelJob(context, job.id, { actor: watched.anna.id });
  assert.equal((await letters(context)).length, 1);
});

test('a mailbox says what it replies about', async () => {
  await using room = await openReplyRoom({ mode: 'direct', replyPolicy: { printed: false, refused: false } });
  const { watched, context, paper } = room;
  watched.deliver(writeMessage({ subject: 'Quiet' }));
  watched.deliver(writeSeveral('Refused', [{ name: 'all.zip', content: Buffer.from('PK\u0003\u0004 no', 'latin1') }]));
  await eventually(async () => paper.printed().length === 1, LONG);
  await eventually(async () => (await readJournal(context, { type: 'message-finished', limit: 5 })).length === 1, LONG);
  // The notices have read past it when they have read past what comes after it.
  await eventually(async () => {
    const row = await context.db.selectFrom('notice_settings').select('journal_cursor').executeTakeFirstOrThrow();
    return (await readJournal(context, { since: row.journal_cursor ?? '', limit: 1 })).length === 0;
  }, LONG);
  assert.deepEqual(await letters(context), []);
});

test('each message is finished once, whoever asks for it', async () => {
  await using watched = await openWatchedMailbox();
  const { context } = watched;
  watched.deliver(writeMessage({ subject: 'Once' }));
  const finish = (name = 'one') => withLease(context, name, {}, (lease) => finishMessages(context, lease));
  {
    await using worker = await watched.startWorker();
    await watched.settled(1);
    assert.ok(worker !== undefined);
  }
  assert.equal(await finish(), 0, 'its document is not prepared yet');
  watched.test.clock.advance(intakeLimits.replyPatienceMs);
  const counts = await Promise.all([finish('one'), finish('other')]);
  assert.deepEqual(counts.sort(), [0, 1]);
  assert.equal((await readJournal(context, { type: 'message-finished', limit: 5 })).length, 1);
  assert.equal(await finish(), 0);
});

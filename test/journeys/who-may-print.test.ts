import assert from 'node:assert/strict';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { DAY_MS } from '../../server/base/clock.ts';
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { listMessages, type NewMailbox } from '../../server/intake/intake.ts';
import { intakeLimits } from '../../server/intake/limits.ts';
import { followLink } from '../../server/intake/links/deeds.ts';
import { confirmMessage, expireHeld } from '../../server/intake/senders/confirm.ts';
import { cancelJob, getJob, holdJob, releaseJob } from '../../server/jobs/jobs.ts';
import { endHolds } from '../../server/jobs/keeping/retention.ts';
import { writeNotices } from '../../server/notices/write.ts';
import type { Context } from '../../server/store/database.ts';
import { withLease } from '../../server/store/leases.ts';
import { transaction } from '../../server/store/transaction.ts';
import { listUsers, updateUser } from '../../server/users/users.ts';
import { stampOf } from '../../simulator/stamp.ts';
import { openWatchedMailbox, type WatchedMailbox, writeMessage } from '../harness/intake.ts';
import { eventually } from '../harness/time.ts';

const FORGED = stampOf({ domain: 'practice.example', dmarc: 'fail' });
const genuine = (domain: string) => stampOf({ domain });

/** Puts what the mail server writes above what the sender wrote. */
function stamped(stamp: string, message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(stamp), message]);
}

async function openWorld(
  policy: Partial<NewMailbox> = {},
): Promise<WatchedMailbox & { workers: AsyncDisposableStack }> {
  const watched = await openWatchedMailbox({ proofPolicy: { unproven: 'hold' }, ...policy });
  const { context, connectionId } = watched;
  const outgoing = { kind: 'connection', connectionId } as const;
  await setNetworkSettings(context, { senderEmail: 'print@practice.example', senderName: undefined, outgoing }, 'test');
  // The first reading finds where the journal ends.
  await write(context);
  const workers = new AsyncDisposableStack();
  workers.use(await watched.startWorker());
  const dispose = async () => {
    await workers.disposeAsync();
    await watched[Symbol.asyncDispose]();
  };
  return { ...watched, workers, [Symbol.asyncDispose]: dispose };
}

/** Reads the journal to its end, as the worker does. */
async function write(context: Context): Promise<void> {
  await withLease(context, 'notices', {}, async (lease) => {
    while ((await writeNotices(context, lease)) > 0);
  });
}

type Letter = { readonly to: string; readonly subject: string; readonly text: string };

async function letters({ context }: WatchedMailbox): Promise<Letter[]> {
  await write(context);
  const rows = await context.db.selectFrom('outbox_messages').select(['id', 'body']).orderBy('id').execute();
  return await Promise.all(
    rows.map(async ({ body }) => {
      const { to, subject = '', text = '' } = await PostalMime.parse(body ?? Buffer.alloc(0));
      return { to: to?.[0]?.address ?? '', subject, text };
    }),
  );
}

const oneLetter = (watched: WatchedMailbox) => eventually(async () => (await letters(watched))[0]);

function tokenIn({ text }: Letter): string {
  return /\/links#([\w-]{43})/.exec(text)?.[1] ?? '';
}

test('a message that its server proves is taken, and one that it does not prove waits for a word of its owner', async () => {
  await using world = await openWorld();
  const { context, anna } = world;
  world.deliver(stamped(genuine('practice.example'), writeMessage()));
  await world.settled(1);
  assert.deepEqual(
    (await world.jobs()).map(({ reasons }) => reasons),
    [['job-hold-until-specified']],
  );

  await updateUser(context, anna.id, { addresses: ['anna@practice.example', 'anna@home.example'] }, 'test');
  world.deliver(stamped(FORGED, writeMessage({ from: 'anna@practice.example', subject: 'A forged one' })));
  const [message] = await world.settled(2);
  assert.deepEqual([message?.outcome, message?.reason], ['held', 'sender-unconfirmed']);
  assert.deepEqual(message?.proof, { verdict: 'failed', reason: 'dmarc-fail' });
  const found = async (more: object) => (await listMessages(context, { limit: 9, ...more })).map(({ id }) => id);
  assert.deepEqual(await found({ text: 'FORGED' }), [message?.id]);
  assert.deepEqual(await found({ text: message?.messageId ?? '' }), [message?.id]);
  assert.equal((await found({ text: 'anna@', since: message?.receivedAt })).length >= 1, true);
  assert.deepEqual(await found({ since: new Date((message?.receivedAt.getTime() ?? 0) + 1) }), []);
  const held = (await world.jobs()).find(({ messageId }) => messageId === message?.id);
  assert.deepEqual([held?.state, held?.reasons], ['pending-held', ['sender-unconfirmed']]);
  const id = held?.id ?? '';
  for (const ask of [{ actor: anna.id, ownerId: anna.id }, { actor: 'an operator' }]) {
    await assert.rejects(releaseJob(context, id, ask), { code: 'sender-unconfirmed' });
    // A hold must not replace the reason by one that can be released.
    await holdJob(context, id, ask);
    await assert.rejects(releaseJob(context, id, ask), { code: 'sender-unconfirmed' });
  }

  const letter = await eventually(async () => (await letters(world)).find(({ subject }) => /confirm/i.test(subject)));
  assert.equal(letter.to, 'anna@practice.example');
  await followLink(context, tokenIn(letter), '127.0.0.1');
  assert.deepEqual((await getJob(context, id)).reasons, ['job-hold-until-specified']);
  assert.equal((await world.messages())[0]?.outcome, 'done');
  await assert.rejects(followLink(context, tokenIn(letter), '127.0.0.1'), { code: 'link-used' });
});

test('the link goes to the registered address, not to the one that the message claims', async () => {
  await using world = await openWorld();
  await updateUser(world.context, world.anna.id, { addresses: ['anna@practice.example', 'anna@home.example'] }, 'test');
  world.deliver(writeMessage({ from: 'anna@home.example' }));
  await world.settled(1);
  assert.equal((await oneLetter(world)).to, 'anna@practice.example');
});

test('a proof that is missing may be accepted by an administrator, one that failed may not', async () => {
  await using world = await openWorld({ proofPolicy: { unproven: 'accept' } });
  world.deliver(writeMessage());
  world.deliver(stamped(FORGED, writeMessage()));
  assert.deepEqual((await world.settled(2)).map(({ outcome }) => outcome).sort(), ['done', 'held']);
});

test('a mailbox that refuses what is not proven answers nobody', async () => {
  await using world = await openWorld({ proofPolicy: { unproven: 'refuse' } });
  world.deliver(writeMessage());
  const [message] = await world.settled(1);
  assert.deepEqual([message?.outcome, message?.reason], ['refused', 'unproven-sender']);
  world.deliver(stamped(genuine('practice.example'), writeMessage()));
  await world.settled(2);
  // The answer to the second message shows that the events before it were passed without a word.
  world.test.clock.advance(intakeLimits.replyPatienceMs);
  assert.match((await oneLetter(world)).subject, /Ready to print/);
  assert.equal((await letters(world)).length, 1);
});

test('a stranger who is proven and of an allowed domain becomes a user, and nobody else does', async () => {
  await using world = await openWorld({
    senderPolicy: { unknown: 'register', domains: ['contoso.example'], group: 'School' },
  });
  world.deliver(writeMessage({ from: 'carla@contoso.example' }));
  world.deliver(stamped(genuine('elsewhere.example'), writeMessage({ from: 'x@elsewhere.example' })));
  world.deliver(stamped(genuine('contoso.example'), writeMessage({ from: 'x@sub.contoso.example' })));
  assert.deepEqual([...new Set((await world.settled(3)).map(({ reason }) => reason))], ['unknown-sender']);
  assert.equal((await listUsers(world.context, { limit: 50 })).items.length, 1);

  for (let times = 0; times < 2; times += 1) {
    world.deliver(stamped(genuine('contoso.example'), writeMessage({ from: 'carla@contoso.example' })));
  }
  await world.settled(5);
  const users = (await listUsers(world.context, { limit: 50 })).items;
  const carla = users.find(({ email }) => email === 'carla@contoso.example');
  assert.deepEqual([users.length, carla?.role, carla?.hasPassword, carla?.group], [2, 'user', false, 'School']);
  assert.equal((await world.jobs()).filter(({ ownerId }) => ownerId === carla?.id).length, 2);
  const welcome = await eventually(async () =>
    (await letters(world)).find(({ text }) => text.includes('print@practice.example')),
  );
  assert.equal(welcome.to, 'carla@contoso.example');
});

test('a stranger who is proven confirms over a link and becomes a user, one who is not gets no word', async () => {
  await using world = await openWorld({ senderPolicy: { unknown: 'hold' }, language: 'it' });
  world.deliver(writeMessage({ from: 'dario@contoso.example' }));
  world.deliver(
    stamped(genuine('contoso.example'), writeMessage({ from: 'carla@contoso.example', subject: 'My form' })),
  );
  const messages = await world.settled(2);
  assert.deepEqual(messages.map(({ outcome }) => outcome).sort(), ['held', 'refused']);
  assert.equal((await world.jobs()).length, 0);
  const letter = await oneLetter(world);
  assert.deepEqual([letter.to, letter.subject], ['carla@contoso.example', 'Confermare, per favore: My form']);
  await followLink(world.context, tokenIn(letter), '127.0.0.1');
  const [job] = await world.jobs();
  assert.deepEqual([job?.title, job?.ownerName], ['two-pages.pdf', 'carla@contoso.example']);
  assert.ok((await letters(world)).every(({ to }) => to !== 'dario@contoso.example'));
});

test('a stranger is written to, and registered, in the language of the mail program', async () => {
  await using world = await openWorld({ senderPolicy: { unknown: 'hold' }, language: 'it' });
  const written = writeMessage({ from: 'carla@contoso.example', subject: 'My form' }).toString('latin1');
  const english = Buffer.from(`Content-Language: en-GB\r\nAccept-Language: it-IT\r\n${written}`, 'latin1');
  world.deliver(stamped(genuine('contoso.example'), english));
  await world.settled(1);
  const letter = await oneLetter(world);
  assert.doesNotMatch(letter.subject, /Confermare/);
  await followLink(world.context, tokenIn(letter), '127.0.0.1');
  const { items } = await listUsers(world.context, { limit: 50 });
  assert.equal(items.find(({ email }) => email === 'carla@contoso.example')?.language, 'en');
});

test('what nobody confirms in seven days is refused and forgotten', async () => {
  await using world = await openWorld({ senderPolicy: { unknown: 'hold' } });
  world.deliver(writeMessage());
  world.deliver(stamped(genuine('contoso.example'), writeMessage({ from: 'carla@contoso.example' })));
  await world.settled(2);
  assert.ok((await world.messages()).every(({ outcome }) => outcome === 'held'));
  await world.workers.disposeAsync();
  const { context } = world;
  world.test.clock.advance(7 * DAY_MS - 1);
  assert.equal(await expireHeld(context), 0);
  assert.equal(await endHolds(context), 0);
  world.test.clock.advance(1);
  assert.equal(await expireHeld(context), 2);
  assert.ok((await world.messages()).every(({ reason }) => reason === 'never-confirmed'));
  assert.deepEqual(
    (await world.jobs()).map(({ state, problem }) => [state, problem?.code]),
    [['aborted', 'never-confirmed']],
  );
  const kept = await context.db
    .selectFrom('incoming_documents')
    .select('spool_id')
    .where('spool_id', 'is not', null)
    .execute();
  assert.deepEqual(kept, []);
  // Who only claims to have sent it is not written to.
  assert.equal((await letters(world)).filter(({ to }) => to === 'anna@practice.example').length, 1);
});

test('what is held for its sender waits longer than its queue holds, and from the confirmation on as long as that', async () => {
  await using world = await openWorld();
  const { context, test } = world;
  world.deliver(writeMessage());
  await world.settled(1);
  const letter = await oneLetter(world);
  const { id = '', heldUntil } = (await world.jobs())[0] ?? {};
  const [message] = await world.messages();
  assert.equal(heldUntil?.getTime(), (message?.receivedAt.getTime() ?? 0) + 7 * DAY_MS);
  await world.workers.disposeAsync();
  test.clock.advance(6 * DAY_MS);
  assert.equal(await endHolds(context), 0);
  await followLink(context, tokenIn(letter), '127.0.0.1');
  const confirmed = await getJob(context, id);
  assert.deepEqual([confirmed.state, confirmed.reasons], ['pending-held', ['job-hold-until-specified']]);
  assert.equal(confirmed.heldUntil?.getTime(), test.clock.now().getTime() + 2 * DAY_MS);
});

test('a message that came too late to be confirmed says so, and a proven sender hears that it is not printed', async () => {
  await using world = await openWorld();
  const { context, test } = world;
  const twice = 'Content-Type: text/plain\r\nContent-Type: application/pdf; name="two-pages.pdf"';
  const ambiguous = writeMessage()
    .toString('latin1')
    .replace('Content-Type: application/pdf; name="two-pages.pdf"', twice);
  world.deliver(stamped(genuine('practice.example'), Buffer.from(ambiguous)));
  const [message] = await world.settled(1);
  assert.deepEqual([message?.outcome, message?.reason], ['held', 'ambiguous-structure']);
  await oneLetter(world);
  await world.workers.disposeAsync();
  test.clock.advance(7 * DAY_MS);
  const late = transaction(context, (context) => confirmMessage(context, message?.id ?? '', world.anna.id));
  await assert.rejects(late, { code: 'link-expired' });
  assert.equal(await expireHeld(context), 1);
  const told = (await letters(world)).map(({ to, subject }) => [to, subject]);
  assert.equal(told.length, 2, JSON.stringify(told));
  assert.equal(told[1]?.[0], 'anna@practice.example');
  assert.match(told[1]?.[1] ?? '', /[Nn]ot /);
});

test('an address of a user who is switched off is refused under every policy', async () => {
  await using world = await openWorld({ senderPolicy: { unknown: 'register' } });
  await updateUser(world.context, world.anna.id, { disabled: true }, 'test');
  world.deliver(stamped(genuine('practice.example'), writeMessage()));
  assert.equal((await world.settled(1))[0]?.reason, 'disabled-sender');
});

test('a job that waits for its sender can be canceled, and stays canceled after a late confirmation', async () => {
  await using world = await openWorld();
  world.deliver(writeMessage());
  await world.settled(1);
  const [job] = await world.jobs();
  await cancelJob(world.context, job?.id ?? '', { actor: 'an operator' });
  await followLink(world.context, tokenIn(await oneLetter(world)), '127.0.0.1');
  assert.equal((await world.jobs())[0]?.state, 'canceled');
});

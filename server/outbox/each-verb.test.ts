/** Each step of a submission answered with each kind of trouble: one table, read from the wire to the row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aMessage, openOutboxStage, reach } from '../../test/harness/outbox.ts';
import type { Moment, Reaction } from '../../test/harness/submission-server.ts';
import { eventually } from '../../test/harness/time.ts';
import type { OutboxState } from '../store/schema.ts';
import { getMessage, releaseMessage, submitMessage } from './outbox.ts';

const SAYS_NO: Readonly<Record<string, string>> = {
  '421': '421 4.3.2 Service shutting down',
  '451': '451 4.3.0 Not now',
  '550': '550 5.7.1 Never',
};
const PAUSED = ['deferred', 'server'] as const;
const LATER = ['deferred', 'message'] as const;
const HELD = ['held', 'mailbox'] as const;

/** What becomes of the message, and what suffers: the message alone, or everything that leaves through this server. */
const TABLE: readonly (readonly [Moment, keyof typeof SAYS_NO | 'reset', OutboxState, string])[] = [
  ['connect', '421', ...PAUSED],
  ['connect', '451', ...PAUSED],
  ['connect', '550', ...PAUSED],
  ['connect', 'reset', ...PAUSED],
  ['ehlo', '421', ...PAUSED],
  ['ehlo', 'reset', ...PAUSED],
  ['auth', '421', ...PAUSED],
  ['auth', '451', ...PAUSED],
  ['auth', '550', ...HELD],
  ['auth', 'reset', ...PAUSED],
  ['mail', '421', ...PAUSED],
  ['mail', '451', ...LATER],
  ['mail', '550', 'held', 'message'],
  ['mail', 'reset', ...PAUSED],
  ['rcpt', '421', ...PAUSED],
  ['rcpt', '451', ...LATER],
  ['rcpt', '550', 'failed', 'message'],
  ['rcpt', 'reset', ...PAUSED],
  ['data', '421', ...PAUSED],
  ['data', '451', ...LATER],
  ['data', '550', 'failed', 'message'],
  ['data', 'reset', ...PAUSED],
  // A small message is already on its way with its dot.
  ['content', 'reset', 'uncertain', 'message'],
  ['dot', '421', ...PAUSED],
  ['dot', '451', ...LATER],
  ['dot', '550', 'failed', 'message'],
  ['dot', 'reset', 'uncertain', 'message'],
];

test('trouble at each step ends in its state, with what was said, and a retry after the cure sends the message once', async () => {
  await using stage = await openOutboxStage('scanner');
  const { context, server } = stage;
  for (const [moment, kind, state, scope] of TABLE) {
    const what = `${kind} at ${moment}`;
    const reaction: Reaction = kind === 'reset' ? 'drop' : SAYS_NO[kind];
    server.react((said) => (said.moment === moment ? reaction : undefined));
    const id = await submitMessage(context, aMessage());
    const found = await reach(context, id, state).catch((cause: unknown) => {
      throw new Error(what, { cause });
    });
    assert.ok(found.problem !== null, what);
    if (kind !== 'reset') assert.match(found.problem.remote ?? '', new RegExp(`^${kind} `), what);
    const parked = await context.db.selectFrom('pace_buckets').select(['parked_until', 'is_held']).execute();
    const suffers = parked.some((one) => one.is_held)
      ? 'mailbox'
      : parked.some((one) => one.parked_until)
        ? 'server'
        : 'message';
    assert.equal(suffers, scope, what);
    await eventually(() => server.openSessions() === 0, { what: `the session has ended (${what})` });
    server.react(() => undefined);
    const acceptedBefore = server.accepted.length;
    await releaseMessage(context, id, 'test');
    await reach(context, id, 'sent');
    assert.equal(server.accepted.length, acceptedBefore + 1, what);
    assert.equal((await getMessage(context, id)).possiblyTwice, state === 'uncertain', what);
    await eventually(() => server.openSessions() === 0);
    await context.db.deleteFrom('outbox_messages').execute();
    await context.db.deleteFrom('pace_buckets').execute();
  }
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addPerson, call, openServer } from '../../../test/attacks/callers.ts';
import type { TestContext } from '../../../test/harness/database.ts';
import {
  connectPractice,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../../test/harness/practice-connection.ts';
import { DAY_MS, MINUTE_MS } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { createConnection, getConnection } from '../connections.ts';
import { answerConnection } from '../shapes.ts';
import { findTokens, renewTokens } from '../tokens.ts';
import { writeAppointment } from './calendar.ts';
import { beginPermission, endPermission } from './permissions.ts';
import { tellExpiries } from './watch.ts';

let practice: Practice & AsyncDisposable;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());

async function renewNow({ context, clock }: TestContext, id: string): Promise<void> {
  clock.advance(1000);
  const since = (await findTokens(context, id))?.renewed_at ?? new Date(0);
  await renewTokens(context, id, { since, signal: new AbortController().signal });
}

/** A permission of the same account that began so many days ago and was ended by Microsoft so many days later. */
async function remember({ context }: TestContext, id: string, life: { agoDays: number; days: number; aadsts: number }) {
  const account = (await getConnection(context, id)).account;
  assert.ok(account);
  await beginPermission(context, id, { method: 'link', account: { oid: account.objectId, tid: account.tenantId } });
  await endPermission(context, id, life.aadsts);
  const signedInAt = new Date(context.clock.now().getTime() - life.agoDays * DAY_MS);
  await context.db
    .updateTable('connection_permissions')
    .set({ signed_in_at: signedInAt, ended_at: new Date(signedInAt.getTime() + life.days * DAY_MS) })
    .where('end_aadsts', '=', life.aadsts)
    .execute();
  await beginPermission(context, id, { method: 'link', account: { oid: account.objectId, tid: account.tenantId } });
}

async function toldOf({ context }: TestContext, id: string): Promise<unknown[]> {
  const events = await readJournal(context, { subjectId: id, type: 'connection-expiry-near', limit: 10 });
  return events.map(({ data }) => data.days);
}

describe('the forecast of a connection', () => {
  test('what Microsoft refuses is kept as evidence: when the permission began, when it ended and the number', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM });
    const first = (await getConnection(context, id)).expiry;
    assert.deepEqual([first.kind, first.reason, first.method], ['unknown', 'young', 'device-code']);
    assert.equal(first.risks[0], 'device-code-policy');
    await practice.steer('/switch', { switch: 'mfa-expired', account: PRINT_ROOM });
    await renewNow(node, id);
    const connection = await getConnection(context, id);
    assert.equal(connection.state, 'needs-confirmation');
    assert.equal(connection.expiry.reason, 'not-confirmed');
    const [ended] = connection.expiry.history;
    assert.equal(ended?.endAadsts, 50078);
    assert.ok(ended.endedAt !== undefined && ended.endedAt >= ended.signedInAt);
    const { expiry } = answerConnection(connection, 'it');
    assert.equal(expiry.history[0]?.aadsts, 50078);
    assert.equal(expiry.reasonText, 'Al momento non c’è alcun accesso concesso.');
    await practice.steer('/reset', {});
  });

  test('the expected end is told seven days and one day before, each once, and by a new permission again', async () => {
    await using node = await openPracticeContext(practice);
    const { context, clock } = node;
    const id = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM });
    await remember(node, id, { agoDays: 40, days: 30, aadsts: 50078 });
    assert.equal((await getConnection(context, id)).expiry.kind, 'likely');
    const touch = () =>
      context.db
        .updateTable('connection_tokens')
        .set({ renewed_at: clock.now() })
        .where('connection_id', '=', id)
        .execute();
    for (const [days, told] of [
      [22.9, []],
      [0.2, [7]],
      [1, [7]],
      [5, [1, 7]],
      [0.5, [1, 7]],
    ] as const) {
      clock.advance(days * DAY_MS);
      await touch();
      await tellExpiries(context);
      await tellExpiries(context);
      assert.deepEqual((await toldOf(node, id)).sort(), told, `after ${days} more days`);
    }
  });

  test('two nodes that look at the same time tell it once', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM });
    await remember(node, id, { agoDays: 40, days: 5, aadsts: 70043 });
    await using other = await openPracticeContext(practice, node);
    other.clock.setWallClock(node.clock.now());
    await Promise.all([tellExpiries(node.context), tellExpiries(other.context)]);
    assert.deepEqual(await toldOf(node, id), [7]);
  });

  test('the calendar file is had by an operator for a permission with an expected end, and 404 tells that there is none', async () => {
    await using server = await openServer();
    const { context } = server.test;
    const { headers } = await addPerson(server, 'operator');
    const asked = { title: 'Waits', clientId: practice.clientId, tenantId: practice.tid, cloud: 'worldwide' };
    const { id } = await createConnection(context, { ...asked, uses: ['imap'] }, 'test');
    const path = `/api/v1/connections/${id}/expiry.ics`;
    assert.equal((await call(server, 'GET', path, { headers })).status, 404);
    const account = { account_tid: practice.tid, account_oid: 'anna', account_username: PRINT_ROOM };
    await context.db
      .updateTable('connections')
      .set({ ...account, state: 'connected' })
      .where('id', '=', id)
      .execute();
    for (const aadsts of [70043, undefined]) {
      await beginPermission(context, id, { method: 'link', account: { oid: 'anna', tid: practice.tid } });
      server.test.clock.advance(MINUTE_MS);
      if (aadsts !== undefined) await endPermission(context, id, aadsts);
    }
    const answer = await call(server, 'GET', path, { headers: { ...headers, 'accept-language': 'it' } });
    assert.equal(answer.status, 200, answer.text);
    assert.match(String(answer.headers['content-type']), /^text\/calendar/);
    assert.match(answer.text, /^BEGIN:VCALENDAR\r\n[\s\S]*SUMMARY:Platen: confermare di nuovo Waits/);
  });

  test('the calendar file names day, reason and page, and reminds a week and a day before', () => {
    const appointment = {
      uid: 'one@platen',
      at: new Date('2026-12-03T10:02:00Z'),
      title: 'MS Exchange Online',
      account: PRINT_ROOM,
      reason: 'Because of a comma, and\na new line.',
      url: 'https://platen.example/settings/connections/1',
    };
    for (const language of ['en', 'it'] as const) {
      const file = writeAppointment({ ...appointment, language });
      assert.match(file, /\r\nDTSTART:20261203T100200Z\r\n/);
      assert.match(file, /\r\nUID:one@platen\r\n/);
      assert.deepEqual(
        [...file.matchAll(/TRIGGER:(\S+)/g)].map((match) => match[1]),
        ['-PT168H', '-PT24H'],
      );
      const unfolded = file.replaceAll(/\r\n[ \t]/g, '');
      assert.match(unfolded, /SUMMARY:Platen: .*MS Exchange Online/);
      assert.match(unfolded, /Because of a comma\\, and\\na new line\./);
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call, openServer } from '../../test/attacks/callers.ts';
import { newId } from '../base/secrets.ts';
import { setNetworkSettings } from '../connections/connections.ts';
import { setAlarmSettings } from '../notices/notices.ts';
import { addDevice, updateDevice } from '../relay/relay.ts';
import type { Context } from '../store/database.ts';
import { isMicrosoftHost, readReadiness } from './readiness.ts';
import { readinessRoutes } from './routes.ts';

const classic = { port: 587, security: 'starttls', verifyCertificate: true } as const;

test('hosts of Microsoft are told from others, and an own connector takes no password', () => {
  for (const host of ['smtp.office365.com', 'outlook.office365.com.', 'smtp-mail.outlook.com', 'SMTP.Office365.us']) {
    assert.equal(isMicrosoftHost(host), true, host);
  }
  for (const host of [
    'contoso-com.mail.protection.outlook.com',
    'mail.practice.example',
    'notoffice365.com',
    'office365.com.evil.example',
  ]) {
    assert.equal(isMicrosoftHost(host), false, host);
  }
});

async function send(context: Context, host: string, username: string | null): Promise<void> {
  const outgoing = { kind: 'classic', server: { ...classic, host, username }, password: 'a password' } as const;
  await setNetworkSettings(context, { senderEmail: 'print@contoso.example', senderName: undefined, outgoing }, 'test');
}

async function addMailbox({ db, clock }: Context, host: string): Promise<string> {
  const [id, queueId] = [newId(), newId()];
  await db.insertInto('queues').values({ id: queueId, name: queueId, mode: 'hold' }).execute();
  const server = JSON.stringify({ host, port: 993, security: 'tls', username: 'print' });
  const more = { folder: 'INBOX', poll_seconds: 60, after_intake: 'move', queue_id: queueId } as const;
  const about = { id, title: `Box at ${host}`, protocol: 'imap', address: `${id}@contoso.example` } as const;
  await db
    .insertInto('mailboxes')
    .values({ ...about, ...more, server, state_since: clock.now() })
    .execute();
  return id;
}

test('what uses a password at Microsoft or plain SMTP is named with its urgency, and what is well is not', async () => {
  await using server = await openServer({ routes: [readinessRoutes] });
  const { context } = server.test;
  const { headers } = await addPerson(server, 'operator');
  const empty = await call(server, 'GET', '/api/v1/readiness', { headers });
  assert.equal(empty.status, 200, empty.text);
  assert.deepEqual([empty.json.isReady, empty.json.items], [true, []]);

  await send(context, 'smtp.office365.com', 'print@contoso.example');
  const mailboxId = await addMailbox(context, 'outlook.office365.com');
  await addMailbox(context, 'mail.practice.example');
  await setAlarmSettings(
    context,
    {
      server: {
        ...classic,
        host: 'smtp.office365.com',
        username: 'alarm@contoso.example',
        password: 'another',
        sender: 'alarm@contoso.example',
        recipients: ['desk@contoso.example'],
      },
    },
    'test',
  );
  await addDevice(context, { name: 'By address', addresses: ['192.0.2.7'] }, 'test');
  await addDevice(context, { name: 'Well', credential: { username: 'well' } }, 'test');
  const plain = await addDevice(
    context,
    { name: 'Old', credential: { username: 'old' }, allowsPlainAuth: true },
    'test',
  );
  const items = await readReadiness(context);
  assert.deepEqual(
    items.map(({ kind, urgency, name }) => [kind, urgency, name]),
    [
      ['mailbox-password', 'now', 'Box at outlook.office365.com'],
      ['outgoing-password', 'by-the-end-of-2026', 'smtp.office365.com'],
      ['alarm-password', 'by-the-end-of-2026', 'smtp.office365.com'],
      ['device-by-address', 'when-you-can', 'By address'],
      ['device-plain-password', 'when-you-can', 'Old'],
    ],
  );
  assert.equal(items[0]?.subjectId, mailboxId);
  for (const language of ['en', 'it']) {
    const answer = await call(server, 'GET', '/api/v1/readiness', {
      headers: { ...headers, 'accept-language': language },
    });
    assert.equal(answer.json.isReady, false);
    for (const { title, advice } of answer.json.items as { title: string; advice: string }[]) {
      assert.ok(title.length > 10 && advice.length > 20 && !`${title}${advice}`.includes('{{'), title);
    }
  }
  await updateDevice(context, plain.device.id, { change: { isEnabled: false }, actor: 'test' });
  await send(context, 'mail.practice.example', 'print');
  const left = await readReadiness(context);
  assert.deepEqual(
    left.map(({ kind }) => kind),
    ['mailbox-password', 'alarm-password', 'device-by-address'],
  );
});

test('only who looks after Platen reads the report', async () => {
  await using server = await openServer({ routes: [readinessRoutes] });
  const { headers } = await addPerson(server, 'user');
  assert.equal((await call(server, 'GET', '/api/v1/readiness', { headers })).status, 403);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { readMessage } from '../protocols/mime/split.ts';
import { addUser } from '../users/users.ts';
import { admit, isAutomatic, mayBeAnswered } from './admission.ts';
import { policyOf } from './senders/policy.ts';

async function judge(fields: string, from = 'anna@practice.example'): Promise<boolean> {
  const { head } = await readMessage(Buffer.from(`From: <${from}>\r\nSubject: x\r\n${fields}\r\n\r\nHello\r\n`));
  return isAutomatic(head);
}

test('what a machine wrote is told by its header', async () => {
  const automatic = [
    'Auto-Submitted: auto-replied',
    'auto-submitted: Auto-Generated; type=x',
    'Auto-Submitted: no\r\nAuto-Submitted: auto-notified',
    'Return-Path: <>',
    'Return-Path: < >',
    'Precedence: bulk',
    'Precedence: LIST',
    'Precedence: junk',
    'List-Id: <all.practice.example>',
    'List-Unsubscribe: <mailto:x@y.example>',
    'X-Auto-Response-Suppress: All',
    'X-Auto-Response-Suppress: DR, OOF, AutoReply',
    'X-Platen-Hop: 1',
    'Message-ID: <platen-notice.0198a2b3@practice.example>',
    'Message-ID: <platen-alarm.0198a2b3@practice.example>',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
  ];
  for (const fields of automatic) assert.equal(await judge(fields), true, fields);
});

test('what a person wrote stays a message of a person', async () => {
  const personal = [
    'X-Other: y',
    'Auto-Submitted: no',
    'Auto-Submitted: No (a person)',
    'Return-Path: <anna@practice.example>',
    'Precedence: normal',
    'X-Auto-Response-Suppress: DR, RN, NRN, OOF',
    'Content-Type: text/plain',
    'Message-ID: <about.platen-notice.1@practice.example>',
  ];
  for (const fields of personal) assert.equal(await judge(fields), false, fields);
});

test('senders that nobody reads are not answered, whatever else the header says', async () => {
  for (const from of ['MAILER-DAEMON@x.example', 'postmaster@x.example', 'no-reply@x.example', 'noreply@x.example']) {
    assert.equal(await judge('X-Other: y', from), true, from);
  }
  for (const from of ['list-request@x.example', 'owner-list@x.example', 'list-bounces@x.example']) {
    assert.equal(await judge('X-Other: y', from), true, from);
  }
  assert.equal(await judge('X-Other: y', 'norah@x.example'), false);
  assert.equal(await judge('From: <second@x.example>'), true);
});

test('what machines write for users is taken or refused by the rule of the mailbox, and reports in no case', async () => {
  await using test = await openTestContext();
  await addUser(test.context, { email: 'anna@practice.example', name: 'Anna', role: 'user' }, 'test');
  const judge = async (senderPolicy: object, fields: string) => {
    const rules = { proofPolicy: { unproven: 'accept' }, senderPolicy };
    const policy = policyOf({ policy: rules, connection_id: null });
    const { head } = await readMessage(
      Buffer.from(`From: <anna@practice.example>\r\nSubject: x\r\n${fields}\r\n\r\nHello\r\n`),
    );
    const admission = await admit(test.context, head, {
      known: new Map(),
      door: { address: 'print@practice.example', policy },
    });
    assert.equal(mayBeAnswered(head, admission.proof, policy), fields.startsWith('X-Other'), fields);
    return admission.kind === 'refused' ? admission.reason : admission.kind;
  };
  const automatic = ['Auto-Submitted: auto-replied', 'List-Id: <news.practice.example>', 'Precedence: bulk'];
  for (const fields of automatic) {
    assert.equal(await judge({}, fields), 'admitted', fields);
    assert.equal(await judge({ machines: 'refuse' }, fields), 'automatic-message', fields);
  }
  assert.equal(await judge({ machines: 'refuse' }, 'X-Other: y'), 'admitted');
  const reports = [
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=b',
    'Auto-Submitted: auto-replied\r\nX-Failed-Recipients: x@elsewhere.example',
  ];
  for (const fields of reports) assert.equal(await judge({}, fields), 'mail-report', fields);
});

test('a machine that nobody knows becomes no user and is asked nothing, however well it is proven', async () => {
  await using test = await openTestContext();
  const judge = async (unknown: 'register' | 'hold', from: string, fields: string) => {
    const senderPolicy = { unknown, domains: [] };
    const rules = { hostKind: 'other', authservId: 'mx.practice.example', senderPolicy } as const;
    const policy = policyOf({ policy: rules, connection_id: null });
    const results = 'Authentication-Results: mx.practice.example; dmarc=pass header.from=practice.example';
    const raw = `${results}\r\nFrom: <${from}>\r\nSubject: x\r\n${fields}\r\n\r\nHello\r\n`;
    const { head } = await readMessage(Buffer.from(raw));
    const door = { address: 'print@practice.example', policy };
    const { kind, proof } = await admit(test.context, head, { known: new Map(), door });
    assert.equal(proof.verdict, 'proven');
    return kind;
  };
  for (const [unknown, kind] of [
    ['register', 'registered'],
    ['hold', 'held'],
  ] as const) {
    assert.equal(await judge(unknown, 'bruno@practice.example', 'X-Other: y'), kind);
    assert.equal(await judge(unknown, 'noreply@practice.example', 'X-Other: y'), 'refused');
    assert.equal(await judge(unknown, 'bruno@practice.example', 'Auto-Submitted: auto-generated'), 'refused');
    assert.equal(await judge(unknown, 'news@practice.example', 'List-Id: <news.practice.example>'), 'refused');
  }
});

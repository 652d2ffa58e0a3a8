import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from '../protocols/mime/split.ts';
import { isAutomatic } from './admission.ts';

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

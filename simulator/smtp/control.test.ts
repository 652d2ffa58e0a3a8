import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { clientOf } from '../testing.ts';

const PRINT = 'print@practice.example';
const SMTP_SCOPES = 'https://outlook.office.com/SMTP.Send offline_access openid';

let practice: RunningPracticeTenant;
let accessToken: string;

before(async () => {
  practice = await startPracticeTenant({ printers: [] });
  const { json } = await clientOf(practice).signIn(PRINT, { scope: SMTP_SCOPES });
  accessToken = String(json.access_token);
});

after(() => practice.close());

beforeEach(async () => {
  assert.equal((await control('/smtp/reset', {})).status, 200);
});

function control(path: string, body?: Record<string, unknown>) {
  return clientOf(practice).control(path, body);
}

async function sendMail(subject: string, to = 'x@partner.example'): Promise<string> {
  const transport = createTransport({
    host: 'localhost',
    port: practice.smtp.port,
    requireTLS: true,
    tls: { ca: practice.certificates.ca },
    auth: { type: 'OAuth2', user: PRINT, accessToken },
  });
  try {
    return (await transport.sendMail({ from: PRINT, to, subject, text: subject })).response;
  } finally {
    transport.close();
  }
}

type Listed = { id: number; sender: string; recipients: string[]; bytes: number; sha256: string; session: number };

test('accepted messages are listed with envelope and hash, read back, and asked for from a number on', async () => {
  await sendMail('one');
  await sendMail('two');
  const listed = (await control('/smtp/accepted')).json.accepted as Listed[];
  assert.deepEqual(
    listed.map(({ sender, recipients }) => [sender, recipients]),
    [
      [PRINT, ['x@partner.example']],
      [PRINT, ['x@partner.example']],
    ],
  );
  const [first, second] = listed as [Listed, Listed];
  assert.match(first.sha256, /^[0-9a-f]{64}$/);
  assert.notEqual(first.session, second.session);
  const later = (await control(`/smtp/accepted?after=${first.id}`)).json.accepted as Listed[];
  assert.deepEqual(later, [second]);
  const { message } = (await control(`/smtp/message?id=${second.id}`)).json;
  const content = Buffer.from(String(message), 'base64');
  assert.equal(content.length, second.bytes);
  assert.match(content.toString(), /^Subject: two\r\n/m);
  assert.equal((await control('/smtp/message?id=999')).status, 400);
});

test('a fault is armed, seen as used, and cleared', async () => {
  await control('/smtp/fault', { phase: 'mail', reply: '451 4.3.0 Later', times: 2 });
  await assert.rejects(sendMail('refused'), /451 4\.3\.0 Later/);
  const { faults, names } = (await control('/smtp/faults')).json as { faults: unknown[]; names: string[] };
  assert.deepEqual(faults, [{ fault: { phase: 'mail', reply: '451 4.3.0 Later', times: 2 }, left: 1, fired: 1 }]);
  assert.ok(names.includes('drops-after-data'));
  await control('/smtp/clear-faults', {});
  assert.match(await sendMail('taken'), /^250 /);
});

const NO_FAULTS: Readonly<Record<string, Record<string, unknown>>> = {
  'without a moment': { drop: true },
  'at a moment that there is not': { phase: 'dinner', drop: true },
  'without a deed': { phase: 'mail' },
  'with two deeds': { phase: 'mail', drop: true, hang: true },
  'with a reply that is none': { phase: 'mail', reply: 'no' },
  'with a reply of two unmarked lines': { phase: 'mail', reply: '250 yes\r\nno' },
  'with a name that there is not': { named: 'dinner' },
  'with a name and a moment': { named: 'busy', phase: 'mail' },
  'after a moment that leaves nothing behind': { phase: 'mail', drop: true, when: 'after' },
  'with a reply inside the content': { phase: 'content', reply: '451 no' },
  'with a field that there is not': { phase: 'mail', drop: true, color: 'red' },
};
for (const [name, fault] of Object.entries(NO_FAULTS)) {
  test(`a fault ${name} is refused with a reason`, async () => {
    const answer = await control('/smtp/fault', fault);
    assert.equal(answer.status, 400);
    assert.ok(String(answer.json.error).length > 10);
    assert.deepEqual((await control('/smtp/faults')).json.faults, []);
  });
}

test('switches are set, listed, and refused as a whole when one of them is wrong', async () => {
  const set = await control('/smtp/switch', { mailboxAuth: { [PRINT]: 'off' }, messagesPerMinute: 5 });
  assert.equal((set.json.switches as Record<string, unknown>).messagesPerMinute, 5);
  await assert.rejects(sendMail('off'), /SmtpClientAuthentication is disabled for the Mailbox/);
  const wrong = await control('/smtp/switch', { mailboxAuth: { [PRINT]: 'inherit' }, color: 'red' });
  assert.equal(wrong.status, 400);
  assert.equal((await control('/smtp/switch', { maxRecipients: 0 })).status, 400);
  assert.equal((await control('/smtp/switch', { mailboxAuth: { [PRINT]: 'maybe' } })).status, 400);
  await assert.rejects(sendMail('still off'), /disabled for the Mailbox/);
  await control('/smtp/switch', { mailboxAuth: { [PRINT]: 'inherit' }, messagesPerMinute: null });
  assert.match(await sendMail('on'), /^250 /);
});

test('sessions are seen and can be ended', async () => {
  await control('/smtp/fault', { phase: 'end-of-data', hang: true });
  const sending = assert.rejects(sendMail('waiting'), /closed|ECONNRESET/i);
  await eventually(async () => {
    const [session] = (await control('/smtp/sessions')).json.sessions as Record<string, unknown>[];
    return session?.mailbox === PRINT && session.tlsVersion === 'TLSv1.3' && session.sender === PRINT;
  });
  await eventually(async () => ((await control('/smtp/counters')).json.counters as { lost: number }).lost === 1);
  assert.deepEqual((await control('/smtp/end-sessions', { how: 'reset', mailbox: 'anna@practice.example' })).json, {
    ended: 0,
  });
  assert.deepEqual((await control('/smtp/end-sessions', { how: 'reset' })).json, { ended: 1 });
  await sending;
});

test('counters tell logins, refusals and commands, and start again when cleared', async () => {
  await sendMail('counted');
  await assert.rejects(sendMail('refused', 'quota@practice.example'));
  type Counted = { accepted: number; refused: number; commands: Record<string, number> };
  const { accepted, refused, commands } = (await control('/smtp/counters')).json.counters as Counted;
  assert.deepEqual({ accepted, refused, data: commands.DATA }, { accepted: 1, refused: 1, data: 2 });
  const cleared = (await control('/smtp/clear', {})).json.counters as Counted;
  assert.equal(cleared.accepted, 0);
  assert.deepEqual((await control('/smtp/accepted')).json.accepted, []);
});

async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await isTrue())) if (performance.now() > deadline) assert.fail('it did not happen within 5 s');
}

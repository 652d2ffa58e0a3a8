import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { clientOf } from '../testing.ts';
import { REHEARSALS } from './rehearsals.ts';

let practice: RunningPracticeTenant;

before(async () => {
  practice = await startPracticeTenant();
});
after(() => practice.close());

/** Everything that a rehearsal may change, as text. */
function picture(): string {
  const { tenant, imap, pop3, smtp } = practice;
  const { accounts, apps, consents, sharedMailboxes, tenants } = tenant;
  const faults = [imap.faults.list().map(({ fault }) => fault.kind), pop3.faults.list()];
  const kept = [
    [...apps.values()],
    [...consents].map(([key, names]) => [key, [...names].sort()]),
    [...sharedMailboxes],
  ];
  return JSON.stringify([accounts, tenants, kept, faults, { ...smtp.switches, mailboxAuth: {} }, mailboxAuthOff()]);
}

function mailboxAuthOff(): string[] {
  return Object.entries(practice.smtp.switches.mailboxAuth).flatMap(([name, state]) => (state === 'off' ? [name] : []));
}

for (const name of Object.keys(REHEARSALS)) {
  test(`${name} changes the tenant by its name, and is taken back`, async () => {
    const client = clientOf(practice);
    const calm = picture();
    const begun = await client.control('/rehearsals', { name, account: 'print@practice.example' });
    assert.equal(begun.status, 200, begun.text);
    assert.notEqual(picture(), calm);
    const running = (begun.json.rehearsals as { name: string; isOn: boolean }[]).filter(({ isOn }) => isOn);
    assert.deepEqual(
      running.map((one) => one.name),
      [name],
    );
    await client.control('/rehearsals/end', {});
    // A changed password stays changed: what ends is only that it is shown.
    if (name !== 'password-changed') assert.equal(picture(), calm);
  });
}

test('an unknown name is refused and lists the known ones', async () => {
  const { status, text } = await clientOf(practice).control('/rehearsals', { name: 'weather' });
  assert.equal(status, 400);
  assert.match(text, /security-defaults/);
});

test('the page switches a failure on and off, in both languages, and says that it is practice', async () => {
  const client = clientOf(practice);
  const italian = await client.get('/rehearsals', { 'accept-language': 'it' });
  assert.match(italian.text, /Esercitazione\. Questo non è Microsoft\./);
  assert.match(italian.text, /SMTP AUTH è disattivato per la casella/);
  const form = { name: 'smtp-off-mailbox', account: 'print@practice.example', act: 'on' };
  const answer = await client.post('/rehearsals', form);
  assert.deepEqual([answer.status, answer.headers.location], [303, '/rehearsals']);
  assert.deepEqual(mailboxAuthOff(), ['print@practice.example']);
  assert.match((await client.get('/rehearsals')).text, /Switch off: SMTP AUTH is off for the mailbox/);
  await client.post('/rehearsals', { name: 'smtp-off-mailbox', act: 'off' });
  assert.deepEqual(mailboxAuthOff(), []);
  assert.equal((await client.post('/rehearsals', { name: 'weather', act: 'on' })).status, 400);
});

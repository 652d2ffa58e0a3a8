/** A server takes a scan and cannot deliver it: its report comes into a mailbox that Platen reads. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stampOf } from '../../simulator/stamp.ts';
import { KNOWN_SENDERS, PRINT_ROOM, wrapDocuments, writeMail, writePdf } from '../harness/mail.ts';
import { addOutgoing, Scanners } from '../harness/scans.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

let stage: Stage;
let scanners: Scanners;

const messageOf = async (id: string) => (await stage.api('GET', `/outbox/${id}`)) as Row & { recipients: Row[] };
const incoming = async () => ((await stage.api('GET', '/messages?limit=100')) as { items: Row[] }).items;

async function comesBack(recipient: string): Promise<Row & { recipients: Row[] }> {
  const id = await scanners.scanKept({ recipient });
  await eventually(async () => (await messageOf(id)).problem !== null, {
    what: `the scan for ${recipient} comes back`,
    timeoutMs: 60_000,
  });
  return await messageOf(id);
}

describe('scans that come back', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    await addOutgoing(stage, 'confirmed');
    scanners = new Scanners(stage);
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  test('who did not get a scan is shown with the words of the server, and nothing is printed or answered', async () => {
    const message = await comesBack('bounces@practice.example');
    assert.equal(message.state, 'sent', 'there is nothing left that could be sent again');
    const [recipient] = message.recipients;
    assert.deepEqual([recipient?.state, (recipient?.problem as Row | undefined)?.code], ['failed', 'message-returned']);
    assert.match(String((message.problem as Row).remote), /^550 5\.1\.\d+ /);
    assert.match(String((message.problem as Row).advice), /bounces@practice\.example/);
    const { items } = (await stage.api('GET', `/journal?subject=${message.id}`)) as { items: Row[] };
    const told = items.filter(({ type }) => type === 'outbox-message-returned');
    assert.deepEqual(
      told.map(({ data }) => (data as Row).recipient),
      ['bounces@practice.example'],
    );
    const [report] = await incoming();
    assert.deepEqual([report?.outcome, report?.reason], ['refused', 'delivery-report']);
    assert.deepEqual(await stage.sql('SELECT id FROM jobs'), []);
  });

  test('a blocked sender and a used up limit, which Exchange Online tells by a report, have their own advice', async () => {
    for (const [recipient, code] of [
      ['bounces-blocked@practice.example', 'sender-blocked'],
      ['recipient-rate@practice.example', 'daily-limit'],
    ] as const) {
      assert.equal(((await comesBack(recipient)).problem as Row).code, code);
    }
  });

  test('a forged report about a message to somebody else, or about none of ours, changes nothing', async () => {
    const id = await scanners.scanKept();
    await eventually(async () => (await messageOf(id)).state === 'sent', { timeoutMs: 60_000 });
    const { messageIdHeader } = await messageOf(id);
    const before = (await incoming()).length;
    const forge = (inReplyTo: string, address: string) =>
      stage.peers.deliver(
        PRINT_ROOM,
        Buffer.from(
          [
            'From: <postmaster@elsewhere.example>',
            `In-Reply-To: ${inReplyTo}`,
            'Subject: Undeliverable',
            `Message-ID: <${address}-${inReplyTo.length}@elsewhere.example>`,
            'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
            '',
            '--b',
            'Content-Type: message/delivery-status',
            '',
            `Final-Recipient: rfc822;${address}\r\nAction: failed\r\nStatus: 5.1.1`,
            '--b--',
            '',
          ].join('\r\n'),
        ),
      );
    await forge(String(messageIdHeader), 'somebody@elsewhere.example');
    await forge('<none-of-ours@elsewhere.example>', 'archive@practice.example');
    await eventually(async () => (await incoming()).length === before + 2, { timeoutMs: 60_000 });
    const message = await messageOf(id);
    assert.deepEqual([message.problem, message.recipients[0]?.state], [null, 'sent']);
  });
});

/** A bounce of a server that writes them in its own form, with the message that it could not deliver. */
function bounceInWords(number: number, header: readonly string[]): Buffer {
  const pdf = writePdf(`bounce ${number}`, 2_000).toString('base64').replace(/.{76}/g, '$&\r\n');
  const domain = /@([\w.]+)>/.exec(header.join('\n'))?.[1] ?? '';
  return Buffer.from(
    [
      ...stampOf({ domain }).trimEnd().split('\r\n'),
      ...header,
      `To: <${PRINT_ROOM}>`,
      'Subject: Undeliverable: your reply',
      `Message-ID: <bounce-${number}@elsewhere.example>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'Your message could not be delivered. It is enclosed.',
      '--b',
      'Content-Type: application/pdf; name="invoice.pdf"',
      'Content-Disposition: attachment; filename="invoice.pdf"',
      'Content-Transfer-Encoding: base64',
      '',
      pdf,
      '--b--',
      '',
    ].join('\r\n'),
  );
}

describe('replies that come back to the mailbox that they are from', () => {
  const RETURNING = 'bounces@practice.example';
  const sent = async () => ((await stage.api('GET', '/outbox?limit=100')) as { items: Row[] }).items;
  const [anna] = KNOWN_SENDERS;

  before(async () => {
    stage = await openStage({ database: 'external' });
    await addOutgoing(stage, 'confirmed');
    await stage.api('POST', '/users', { email: RETURNING, name: 'Returning', role: 'user' });
    // Even where whoever writes becomes a user.
    const { items } = (await stage.api('GET', '/mailboxes')) as { items: Row[] };
    const senderPolicy = { unknown: 'register' };
    for (const { id } of items) await stage.api('PATCH', `/mailboxes/${String(id)}`, { senderPolicy });
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  test('become no job and are not answered, in whatever form, and a person who prints is served as before', async () => {
    const broken = { name: 'broken.zip', bytes: Buffer.from('PK'), sha256: '' };
    await stage.peers.deliver(PRINT_ROOM, wrapDocuments('comes-back', [broken], RETURNING).message);
    const reply = await eventually(async () => (await sent()).find(({ kind }) => kind === 'notice'), {
      what: 'the message is answered',
      timeoutMs: 60_000,
    });
    assert.equal(reply.sender, PRINT_ROOM, 'Exchange Online takes it from its own mailbox alone');
    const noted = async () => (await messageOf(String(reply.id))).problem as Row | null;
    await eventually(async () => (await noted())?.code === 'message-returned', { timeoutMs: 60_000 });
    const jobs = async () => await stage.sql('SELECT id FROM jobs ORDER BY id');
    const before = await jobs();
    const bounces = [
      ['Return-Path: <>', 'From: Mail Delivery System <MAILER-DAEMON@elsewhere.example>'],
      ['Return-Path: <>', 'From: Postmaster <postmaster@practice.example>'],
      ['Return-Path: <>', 'From: <no-reply@practice.example>', 'Auto-Submitted: auto-replied'],
      [`From: <${anna}>`, `X-Failed-Recipients: ${RETURNING}`],
    ];
    for (const [number, header] of bounces.entries()) {
      await stage.peers.deliver(PRINT_ROOM, bounceInWords(number, header));
    }
    const there = 2 + bounces.length;
    await eventually(async () => (await incoming()).length === there, { what: 'all are read', timeoutMs: 60_000 });
    const reasons = (await incoming()).map(({ outcome, reason }) => `${outcome} ${reason}`);
    assert.equal(reasons.filter((one) => one === 'refused delivery-report').length, 1, reasons.join());
    // A machine that nobody knows becomes no user, and what it sends is not printed, although its domain is proven.
    const isTold = (one: string) => one === 'refused mail-report' || one === 'refused unknown-sender';
    assert.equal(reasons.filter(isTold).length, bounces.length, reasons.join());
    assert.deepEqual(await jobs(), before);
    // Mail is read in its order: what Anna sends after them is through when all of them are.
    await stage.peers.deliver(PRINT_ROOM, writeMail({ mark: 'afterwards', sender: anna }).message);
    await eventually(async () => (await jobs()).length === before.length + 1, { timeoutMs: 60_000 });
    assert.equal((await sent()).filter(({ kind }) => kind === 'notice').length, 1, 'no bounce was answered');
  });
});

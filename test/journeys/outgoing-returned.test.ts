/** A server takes a scan and cannot deliver it: its report comes into a mailbox that Platen reads. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PRINT_ROOM } from '../harness/mail.ts';
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from '../mime/split.ts';
import { DeliveryReportReader, isDeliveryReport, reportLimits, tellsOfDelivery } from './delivery-report.ts';

type Parts = {
  readonly fields?: string;
  readonly status: string;
  readonly header?: string;
  /** The message that was not delivered, all of it. */
  readonly message?: string;
};

/** Reads a report as the intake does. */
async function read({ fields = '', status, header, message }: Parts) {
  const raw = [
    'From: <mailer-daemon@contoso.example>',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    ...(fields === '' ? [] : [fields]),
    '',
    '--b',
    '',
    'It could not be delivered.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    status,
    ...(header === undefined ? [] : ['--b', 'Content-Type: text/rfc822-headers', '', header]),
    ...(message === undefined ? [] : ['--b', 'Content-Type: message/rfc822', '', message]),
    '--b--',
    '',
  ].join('\r\n');
  const { head, leaves } = await readMessage(Buffer.from(raw));
  assert.ok(isDeliveryReport(head));
  const reader = new DeliveryReportReader(head);
  for (const leaf of leaves) {
    reader.enclosed(leaf);
    if (tellsOfDelivery(leaf.declaredType)) reader.take(leaf.declaredType, leaf.decode());
  }
  return reader.finish();
}

const group = (address: string, more = 'Action: failed\r\nStatus: 5.1.1') =>
  `Final-Recipient: rfc822;${address}\r\n${more}`;

test('a report of Exchange names the message by its answer, and each recipient with status and words', async () => {
  const report = await read({
    fields: 'In-Reply-To: <scan-1@contoso.example>\r\nReferences: <scan-1@contoso.example>',
    status: [
      'Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.com',
      '',
      'Final-Recipient: rfc822;Nobody@Fabrikam.example',
      'Action: failed',
      'Status: 5.1.10',
      'Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient',
      ' nobody@fabrikam.example not found by SMTP address lookup',
      '',
      'Final-Recipient: rfc822; late@fabrikam.example',
      'Action: delayed',
      'Status: 4.4.7',
    ].join('\r\n'),
  });
  assert.deepEqual(report, {
    messageIds: ['<scan-1@contoso.example>'],
    recipients: [
      {
        address: 'nobody@fabrikam.example',
        status: '5.1.10',
        words:
          '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient nobody@fabrikam.example not found by SMTP address lookup',
      },
    ],
  });
});

test('a report of another server names it by the header that it encloses, and the recipient as it was written first', async () => {
  const report = await read({
    status: [
      'Reporting-MTA: dns; mail.contoso.example',
      '',
      'Final-Recipient: rfc822; box17@inner.example',
      'Original-Recipient: rfc822;anna@contoso.example',
      'Action: failed (user unknown)',
      'Status: 5.1.1 (bad mailbox)',
    ].join('\r\n'),
    header: 'Subject: Scan\r\nMessage-ID:\r\n <scan-2@contoso.example>\r\nTo: anna@contoso.example',
  });
  assert.deepEqual(report?.messageIds, ['<scan-2@contoso.example>']);
  assert.deepEqual(
    report?.recipients.map(({ address, status, words }) => [address, status, words]),
    [
      ['box17@inner.example', '5.1.1', undefined],
      ['anna@contoso.example', '5.1.1', undefined],
    ],
  );
});

test('a report that encloses the whole message and answers nothing, as Postfix writes it, names it all the same', async () => {
  const scan = [
    'Subject: Scan',
    'Message-ID: <scan-3@contoso.example>',
    'Content-Type: multipart/mixed; boundary=c',
    '',
    '--c',
    '',
    'Your scan',
    '--c',
    'Content-Type: message/rfc822',
    '',
    'Message-ID: <older@contoso.example>\r\nSubject: a message in the message\r\n\r\nText',
    '--c--',
  ].join('\r\n');
  const report = await read({ status: group('anna@contoso.example'), message: scan });
  assert.deepEqual(report?.messageIds, ['<scan-3@contoso.example>']);
});

test('what tells nothing of use is no report: no failure, no message, no status', async () => {
  const fields = 'In-Reply-To: <scan@contoso.example>';
  assert.equal(await read({ status: group('a@b.example') }), undefined, 'which message?');
  assert.equal(await read({ fields, status: group('a@b.example', 'Action: delivered\r\nStatus: 2.0.0') }), undefined);
  assert.equal(await read({ fields, status: group('a@b.example', 'Action: failed\r\nStatus: none') }), undefined);
  assert.equal(await read({ fields, status: 'Action: failed\r\nStatus: 5.0.0' }), undefined, 'who?');
  const { head } = await readMessage(
    Buffer.from('Content-Type: multipart/report; report-type=disposition-notification\r\n\r\n'),
  );
  assert.equal(isDeliveryReport(head), false);
});

test('a hostile report costs little: recipients, messages, words and bytes have limits', async () => {
  const many = Array.from({ length: 500 }, (_, at) => group(`a${at}@b.example`)).join('\r\n\r\n');
  const ids = Array.from({ length: 50 }, (_, at) => `<${at}@b.example>`).join('\r\n ');
  const report = await read({ fields: `References: ${ids}`, status: many });
  assert.equal(report?.recipients.length, reportLimits.maxRecipients);
  assert.equal(report?.messageIds.length, reportLimits.maxMessageIds);
  const words = `Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; \u0000\u001b[31m${'x'.repeat(5_000)}`;
  const long = await read({ fields: 'In-Reply-To: <x@b.example>', status: group('a@b.example', words) });
  const said = long?.recipients[0]?.words ?? '';
  assert.ok(said.length <= reportLimits.maxWordsChars && !/\p{Cc}/u.test(said), said.slice(0, 40));
  const far = `${'x'.repeat(reportLimits.maxPartBytes)}\r\n\r\n${group('a@b.example')}`;
  assert.equal(await read({ fields: 'In-Reply-To: <x@b.example>', status: far }), undefined);
});

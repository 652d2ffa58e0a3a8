import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasText } from '../../locales/locales.ts';
import type { SmtpOutcome } from '../protocols/smtp/outcome.ts';
import { parseReply, type SmtpPhase, type SmtpReply } from '../protocols/smtp/replies.ts';
import { judgeMessage, judgeSession, type Verdict } from './verdict.ts';

const MARK = '[AM0PR02CA0134.eurprd02.prod.outlook.com 2024-07-11T11:46:49.042Z 08DCA18218166FB4]';
const HOST = '[Hostname=SYBP282MB2635.AUSP282.PROD.OUTLOOK.COM]';
const SEND_AS =
  'SendAsDenied; a@x.example not allowed to send as b@y.example; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message. 0.35250:0A007D83';

function reply(raw: string): SmtpReply {
  const parsed = parseReply(raw);
  assert.ok(parsed, raw);
  return parsed;
}

function describeVerdict(verdict: Verdict): string {
  const code = 'cause' in verdict ? ` ${verdict.cause.code}` : '';
  const wait = 'wait' in verdict ? ` ${verdict.wait}` : '';
  return `${verdict.kind}${wait}${code}`;
}

const fresh = { sentInSession: 0, recipients: 1, bytes: 1000 };

const AUTH: readonly (readonly [string, string])[] = [
  [`535 5.7.3 Authentication unsuccessful ${MARK}`, 'refresh-token'],
  [
    `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. ${MARK}`,
    'mailbox-held smtp-auth-off-tenant',
  ],
  [
    `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information. ${MARK}`,
    'mailbox-held smtp-auth-off-mailbox',
  ],
  [
    `535 5.7.139 Authentication unsuccessful, basic authentication is disabled. ${MARK}`,
    'mailbox-held password-login-ends',
  ],
  [
    `535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator. ${MARK}`,
    'mailbox-held smtp-blocked-security-defaults',
  ],
  [
    `535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator. ${MARK}`,
    'mailbox-held smtp-refused-by-policy',
  ],
  ['535 5.7.139 Authentication unsuccessful, for a reason of next year', 'mailbox-held smtp-refused-by-policy'],
  ['550 5.7.30 Basic authentication is not supported for Client Submission.', 'mailbox-held password-login-ends'],
  ['501 5.5.124 Invalid XOAUTH2 auth data', 'mailbox-held sign-in-refused'],
  ['550 5.2.0 Mailbox cannot be accessed', 'mailbox-held mailbox-not-accessible'],
  ['454 4.7.0 Temporary authentication failure', 'server-paused too-busy'],
  ['421 4.3.2 Service not available', 'server-paused too-busy'],
  ['451 4.7.0 Timeout waiting for client input', 'server-paused too-busy'],
  ['504 5.7.4 Unrecognized authentication type', 'mailbox-held sign-in-refused'],
];

describe('at the sign-in', () => {
  for (const [raw, expected] of AUTH) {
    test(`${raw.slice(0, 110)} → ${expected}`, () => {
      const outcome = { kind: 'refused', phase: 'auth', reply: reply(raw) } as const;
      assert.equal(describeVerdict(judgeSession(outcome, { withToken: true, hasRefreshed: false })), expected);
    });
  }

  test('a token that is refused again after a refresh holds the mailbox', () => {
    const outcome = { kind: 'refused', phase: 'auth', reply: reply(AUTH[0]?.[0] ?? '') } as const;
    const again = judgeSession(outcome, { withToken: true, hasRefreshed: true });
    assert.equal(describeVerdict(again), 'mailbox-held sign-in-refused');
    const password = judgeSession(outcome, { withToken: false, hasRefreshed: false });
    assert.equal(describeVerdict(password), 'mailbox-held sign-in-refused');
  });

  test('each text of 5.7.139 has a code of its own, with advice in both languages', () => {
    const codes = AUTH.map(([, expected]) => expected)
      .filter((text) => text.startsWith('mailbox-held'))
      .map((text) => text.split(' ')[1] ?? '');
    assert.equal(new Set(codes.slice(0, 5)).size, 5);
    for (const code of codes) {
      for (const language of ['en', 'it'] as const) assert.ok(hasText(language, `errors.${code}.advice`), code);
    }
  });
});

const SESSION: readonly (readonly [SmtpOutcome & { kind: string }, string])[] = [
  [
    { kind: 'refused', phase: 'connect', reply: reply('421 4.3.2 Service not available, too many connections') },
    'server-paused too-busy',
  ],
  [
    {
      kind: 'refused',
      phase: 'connect',
      reply: reply('421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client'),
    },
    'server-paused server-tls-refused',
  ],
  [
    { kind: 'refused', phase: 'hello', reply: reply('451 4.7.0 Timeout waiting for client input') },
    'server-paused too-busy',
  ],
  [{ kind: 'refused', phase: 'connect', reply: reply('554 5.7.1 Not you') }, 'server-paused server-unreachable'],
  [{ kind: 'unreachable', words: 'connect ECONNREFUSED' }, 'server-paused server-unreachable'],
  [{ kind: 'untrusted', words: 'self-signed certificate' }, 'server-paused server-tls-refused'],
  [{ kind: 'lost', phase: 'hello', words: 'closed', isUncertain: false }, 'server-paused server-unreachable'],
];

describe('before the sign-in', () => {
  for (const [outcome, expected] of SESSION) {
    test(`${outcome.kind} → ${expected}`, () => {
      assert.notEqual(outcome.kind, 'accepted');
      const verdict = judgeSession(outcome as Exclude<SmtpOutcome, { kind: 'accepted' }>, {
        withToken: true,
        hasRefreshed: false,
      });
      assert.equal(describeVerdict(verdict), expected);
    });
  }
});

const MESSAGE: readonly (readonly [SmtpPhase, string, string])[] = [
  ['mail', '530 5.7.57 Client not authenticated to send mail', 'mailbox-held sign-in-refused'],
  ['mail', '530 5.7.0 Authentication required', 'mailbox-held sign-in-refused'],
  ['mail', '552 5.3.4 Message size exceeds fixed maximum message size', 'failed message-too-large'],
  ['data', '552 5.3.4 Message size exceeds fixed maximum message size', 'failed message-too-large'],
  ['content', '552 5.3.4 Message size exceeds fixed maximum message size', 'failed message-too-large'],
  ['dot', '552 5.3.4 Message size exceeds fixed maximum message size', 'failed message-too-large'],
  [
    'dot',
    `432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. ${HOST}`,
    'mailbox-paused busy too-busy',
  ],
  ['dot', `432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded ${HOST}`, 'mailbox-paused busy too-busy'],
  [
    'dot',
    `430 4.2.0 STOREDRV; mailbox logon failure; failure to log on to mailbox. MapiExceptionLogonFailed: Unable to open message store. ${HOST}`,
    'logon-failure shared-mailbox-no-access',
  ],
  [
    'dot',
    '451 4.2.0 STOREDRV.Submission.Exception:LogonFailedException.MapiExceptionLogonFailed; Failed',
    'logon-failure shared-mailbox-no-access',
  ],
  ['dot', `554 5.2.252 ${SEND_AS} ${HOST}`, 'held sender-not-allowed'],
  ['dot', '554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; denied', 'held sender-not-allowed'],
  [
    'dot',
    '550 5.7.60 SMTP; Client does not have permissions to send as this sender [AM0PR02MB1234.example]',
    'held sender-not-allowed',
  ],
  [
    'rcpt',
    '553 5.7.1 <b@y.example>: Sender address rejected: not owned by user a@x.example',
    'held sender-not-allowed',
  ],
  ['mail', '553 5.7.1 <b@y.example>: Sender address rejected: not logged in', 'held sender-not-allowed'],
  ['mail', '550 5.7.1 Never heard of such a sender', 'held sender-refused'],
  ['mail', '554 Not from there', 'held sender-refused'],
  ['mail', '552 5.3.4 Too large', 'failed message-too-large'],
  ['mail', '501 5.1.7 Bad sender address syntax', 'failed message-refused'],
  ['dot', '550 5.7.1 Never heard of such a message', 'failed message-refused'],
  [
    'dot',
    '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message',
    'mailbox-paused daily daily-limit',
  ],
  [
    'dot',
    '550 5.7.233 Message is not sent because the tenant is over its limit',
    'outside-paused tenant-recipient-limit',
  ],
  [
    'dot',
    "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for sending email",
    'outside-paused tenant-recipient-limit',
  ],
  ['dot', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 'mailbox-held sender-blocked'],
  ['dot', '550 5.1.8 Access denied', 'mailbox-held sender-blocked'],
  ['mail', '550 5.1.8 <b@y.example>: Sender address rejected: Domain not found', 'held sender-refused'],
  ['dot', '550 5.1.90 The mailbox has exceeded the recipient rate limit', 'mailbox-paused daily daily-limit'],
  ['dot', '554 5.2.2 mailbox full; STOREDRV.Submission', 'mailbox-held sender-mailbox-full'],
  ['dot', '451 4.7.0 Timeout waiting for client input', 'later timetable message-deferred'],
  ...(['mail', 'rcpt', 'data', 'content'] as const).map(
    (phase) => [phase, '451 4.7.0 Timeout waiting for client input', 'later timetable message-deferred'] as const,
  ),
  ['mail', '421 4.4.2 Connection dropped due to timeout', 'server-paused too-busy'],
  ['dot', '499 4.9.9 Never heard of', 'later timetable message-deferred'],
  ['dot', '599 5.9.9 Never heard of', 'failed message-refused'],
  ['data', '599 Never heard of', 'failed message-refused'],
  ['data', '354 in the wrong place', 'later timetable message-deferred'],
];

describe('for one message', () => {
  for (const [phase, raw, expected] of MESSAGE) {
    test(`${phase}: ${raw.slice(0, 100)} → ${expected}`, () => {
      const verdict = judgeMessage({ kind: 'refused', phase, reply: reply(raw) }, fresh);
      assert.equal(describeVerdict(verdict), expected);
    });
  }

  test('the end of a session that has sent is no trouble of the next message', () => {
    const used = { ...fresh, sentInSession: 3 };
    const refused = { kind: 'refused', phase: 'mail', reply: reply('421 4.4.2 Bye') } as const;
    assert.equal(judgeMessage(refused, used).kind, 'reconnect');
    const lost = { kind: 'lost', phase: 'mail', words: 'closed', isUncertain: false } as const;
    assert.equal(judgeMessage(lost, used).kind, 'reconnect');
    assert.equal(describeVerdict(judgeMessage(lost, fresh)), 'server-paused server-unreachable');
  });

  test('a line that breaks in the message is about that message; after the final dot it is uncertain', () => {
    const lost = { kind: 'lost', phase: 'content', words: 'closed', isUncertain: false } as const;
    assert.equal(describeVerdict(judgeMessage(lost, fresh)), 'later timetable server-unreachable');
    const uncertain = judgeMessage({ ...lost, phase: 'dot', isUncertain: true }, fresh);
    assert.equal(describeVerdict(uncertain), 'uncertain outcome-uncertain');
  });

  test('too many recipients halve the next transaction, until there is only one', () => {
    const outcome = {
      kind: 'refused',
      phase: 'dot',
      reply: reply('550 5.5.3 RESOLVER.ADR.RecipLimit; too many'),
    } as const;
    assert.deepEqual(judgeMessage(outcome, { ...fresh, recipients: 5 }), {
      kind: 'split',
      cause: { code: 'message-deferred', reply: outcome.reply },
      atOnce: 2,
    });
    assert.equal(describeVerdict(judgeMessage(outcome, fresh)), 'failed message-refused');
  });

  test('a message that the server announced not to take has failed', () => {
    const verdict = judgeMessage({ kind: 'too-large', words: 'larger than 1000' }, fresh);
    assert.equal(describeVerdict(verdict), 'failed message-too-large');
  });
});

describe('for recipients', () => {
  const refused = [
    { address: 'a@x.example', reply: reply('550 5.1.1 Unknown user') },
    { address: 'b@x.example', reply: reply('451 4.2.1 Try later') },
    { address: 'c@x.example', reply: reply('452 4.5.3 Too many recipients') },
    { address: 'd@x.example', reply: reply('550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients') },
  ];

  test('each one is settled by its own reply while the others are sent', () => {
    const taken = { kind: 'accepted', reply: reply('250 OK'), accepted: ['e@x.example'], refused } as const;
    const verdict = judgeMessage(taken, { ...fresh, recipients: 5 });
    assert.equal(verdict.kind, 'accepted');
    assert.ok('recipients' in verdict);
    const names = (list: readonly { address: string }[]) => list.map(({ address }) => address[0]).join('');
    const { failed, later, next } = verdict.recipients;
    assert.deepEqual([names(failed), names(later), names(next)], ['a', 'b', 'cd']);
  });

  test('too many for good, said to each of them, halves the transaction, until there is only one', () => {
    const words = reply('550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients');
    const all = ['a', 'b', 'c', 'd'].map((name) => ({ address: `${name}@x.example`, reply: words }));
    const outcome = { kind: 'refused', phase: 'rcpt', reply: words, refused: all } as const;
    const split = judgeMessage(outcome, { ...fresh, recipients: 4 });
    assert.deepEqual([split.kind, 'atOnce' in split && split.atOnce], ['split', 2]);
    const one = judgeMessage({ ...outcome, refused: all.slice(0, 1) }, fresh);
    assert.equal(describeVerdict(one), 'failed message-refused');
    const [first] = all;
    const later = { ...outcome, refused: [first, { address: 'e@x.example', reply: reply('452 4.5.3 Too many') }] };
    assert.equal(judgeMessage(later as typeof outcome, { ...fresh, recipients: 2 }).kind, 'recipients');
  });

  test('the limit of the tenant, said to one of them, is no fault of that one', () => {
    for (const status of ['5.7.233', '5.7.232']) {
      const one = { address: 'a@x.example', reply: reply(`550 ${status} Your tenant has exceeded its daily limit`) };
      const taken = { kind: 'accepted', reply: reply('250 OK'), accepted: ['e@x.example'], refused: [one] } as const;
      const verdict = judgeMessage(taken, { ...fresh, recipients: 2 });
      assert.ok('recipients' in verdict);
      assert.deepEqual([verdict.recipients.failed, verdict.recipients.later], [[], [one]]);
    }
  });

  test('all of them refused is no verdict about the message', () => {
    const outcome = { kind: 'refused', phase: 'rcpt', reply: reply('451 4.2.1 Try later'), refused } as const;
    assert.equal(judgeMessage(outcome, fresh).kind, 'recipients');
  });
});

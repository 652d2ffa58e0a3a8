import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type ConversationServer, serveConversations } from '../../../test/harness/conversation.ts';
import { makePrivateCertificate } from '../../../test/harness/private-ca.ts';
import { makeSelfSigned } from '../../../test/harness/self-signed.ts';
import { startSubmissionServer } from '../../../test/harness/submission-server.ts';
import { connectSmtp, type SmtpMessage, type SmtpSession, type SmtpTarget } from './client.ts';
import type { SmtpOutcome } from './outcome.ts';
import { xoauth2 } from './xoauth2.ts';

const certificate = makePrivateCertificate();
setDefaultCACertificates([...getCACertificates('default'), certificate.ca]);
const stop = new AbortController().signal;
const TOKEN = { kind: 'token', username: 'print@practice.example', accessToken: 'EwBAAl3BAAUFFpUAo7J3' } as const;

const disposals: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of disposals.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function serve(
  scripts: readonly string[],
  tls: { cert: string; key: string } = certificate,
): Promise<ConversationServer> {
  const initial = xoauth2(TOKEN.username, TOKEN.accessToken);
  const server = await serveConversations({ scripts, values: { initial }, tls });
  disposals.push(server);
  return server;
}

const targetOf = (port: number, more: Partial<SmtpTarget> = {}): SmtpTarget => ({
  host: 'localhost',
  port,
  security: 'none',
  verifyCertificate: true,
  clientName: 'platen.example',
  ...more,
});

async function open(target: SmtpTarget): Promise<SmtpSession> {
  const opened = await connectSmtp(target, stop);
  assert.equal(opened.kind, 'open', JSON.stringify(opened));
  assert.ok('session' in opened);
  disposals.push(opened.session);
  return opened.session;
}

function aMessage(more: Partial<SmtpMessage> = {}): SmtpMessage {
  const content = Buffer.from('Subject: a scan\r\n\r\n.leading dot\r\n..\r\nend\r\n');
  return {
    sender: 'print@practice.example',
    recipients: ['anna@practice.example'],
    bytes: content.length,
    content,
    beforeDot: () => undefined,
    ...more,
  };
}

const EXCHANGE = `
  S: 220 AM0PR02CA0134.outlook.office365.com Microsoft ESMTP MAIL Service ready at Thu, 11 Jul 2024 11:46:42 +0000
  C: EHLO platen.example
  S: 250-AM0PR02CA0134.outlook.office365.com Hello [198.51.100.7]
  S: 250-SIZE 157286400
  S: 250-PIPELINING
  S: 250-ENHANCEDSTATUSCODES
  S: 250-STARTTLS
  S: 250-8BITMIME
  S: 250 SMTPUTF8
  C: STARTTLS
  S: 220 2.0.0 SMTP server ready
  C: <starttls>
  C: EHLO platen.example
  S: 250-AM0PR02CA0134.outlook.office365.com Hello [198.51.100.7]
  S: 250-SIZE 157286400
  S: 250-8BITMIME
  S: 250-AUTH LOGIN XOAUTH2
  S: 250 SMTPUTF8
`;

describe('a session with Exchange', () => {
  test('begins with STARTTLS, signs in with the token in one line, and sends with per-recipient answers', async () => {
    const server = await serve([
      `${EXCHANGE}
      C: AUTH XOAUTH2 {{initial}}
      S: 235 2.7.0 Authentication successful
      C: MAIL FROM:<print@practice.example> BODY=8BITMIME SIZE={/\\d+/}
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<anna@practice.example>
      S: 250 2.1.5 Recipient OK
      C: RCPT TO:<gone@practice.example>
      S: 550 5.1.10 Recipient not found
      C: DATA
      S: 354 Start mail input; end with <CRLF>.<CRLF>
      C: Subject: a scan
      C:
      C: ..leading dot
      C: ...
      C: end
      C: .
      S: 250 2.0.0 OK <id@prod.outlook.com> [Hostname=SYBP282MB2635.AUSP282.PROD.OUTLOOK.COM]
      C: QUIT
      S: 221 2.0.0 Bye`,
    ]);
    const session = await open(targetOf(server.port, { security: 'starttls', credentials: TOKEN }));
    const recipients = ['anna@practice.example', 'gone@practice.example'];
    const outcome = await session.send(aMessage({ recipients }));
    assert.equal(outcome.kind, 'accepted');
    assert.ok(outcome.kind === 'accepted');
    assert.deepEqual(outcome.accepted, ['anna@practice.example']);
    assert.deepEqual(
      outcome.refused.map(({ address, reply }) => [address, reply.enhanced]),
      [['gone@practice.example', '5.1.10']],
    );
    assert.equal(outcome.reply.facts.server, 'SYBP282MB2635.AUSP282.PROD.OUTLOOK.COM');
    await session[Symbol.asyncDispose]();
    await server.finished;
  });

  test('says the token after the challenge when the command would pass 512 octets, and not before', async () => {
    // "AUTH XOAUTH2 " and CR LF leave 497 octets; base64 fills 496 of them.
    const frame = Buffer.byteLength('user=print@practice.example\x01auth=Bearer \x01\x01');
    const fits = 'e'.repeat((496 / 4) * 3 - frame);
    for (const [accessToken, isShort] of [
      [fits, true],
      [`${fits}e`, false],
    ] as const) {
      const initial = xoauth2(TOKEN.username, accessToken);
      assert.equal(`AUTH XOAUTH2 ${initial}\r\n`.length <= 512, isShort);
      const login = isShort ? `C: AUTH XOAUTH2 ${initial}` : `C: AUTH XOAUTH2\n S: 334\n C: ${initial}`;
      const ok = await serve([
        `${EXCHANGE}\n ${login}\n S: 235 2.7.0 Authentication successful\n C: QUIT\n S: 221 Bye`,
      ]);
      const credentials = { ...TOKEN, accessToken };
      const session = await open(targetOf(ok.port, { security: 'starttls', credentials }));
      await session[Symbol.asyncDispose]();
      await ok.finished;
      const bad = await serve([
        `${EXCHANGE}\n ${login}\n S: 334 eyJzdGF0dXMiOiI0MDAifQ==\n C:\n S: 535 5.7.3 Authentication unsuccessful`,
      ]);
      const trouble = await connectSmtp(targetOf(bad.port, { security: 'starttls', credentials }), stop);
      assert.ok(trouble.kind === 'refused' && trouble.phase === 'auth' && trouble.reply.enhanced === '5.7.3');
    }
  });

  test('never says a long token to a server that does not ask for it', async () => {
    const credentials = { ...TOKEN, accessToken: 'e'.repeat(2000) };
    const server = await serve([`${EXCHANGE}\n C: AUTH XOAUTH2\n S: 504 5.7.4 Unrecognized authentication type`]);
    const trouble = await connectSmtp(targetOf(server.port, { security: 'starttls', credentials }), stop);
    assert.ok(trouble.kind === 'refused' && trouble.phase === 'auth' && trouble.reply.code === 504);
    await server.finished;
  });

  test('hears the final reply when the server answers a bad token in two steps', async () => {
    const server = await serve([
      `${EXCHANGE}
      C: AUTH XOAUTH2 {{initial}}
      S: 334 eyJzdGF0dXMiOiI0MDAifQ==
      C:
      S: 535 5.7.3 Authentication unsuccessful`,
    ]);
    const trouble = await connectSmtp(targetOf(server.port, { security: 'starttls', credentials: TOKEN }), stop);
    assert.ok(trouble.kind === 'refused' && trouble.phase === 'auth');
    assert.equal(trouble.reply.enhanced, '5.7.3');
  });

  test('never says the token to a server that does not prove who it is', async () => {
    const hello = EXCHANGE.slice(0, EXCHANGE.indexOf('C: EHLO platen.example', EXCHANGE.indexOf('<starttls>')));
    const server = await serve([hello], makeSelfSigned());
    const trouble = await connectSmtp(targetOf(server.port, { security: 'starttls', credentials: TOKEN }), stop);
    assert.equal(trouble.kind, 'untrusted', JSON.stringify(trouble));
    const lax = await serve([`${EXCHANGE}\n C: QUIT\n S: 221 Bye`], makeSelfSigned());
    const session = await open(targetOf(lax.port, { security: 'starttls', verifyCertificate: false }));
    await session[Symbol.asyncDispose]();
    await lax.finished;
  });

  test('goes no further without TLS where it was asked for', async () => {
    const server = await serve([
      `S: 220 plain.test ESMTP
      C: EHLO platen.example
      S: 250-plain.test
      S: 250 AUTH PLAIN LOGIN XOAUTH2
      C: STARTTLS
      S: 502 5.5.1 Not here`,
    ]);
    const trouble = await connectSmtp(targetOf(server.port, { security: 'starttls', credentials: TOKEN }), stop);
    assert.deepEqual(trouble, { kind: 'untrusted', words: '502 5.5.1 Not here' });
  });
});

describe('trouble', () => {
  const refusedAt = async (phase: string, line: string): Promise<SmtpOutcome> => {
    const server = await startSubmissionServer();
    disposals.push(server);
    server.react(({ moment }) => (moment === phase ? line : undefined));
    const opened = await connectSmtp(
      targetOf(server.port, { host: '127.0.0.1', credentials: { kind: 'password', username: 'u', password: 'p' } }),
      stop,
    );
    if (opened.kind !== 'open') return opened;
    disposals.push(opened.session);
    const outcome = await opened.session.send(aMessage());
    if (outcome.kind === 'refused' && outcome.reply.code !== 421) {
      server.react(() => undefined);
      assert.equal((await opened.session.send(aMessage())).kind, 'accepted', `after a refusal at ${phase}`);
    }
    return outcome;
  };

  for (const [moment, phase] of [
    ['connect', 'connect'],
    ['auth', 'auth'],
    ['mail', 'mail'],
    ['rcpt', 'rcpt'],
    ['data', 'data'],
    ['dot', 'dot'],
  ] as const) {
    test(`a refusal at ${moment} tells the phase and the reply, and the session goes on where it can`, async () => {
      for (const line of ['451 4.3.0 Later', '554 5.3.0 Never', '421 4.4.2 Closing']) {
        const outcome = await refusedAt(moment, line);
        assert.ok(outcome.kind === 'refused', JSON.stringify(outcome));
        assert.equal(outcome.reply.words, line);
        // A 421 ends everything that was sent along with the command that it answers.
        if (outcome.reply.code !== 421) assert.equal(outcome.phase, phase);
      }
    });

    test(`a line that breaks at ${moment} is uncertain only after the final dot`, async () => {
      const outcome = await refusedAt(moment, 'drop');
      assert.ok(outcome.kind === 'lost', JSON.stringify(outcome));
      assert.equal(outcome.isUncertain, moment === 'dot');
    });
  }

  test('bytes that cannot be read keep the final dot back', async () => {
    const server = await startSubmissionServer();
    disposals.push(server);
    const failures: readonly Partial<SmtpMessage>[] = [
      { bytes: 99_999 },
      {
        beforeDot: () => {
          throw new TypeError('not on my watch');
        },
      },
      {
        content: (async function* () {
          yield Buffer.from('some');
          throw new TypeError('the disk is gone');
        })(),
      },
    ];
    for (const more of failures) {
      const session = await open(targetOf(server.port, { host: '127.0.0.1' }));
      const outcome = await session.send(aMessage(more));
      assert.equal(outcome.kind, 'not-read');
      assert.equal(session.isOpen, false);
    }
    assert.deepEqual(server.dotted, []);
  });

  test('what looks like the end of a message inside of one leaves as text that no server takes for an end', async () => {
    const server = await startSubmissionServer();
    disposals.push(server);
    const fakes = [
      '\n.\n',
      '\n.\r\n',
      '\r\n.\n',
      '\r.\r\n',
      '\r.\r',
      '\r\n.\r',
      '\r\n.\r\r\n',
      '\r\r\n.\r\r\n',
      '\r\n.\r\n',
    ];
    const session = await open(targetOf(server.port, { host: '127.0.0.1' }));
    for (const fake of fakes) {
      const second = 'MAIL FROM:<boss@practice.example>\r\nRCPT TO:<anna@practice.example>\r\nDATA\r\nPay this.\r\n';
      const content = Buffer.from(`Subject: first\r\n\r\nHello${fake}${second}`, 'latin1');
      assert.equal((await session.send(aMessage({ bytes: content.length, content }))).kind, 'accepted');
      const { data } = server.dotted.at(-1) ?? assert.fail('nothing came');
      assert.match(data.toString('latin1'), /Pay this\.\r\n$/, JSON.stringify(fake));
      assert.doesNotMatch(data.toString('latin1'), /\r(?!\n)|(?<!\r)\n/, JSON.stringify(fake));
    }
    assert.equal(server.dotted.length, fakes.length);
    assert.ok(server.said.every(({ sender }) => !sender.startsWith('boss')));
  });

  test('nobody there, and addresses at which no mail server stands', async () => {
    assert.equal((await connectSmtp(targetOf(1, { host: '127.0.0.1' }), stop)).kind, 'unreachable');
    // The last one is a name to us, and a number to whoever resolves it.
    for (const host of ['169.254.169.254', '::ffff:169.254.169.254', '2852039166']) {
      const trouble = await connectSmtp(targetOf(1, { host }), stop);
      assert.ok(trouble.kind === 'unreachable');
      assert.match(trouble.words, /leads to an address that mail servers do not have/);
    }
  });

  test('a wish to stop ends a message that waits for its answer, and it is uncertain', async () => {
    const server = await startSubmissionServer();
    disposals.push(server);
    const stopping = new AbortController();
    server.react(({ moment }) => {
      if (moment !== 'dot') return undefined;
      stopping.abort();
      return 'hang';
    });
    const opened = await connectSmtp(targetOf(server.port, { host: '127.0.0.1' }), stopping.signal);
    assert.ok(opened.kind === 'open');
    const outcome = await opened.session.send(aMessage());
    assert.deepEqual(outcome, { kind: 'lost', phase: 'dot', words: 'called off', isUncertain: true });
  });

  test('an answer that never ends or is none', async () => {
    for (const line of [`250-${'x'.repeat(200_000)}`, 'what?']) {
      const outcome = await refusedAt('dot', line);
      assert.ok(outcome.kind === 'lost' || outcome.kind === 'refused', JSON.stringify(outcome).slice(0, 200));
      if (outcome.kind === 'lost') assert.equal(outcome.isUncertain, true);
    }
  });
});

/**
 * Every answer of Exchange Online's mail servers that is known, played over a real socket to the outbox and to the
 * intake. What becomes of the message or the mailbox, and what is said of it in both languages, is written down here by
 * hand, from Microsoft's documents and from logs; the catalogue is what is put to the test.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LANGUAGES, reasonFor } from '../../locales/locales.ts';
import { MINUTE_MS } from '../../server/base/clock.ts';
import { aboutConnections, answerKept, setNetworkSettings } from '../../server/connections/connections.ts';
import { explainFailure } from '../../server/connections/explain/explain.ts';
import { getMailbox, type NewMailbox } from '../../server/intake/intake.ts';
import { submitMessage } from '../../server/outbox/outbox.ts';
import { startOutboxWorker } from '../../server/outbox/worker.ts';
import { findAnswer } from '../../server/protocols/microsoft/answers.ts';
import type { Context } from '../../server/store/database.ts';
import type { OutboxState, Problem } from '../../server/store/schema.ts';
import type { ImapFault } from '../../simulator/imap/faults.ts';
import type { PopFault } from '../../simulator/pop3/faults.ts';
import type { Phase } from '../../simulator/smtp/faults.ts';
import answers from '../corpus/microsoft/answers.json' with { type: 'json' };
import { moveUntil, openWatchedMailbox, type WatchedMailbox, writeMessage } from '../harness/intake.ts';
import { aMessage, reach } from '../harness/outbox.ts';
import { PRINT_ROOM } from '../harness/practice-connection.ts';
import { eventually } from '../harness/time.ts';

/** What is said: who can cure it, whether waiting helps, and what stands in the advice in English and Italian. */
type Told = readonly [who: string, waiting: string, en: RegExp, it: RegExp];

const OWNER = 'mailbox-owner';
const EXCHANGE = 'exchange-administrator';
const ENTRA = 'entra-administrator';
const NETWORK = 'network-administrator';
const PLATEN = 'platen-administrator';

const WAIT: readonly [RegExp, RegExp] = [/Waiting helps/, /Basta attendere/];
const AGAIN: readonly [RegExp, RegExp] = [/confirm the connection again/, /conferma di nuovo la connessione/];
const SEND_AS: Told = [EXCHANGE, 'no', /the right “Send as”/, /il diritto «Invia come»/];

type Sent = {
  readonly words: RegExp;
  readonly phase: Phase;
  readonly state: OutboxState;
  readonly code: string;
  readonly told: Told;
};
const at =
  (phase: Phase) =>
  (words: RegExp, state: OutboxState, code: string, told: Told): Sent => ({ words, phase, state, code, told });
const atAuth = at('auth');
const atEnd = at('end-of-data');

const SMTP: readonly Sent[] = [
  at('connect')(/^421 4\.3\.2/, 'deferred', 'too-busy', ['nobody', 'minutes', ...WAIT]),
  at('connect')(/^421 4\.7\.66/, 'deferred', 'server-tls-refused', [
    NETWORK,
    'no',
    /TLS 1\.2 and 1\.3/,
    /TLS 1\.2 e 1\.3/,
  ]),
  atAuth(/for the Tenant/, 'held', 'smtp-auth-off-tenant', [
    EXCHANGE,
    'no',
    /Switch it on for print@practice\.example alone/,
    /Attivalo solo per print@practice\.example/,
  ]),
  atAuth(/for the Mailbox/, 'held', 'smtp-auth-off-mailbox', [
    EXCHANGE,
    'no',
    /Manage email apps/,
    /Gestisci app di posta elettronica/,
  ]),
  atAuth(/^535 .*basic authentication is disabled/, 'held', 'password-login-ends', [
    PLATEN,
    'no',
    /No password is needed/,
    /Non servirà più alcuna password/,
  ]),
  atAuth(/^550 5\.7\.30/, 'held', 'password-login-ends', [
    PLATEN,
    'no',
    /External systems, confirm it/,
    /Sistemi esterni, confermala/,
  ]),
  atAuth(/security defaults policy/, 'held', 'smtp-blocked-security-defaults', [
    ENTRA,
    'no',
    /Manage security defaults/,
    /impostazioni predefinite per la sicurezza/,
  ]),
  atAuth(/did not meet the criteria/, 'held', 'smtp-refused-by-policy', [
    ENTRA,
    'no',
    /sign-in logs/,
    /log di accesso/,
  ]),
  atAuth(/^501 5\.5\.124/, 'held', 'sign-in-refused', ['project', 'no', ...AGAIN]),
  atAuth(/^535 5\.7\.3 /, 'held', 'sign-in-refused', [OWNER, 'no', ...AGAIN]),
  atAuth(/cannot be accessed/, 'held', 'mailbox-not-accessible', [
    'license-administrator',
    'hour',
    /exists and has a license/,
    /esista e abbia una licenza/,
  ]),
  at('mail')(/^530 5\.7\.57/, 'held', 'sign-in-refused', ['project', 'no', ...AGAIN]),
  at('mail')(/^552 5\.3\.4/, 'failed', 'message-too-large', [
    EXCHANGE,
    'no',
    /lower resolution/,
    /risoluzione più bassa/,
  ]),
  atEnd(/Concurrent connections limit/, 'deferred', 'too-busy', ['nobody', 'minutes', ...WAIT]),
  atEnd(/sender thread limit/, 'deferred', 'too-busy', ['nobody', 'minutes', ...WAIT]),
  atEnd(/^430 4\.2\.0/, 'deferred', 'shared-mailbox-no-access', [
    EXCHANGE,
    'hour',
    /full access/,
    /l’accesso completo/,
  ]),
  atEnd(/^554 5\.2\.252/, 'held', 'sender-not-allowed', SEND_AS),
  atEnd(/^554 5\.2\.0 .*SendAsDenied/, 'held', 'sender-not-allowed', SEND_AS),
  atEnd(/^550 5\.7\.60/, 'held', 'sender-not-allowed', SEND_AS),
  atEnd(/SubmissionQuotaExceeded/, 'deferred', 'daily-limit', [
    'nobody',
    'day',
    /10,000 recipients/,
    /10\.000 destinatari/,
  ]),
  atEnd(/^550 5\.1\.90/, 'deferred', 'daily-limit', ['nobody', 'day', /10,000 recipients/, /10\.000 destinatari/]),
  atEnd(/^550 5\.7\.233/, 'deferred', 'tenant-recipient-limit', [EXCHANGE, 'day', /every hour/, /ogni ora/]),
  atEnd(/^550 5\.7\.232/, 'deferred', 'tenant-recipient-limit', [EXCHANGE, 'day', /every hour/, /ogni ora/]),
  atEnd(/^550 5\.1\.8/, 'held', 'sender-blocked', [ENTRA, 'no', /Restricted entities/, /Entità con restrizioni/]),
  atEnd(/^554 5\.2\.2 /, 'held', 'sender-mailbox-full', [OWNER, 'no', /Empty the mailbox/, /Svuota la casella/]),
  atEnd(/^451 4\.7\.0/, 'deferred', 'message-deferred', [NETWORK, 'minutes', ...WAIT]),
];

/** Answers after which the rest of the message goes out by itself: nobody has to hear of them. */
const SPLIT: readonly { readonly words: RegExp; readonly phase: Phase }[] = [
  { words: /^452 4\.5\.3/, phase: 'rcpt' },
  { words: /^550 5\.5\.3/, phase: 'end-of-data' },
];

type Read<Fault> = { readonly words: RegExp; readonly fault: Fault; readonly code: string; readonly told: Told };
const SELECT = { command: 'SELECT', times: 100 } as const;
const IMAP_ON: readonly [RegExp, RegExp] = [/Switch on IMAP/, /Attiva IMAP/];
const NOTHING: readonly [RegExp, RegExp] = [/Nothing to do/, /Non serve fare nulla/];
const REPORT: readonly [RegExp, RegExp] = [/[Rr]eport it to the project/, /[Ss]egnalalo al progetto/];
const imap = (words: RegExp, fault: ImapFault, code: string, told: Told): Read<ImapFault> => {
  return { words, fault, code, told };
};
const say = (words: `${'NO' | 'BAD'} ${string}`): ImapFault => ({ kind: 'say', words, ...SELECT });
const bye = (reason: 'token-expired' | 'idle' | 'protocol'): ImapFault => ({ kind: 'bye', reason, ...SELECT });

const IMAP: readonly Read<ImapFault>[] = [
  imap(/AUTHENTICATE failed/, { kind: 'refuse-login' }, 'mailbox-refused', [OWNER, 'no', ...IMAP_ON]),
  imap(/not connected/, { kind: 'no-mailbox' }, 'mailbox-refused', [
    EXCHANGE,
    'no',
    /“Manage email apps” and at the licenses/,
    /«Gestisci app di posta elettronica» e le licenze/,
  ]),
  imap(/AccessTokenExpired/, bye('token-expired'), 'mailbox-unreachable', ['nobody', 'minutes', ...NOTHING]),
  imap(/closed\. 13/, bye('idle'), 'mailbox-unreachable', ['nobody', 'normal', ...NOTHING]),
  imap(/closed\. 14/, bye('protocol'), 'mailbox-unreachable', ['nobody', 'minutes', ...NOTHING]),
  imap(/BAD Request is throttled/, { kind: 'throttle', backoffMs: 299_961, ...SELECT }, 'mailbox-unreachable', [
    'nobody',
    'minutes',
    ...NOTHING,
  ]),
  imap(
    /NO Request is throttled/,
    { kind: 'throttle', backoffMs: 299_961, answer: 'NO', ...SELECT },
    'mailbox-unreachable',
    ['nobody', 'minutes', ...NOTHING],
  ),
  imap(/Server Unavailable/, { kind: 'unavailable', ...SELECT }, 'mailbox-unreachable', [
    'microsoft',
    'minutes',
    /service health/,
    /integrità dei servizi/,
  ]),
  imap(/Invalid state/, say('BAD Command received in Invalid state.'), 'mailbox-refused', [
    'project',
    'minutes',
    ...REPORT,
  ]),
  imap(/Argument Error\. 11/, say('BAD Command Argument Error. 11'), 'mailbox-refused', ['project', 'no', ...REPORT]),
  imap(/Argument Error\. 12/, say('BAD Command Argument Error. 12'), 'mailbox-refused', ['project', 'no', ...REPORT]),
];

/** Answers that belong to one message, or to a server that is read with a password: each has a test of its own below. */
const BY_THEMSELVES = [/EXPUNGE failed/, /LOGIN failed/, /Retrieval using the IMAP4 protocol failed/];

const pop3 = (words: RegExp, fault: PopFault, code: string, told: Told): Read<PopFault> => {
  return { words, fault, code, told };
};
const popSay = (words: string): PopFault => ({ name: 'say', command: 'STAT', words });
const popList = (words: string): PopFault => ({ ...popSay(words), command: 'LIST' });

const POP3: readonly Read<PopFault>[] = [
  pop3(/^-ERR Authentication failure/, { name: 'refuse-login' }, 'mailbox-refused', [
    OWNER,
    'no',
    /Switch on POP/,
    /Attiva POP/,
  ]),
  pop3(/^-ERR Logon failure/, { name: 'logon-failure' }, 'mailbox-refused', [
    PLATEN,
    'minutes',
    /takes no passwords over POP3/,
    /non accetta password via POP3/,
  ]),
  pop3(/closed\. 10/, popList('-ERR Protocol error. Connection is closed. 10'), 'mailbox-refused', [
    'project',
    'no',
    ...REPORT,
  ]),
  pop3(/error\. 14/, popList('-ERR Protocol error. 14'), 'mailbox-refused', ['project', 'no', ...REPORT]),
  pop3(/error\. 19/, popList('-ERR Protocol error. 19'), 'mailbox-refused', ['project', 'no', ...REPORT]),
];

/** Every answer of a protocol that is known by its words. */
const known = (protocol: string) => answers.filter(({ id }) => id.startsWith(`${protocol}-`));

function wordsFor(protocol: string, pattern: RegExp): string {
  const [row, ...others] = known(protocol).filter(({ words }) => pattern.test(words));
  assert.ok(row !== undefined && others.length === 0, `${pattern} is one answer`);
  return row.words;
}

test('each known answer of SMTP, IMAP and POP3 is played, and nothing is played that is not known', () => {
  const imapPatterns = [...IMAP.map(({ words }) => words), ...BY_THEMSELVES];
  const played = {
    smtp: [...SMTP, ...SPLIT].map(({ words }) => words),
    imap: imapPatterns,
    pop3: POP3.map(({ words }) => words),
  };
  for (const [protocol, patterns] of Object.entries(played)) {
    const found = patterns.map((pattern) => wordsFor(protocol, pattern));
    const all = known(protocol).map(({ words }) => words);
    assert.deepEqual([...found].sort(), [...all].sort());
  }
});

/** What is shown of it in both languages is what was written down, and names the answer that was played. */
async function assertTold(
  context: Context,
  connectionId: string,
  { problem, words, told }: { readonly problem: Problem; readonly words: string; readonly told: Told },
): Promise<void> {
  const about = (await aboutConnections(context)).get(connectionId);
  assert.ok(about !== undefined);
  const [who, waiting, ...advice] = told;
  for (const [place, language] of LANGUAGES.entries()) {
    const shown = answerKept(problem, language, about);
    const { explanation } = shown;
    assert.equal(explanation?.reference, findAnswer(words)?.id);
    assert.deepEqual([explanation?.who, explanation?.waiting], [who, waiting]);
    assert.match(shown.advice, advice[place] ?? /^$/);
    for (const text of [shown.title, explanation?.meaning, explanation?.whoText, explanation?.waitingText]) {
      assert.ok(text !== undefined && text.length > 2 && !text.includes('{{'), `${language}: ${text}`);
    }
  }
}

let watched: WatchedMailbox;

describe('an answer to the outbox', () => {
  before(async () => {
    watched = await openWatchedMailbox();
    const outgoing = { kind: 'connection', connectionId: watched.connectionId } as const;
    await setNetworkSettings(watched.context, { senderEmail: PRINT_ROOM, senderName: undefined, outgoing }, 'test');
  });
  after(() => watched[Symbol.asyncDispose]());

  /** A mailbox that nobody has complained about, and no session left over. */
  async function startAfresh(): Promise<void> {
    const { practice, context, test: node } = watched;
    practice.smtp.reset();
    await context.db.deleteFrom('outbox_messages').execute();
    await context.db.deleteFrom('pace_buckets').execute();
    // a token that is younger than half a minute is not renewed
    node.clock.advance(MINUTE_MS);
    await eventually(() => practice.smtp.sessions().length === 0, { what: 'the last session has ended' });
  }
  const toTwo = () =>
    aMessage({ sender: PRINT_ROOM, recipients: ['anna@practice.example', 'archive@practice.example'] });

  for (const { words: pattern, phase, state, code, told } of SMTP) {
    const words = wordsFor('smtp', pattern);
    test(`${words.slice(0, 80)} at ${phase} leaves the message ${state}, and is explained`, async () => {
      await startAfresh();
      watched.practice.smtp.addFault({ phase, reply: words, times: 100 });
      await using _outbox = await startOutboxWorker(watched.context);
      const message = await reach(watched.context, await submitMessage(watched.context, toTwo()), state);
      assert.equal(message.problem?.code, code);
      assert.ok(message.problem.remote?.includes(words.slice(0, 60)), message.problem.remote);
      await assertTold(watched.context, watched.connectionId, { problem: message.problem, words, told });
    });
  }

  for (const { words: pattern, phase } of SPLIT) {
    const words = wordsFor('smtp', pattern);
    test(`${words} at ${phase} only makes the message leave in two parts`, async () => {
      await startAfresh();
      watched.practice.smtp.addFault({ phase, reply: words, times: 1 });
      await using _outbox = await startOutboxWorker(watched.context);
      const id = await submitMessage(watched.context, toTwo());
      await moveUntil(watched, async () => (await reachable(id)) === 'sent');
      const recipients = watched.practice.smtp.accepted().flatMap((one) => one.recipients);
      assert.deepEqual([...new Set(recipients)].sort(), ['anna@practice.example', 'archive@practice.example']);
    });
  }

  async function reachable(id: string): Promise<string | undefined> {
    const row = await watched.context.db
      .selectFrom('outbox_messages')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.state;
  }
});

/** Watches a mailbox; a failure is planted while it is read, and taken back. */
function describeReading<Fault>(
  protocol: 'imap' | 'pop3',
  rows: readonly Read<Fault>[],
  plant: (fault: Fault | 'none') => void,
): void {
  const asked: Partial<NewMailbox> = protocol === 'imap' ? {} : { protocol, afterIntake: 'keep', pollSeconds: 60 };
  describe(`an answer of ${protocol} to the intake`, () => {
    let worker: AsyncDisposable;
    before(async () => {
      watched = await openWatchedMailbox(asked);
      worker = await watched.startWorker();
    });
    after(async () => {
      await worker[Symbol.asyncDispose]();
      await watched[Symbol.asyncDispose]();
    });

    for (const { words: pattern, fault, code, told } of rows) {
      const words = wordsFor(protocol, pattern);
      test(`${words} makes the mailbox fail, is explained, and is over by itself`, async () => {
        const mailbox = () => getMailbox(watched.context, watched.mailboxId);
        await moveUntil(watched, async () => (await mailbox()).state === 'connected');
        plant(fault);
        watched.practice.imap.endSessions('close');
        try {
          let problem: Problem | undefined;
          // the end of the session itself is told first
          await moveUntil(watched, async () => {
            problem = (await mailbox()).problem;
            return problem !== undefined && findAnswer(problem.remote ?? '', protocol)?.id === findAnswer(words)?.id;
          });
          assert.ok(problem !== undefined);
          assert.equal(problem.code, code);
          await assertTold(watched.context, watched.connectionId, { problem, words, told });
        } finally {
          plant('none');
        }
        await moveUntil(watched, async () => (await mailbox()).state === 'connected');
      });
    }
  });
}

describeReading('imap', IMAP, (fault) => {
  const { faults } = watched.practice.imap;
  if (fault === 'none') faults.clear();
  else faults.add(fault);
});
describeReading('pop3', POP3, (fault) => {
  const { faults } = watched.practice.pop3;
  if (fault === 'none') faults.clear();
  else faults.add(fault);
});

describe('an answer about one message, or to a password', () => {
  test('NO EXPUNGE failed leaves the message where it is, says so, and prints nothing twice', async () => {
    await using box = await openWatchedMailbox({ afterIntake: 'delete' });
    box.practice.imap.faults.add({ kind: 'say', command: 'EXPUNGE', words: 'NO EXPUNGE failed', times: 1 });
    box.deliver(writeMessage());
    await using _worker = await box.startWorker();
    const problem = await eventually(async () => (await getMailbox(box.context, box.mailboxId)).problem);
    assert.deepEqual([problem.code, problem.remote], ['mailbox-move-refused', 'EXPUNGE failed']);
    for (const language of LANGUAGES) {
      const { explanation } = answerKept(
        problem,
        language,
        (await aboutConnections(box.context)).get(box.connectionId),
      );
      assert.deepEqual([explanation?.reference, explanation?.who], ['imap-expunge-failed', 'nobody']);
    }
    await moveUntil(box, async () => (await getMailbox(box.context, box.mailboxId)).state === 'connected');
    assert.equal((await box.jobs()).length, 1);
  });

  test('a message that Exchange puts in place of the real one is never printed, and the way to print it is told', async () => {
    await using box = await openWatchedMailbox();
    const uid = box.deliver(writeMessage());
    box.practice.imap.faults.add({ kind: 'substitute', uid, peek: 'substitute' });
    await using _worker = await box.startWorker();
    await moveUntil(box, async () => (await box.messages()).some(({ outcome }) => outcome === 'failed'));
    const [message] = await box.messages();
    assert.equal(message?.reason, 'substitute-message');
    assert.deepEqual(await box.jobs(), []);
    for (const [language, words] of [
      ['en', /print it from there/],
      ['it', /stampalo da lì/],
    ] as const) {
      const told = explainFailure(
        { code: 'message-refused', remote: 'Retrieval using the IMAP4 protocol failed' },
        { language },
      );
      assert.match(told?.action ?? '', words);
      assert.ok(reasonFor(language, 'substitute-message').text.length > 20);
    }
  });

  test('NO LOGIN failed to a password names the connection as the way to read the mailbox', async () => {
    const server = { host: '127.0.0.1', port: 0, security: 'tls', username: PRINT_ROOM } as const;
    await using box = await openWatchedMailbox();
    const { imap: endpoint } = box.practice.clouds.practice ?? assert.fail('there is a practice cloud');
    const classic = { ...server, host: endpoint.host, port: endpoint.port };
    await box.context.db
      .updateTable('mailboxes')
      .set({
        connection_id: null,
        server: JSON.stringify(classic),
        sealed_password: box.context.secrets.seal('wrong', `mailbox-password:${box.mailboxId}`),
      })
      .where('id', '=', box.mailboxId)
      .execute();
    for (const command of ['AUTHENTICATE', 'LOGIN']) {
      box.practice.imap.faults.add({ kind: 'say', command, words: 'NO LOGIN failed.', times: 100 });
    }
    await using _worker = await box.startWorker();
    const problem = await eventually(async () => (await getMailbox(box.context, box.mailboxId)).problem);
    assert.equal(problem.code, 'mailbox-refused');
    const [en, it] = LANGUAGES.map((language) => answerKept(problem, language, undefined));
    assert.deepEqual([en?.explanation?.reference, en?.explanation?.who], ['imap-login-disabled', PLATEN]);
    assert.match(en?.advice ?? '', /through a connection to Microsoft Exchange Online/);
    assert.match(it?.advice ?? '', /con una connessione a Microsoft Exchange Online/);
  });
});

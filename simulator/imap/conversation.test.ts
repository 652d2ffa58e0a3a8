import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessToken } from './access.ts';
import { type Imap, type ImapOptions, imapControlRoutes, startImap } from './server.ts';

const ADDRESS = 'print@practice.example';
const MINUTE_MS = 60_000;

/** A clock that stands still until it is moved. */
class TestClock {
  #now = new Date('2026-11-22T10:00:00Z');
  readonly #listeners = new Set<() => void>();
  now(): Date {
    return this.#now;
  }
  advance(ms: number): void {
    this.#now = new Date(this.#now.getTime() + ms);
    for (const listener of this.#listeners) listener();
  }
  onMove(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function tokenFor(username: string, changes: Partial<AccessToken> = {}): AccessToken {
  return {
    username,
    audience: 'https://outlook.office.com',
    scopes: ['https://outlook.office.com/IMAP.AccessAsUser.All', 'https://outlook.office.com/SMTP.Send'],
    expiresAt: new Date('2026-11-22T11:10:00Z'),
    ...changes,
  };
}

const TOKENS = new Map<string, AccessToken>([
  ['good', tokenFor(ADDRESS)],
  ['office365', tokenFor(ADDRESS, { audience: 'https://outlook.office365.com/' })],
  ['graph', tokenFor(ADDRESS, { audience: 'https://graph.microsoft.com' })],
  ['smtp-only', tokenFor(ADDRESS, { scopes: ['https://outlook.office.com/SMTP.Send'] })],
  ['expired', tokenFor(ADDRESS, { expiresAt: new Date('2026-11-22T09:59:59Z') })],
  ['nomailbox', tokenFor('nomailbox@practice.example')],
  ['disabled', tokenFor('imap-disabled@practice.example')],
  ['throttled', tokenFor('imap-throttled@practice.example')],
]);

const tenant = {
  findAccessToken: (token: string) => TOKENS.get(token),
  mayOpenMailbox: (username: string, address: string) => username === address || address === 'scans@practice.example',
  addressesOf: (address: string) => (address === 'room@practice.example' ? [ADDRESS, address] : [address]),
};

let imap: Imap;
let clock: TestClock;
const clients = new Set<Client>();

async function restart(options: Partial<ImapOptions> = {}): Promise<void> {
  await imap.close();
  imap = await startImap({ tenant, clock, host: '127.0.0.1', port: 0, ...options });
}

beforeEach(async () => {
  clock = new TestClock();
  imap = await startImap({ tenant, clock, host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  for (const client of clients) client.close();
  clients.clear();
  await imap.close();
});

/** A client on a bare socket that holds written conversations; a mismatch is thrown with all that was said before. */
class Client {
  readonly #socket: Socket;
  readonly #said: string[] = [];
  #input = '';
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor() {
    this.#socket = connect(imap.port, imap.host);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => {
      this.#input += text;
      this.#wake();
    });
    this.#socket.on('error', (error) => this.#said.push(`(${error.message})`));
    this.#socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
    clients.add(this);
  }

  /**
   * `C: line` is sent, `S: line` must come next (… stands for anything, \\r\\n and the like as in JavaScript), `S: <close>`
   * is the end of the connection and `S: <silence>` 150 ms without a byte.
   */
  async talk(script: string): Promise<void> {
    for (const line of script.split('\n').map((text) => text.trim())) {
      if (line === '') continue;
      const [, who, text = ''] = /^(C|S): ?(.*)$/.exec(line) ?? assert.fail(`not a line of a conversation: ${line}`);
      if (who === 'C') this.send(`${text}\r\n`);
      else await this.#expect(text);
    }
  }

  send(text: string): void {
    this.#said.push(`C: ${text.trimEnd()}`);
    this.#socket.write(text, 'latin1');
  }

  async #expect(expected: string): Promise<void> {
    if (expected === '<silence>') {
      await sleep(150);
      if (this.#input !== '' || this.#isClosed) this.#fail(expected, this.#isClosed ? '<close>' : this.#input);
      return;
    }
    const line = await this.readLine();
    this.#said.push(`S: ${line}`);
    const pattern = expected.split('…').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    if (!new RegExp(`^${pattern.join('.*')}$`).test(line)) this.#fail(expected, line);
  }

  async readLine(): Promise<string> {
    await this.#until(() => this.#input.includes('\n') || this.#isClosed);
    const at = this.#input.indexOf('\n');
    if (at < 0) {
      const rest = this.#input;
      this.#input = '';
      return rest === '' ? '<close>' : rest;
    }
    const line = this.#input.slice(0, at).replace(/\r$/, '');
    this.#input = this.#input.slice(at + 1);
    return line;
  }

  async #until(isTrue: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(5000);
    while (!isTrue()) {
      if (deadline.aborted) this.#fail('an answer', 'nothing for 5 s');
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), sleep(100)]);
    }
  }

  #fail(expected: string, actual: string): never {
    assert.fail(`${this.#said.join('\n')}\n--- expected: S: ${expected}\n--- but got:  S: ${actual}`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function xoauth2(user: string, token: string): string {
  return Buffer.from(`user=${user}\x01auth=Bearer ${token}\x01\x01`).toString('base64');
}

async function loggedIn(options: { token?: string; user?: string; folder?: string } = {}): Promise<Client> {
  const client = new Client();
  const user = options.user ?? ADDRESS;
  await client.talk(`
    S: * OK …
    C: L1 AUTHENTICATE XOAUTH2 ${xoauth2(user, options.token ?? 'good')}
    S: L1 OK AUTHENTICATE completed.
  `);
  if (options.folder === undefined) return client;
  client.send(`L2 SELECT "${options.folder}"\r\n`);
  while (!(await client.readLine()).startsWith('L2 OK'));
  return client;
}

function message(subject: string, lines: readonly string[] = ['Hello', 'world']): Buffer {
  const header = ['From: "Anna, Office" <anna@practice.example>', `To: ${ADDRESS}`, `Subject: ${subject}`];
  return Buffer.from(
    [...header, 'Date: Sun, 22 Nov 2026 09:00:00 +0100', 'Message-ID: <1@practice.example>', '', ...lines, ''].join(
      '\r\n',
    ),
  );
}

test('the classic front end greets, lists its capabilities and takes XOAUTH2 on one line', async () => {
  const client = new Client();
  await client.talk(`
    S: * OK The Microsoft Exchange IMAP4 service is ready. [UABSAEEA…]
    C: A01 CAPABILITY
    S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+
    S: A01 OK CAPABILITY completed.
    C: A02 AUTHENTICATE XOAUTH2 ${xoauth2(ADDRESS, 'good')}
    S: A02 OK AUTHENTICATE completed.
    C: A03 CAPABILITY
    S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+
    S: A03 OK CAPABILITY completed.
    C: A04 ID ("name" "test")
    S: * ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")
    S: A04 OK ID completed.
    C: A05 NAMESPACE
    S: * NAMESPACE (("" "/")) NIL NIL
    S: A05 OK NAMESPACE completed.
    C: A06 LOGOUT
    S: * BYE Microsoft Exchange Server IMAP4 server signing off.
    S: A06 OK LOGOUT completed.
    S: <close>
  `);
});

test('XOAUTH2 also works in two steps, and the client may give up in between', async () => {
  const client = new Client();
  await client.talk(`
    S: * OK …
    C: A1 AUTHENTICATE XOAUTH2
    S: +…
    C: *
    S: A1 BAD AUTHENTICATE canceled.
    C: A2 authenticate xoauth2
    S: +…
    C: ${xoauth2(ADDRESS, 'office365')}
    S: A2 OK AUTHENTICATE completed.
    C: A3 AUTHENTICATE XOAUTH2 ${xoauth2(ADDRESS, 'good')}
    S: A3 BAD Command received in Invalid state.
  `);
});

for (const token of ['unknown', 'graph', 'smtp-only', 'expired']) {
  test(`a token that is ${token} does not authenticate, and no challenge is sent`, async () => {
    const client = new Client();
    await client.talk(`
      S: * OK …
      C: A1 AUTHENTICATE XOAUTH2 ${xoauth2(ADDRESS, token)}
      S: A1 NO AUTHENTICATE failed.
      C: A2 SELECT INBOX
      S: A2 BAD Command received in Invalid state.
    `);
    assert.equal(imap.counters.refusedLogins, 1);
  });
}

test('a mailbox with IMAP switched off does not authenticate', async () => {
  const client = new Client();
  await client.talk(`
    S: * OK …
    C: A1 AUTHENTICATE XOAUTH2 ${xoauth2('imap-disabled@practice.example', 'disabled')}
    S: A1 NO AUTHENTICATE failed.
  `);
});

for (const [user, token] of [
  ['nomailbox@practice.example', 'nomailbox'],
  ['anna@practice.example', 'good'],
] as const) {
  test(`the login to ${user} is accepted, and only the next command shows that there is no mailbox`, async () => {
    const client = await loggedIn({ user, token });
    await client.talk(`
      C: A03 SELECT INBOX
      S: A03 BAD User is authenticated but not connected.
      S: * BYE Connection closed. 14
      S: <close>
    `);
  });
}

test('a session too many is accepted without mailbox', async () => {
  await restart({ maxSessionsPerMailbox: 1 });
  await loggedIn({ folder: 'INBOX' });
  const second = await loggedIn();
  await second.talk(`
    C: A1 NOOP
    S: A1 BAD User is authenticated but not connected.
    S: * BYE Connection closed. 14
    S: <close>
  `);
});

test('a delegate opens a shared mailbox, and an alias opens the same mailbox as the first address', async () => {
  imap.mailboxes.deliver('room@practice.example', message('by alias'));
  imap.mailboxes.deliver('scans@practice.example', message('shared'));
  imap.mailboxes.deliver('scans@practice.example', message('shared 2'));
  const shared = await loggedIn({ user: 'scans@practice.example' });
  await shared.talk(`
    C: A1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 2)
    S: A1 OK STATUS completed.
  `);
  const own = await loggedIn();
  await own.talk(`
    C: A1 STATUS INBOX (MESSAGES UNSEEN UIDNEXT)
    S: * STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 102)
    S: A1 OK STATUS completed.
  `);
});

test('passwords are refused, unless the practice account was given one', async () => {
  const client = new Client();
  await client.talk(`
    S: * OK …
    C: A1 LOGIN ${ADDRESS} secret
    S: A1 NO LOGIN failed.
  `);
  await restart({ passwords: { [ADDRESS]: 'secret' } });
  const known = new Client();
  await known.talk(`
    S: * OK …
    C: A1 LOGIN ${ADDRESS} wrong
    S: A1 NO LOGIN failed.
    C: A2 LOGIN "${ADDRESS}" {6+}
  `);
  await known.talk(`
    C: secret
    S: A2 OK LOGIN completed.
    C: A3 SELECT INBOX
    S: * 0 EXISTS
  `);
});

test('the newer front end has no passwords at all', async () => {
  await restart({ profile: 'login-disabled', passwords: { [ADDRESS]: 'secret' } });
  const client = new Client();
  await client.talk(`
    S: * OK The Microsoft Exchange IMAP4 service is ready. […]
    C: A1 CAPABILITY
    S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+
    S: A1 OK CAPABILITY completed.
    C: A2 LOGIN ${ADDRESS} secret
    S: A2 NO LOGIN failed.
    C: A3 AUTHENTICATE PLAIN
    S: A3 NO AUTHENTICATE failed.
  `);
});

test('the back end of 2026 speaks IMAP4rev2 when it is enabled', async () => {
  await restart({ profile: 'rev2' });
  imap.mailboxes.deliver(ADDRESS, message('one'));
  const client = new Client();
  await client.talk(`
    S: * OK Microsoft Exchange IMAP4 service ready. … (tcpproxy/15.21.0406.000 BACKENDAUTHENTICATE) […]
    C: A1 AUTHENTICATE XOAUTH2 ${xoauth2(ADDRESS, 'good')}
    S: A1 OK AUTHENTICATE completed.
    C: A2 CAPABILITY
    S: * CAPABILITY … LITERAL+ ENABLE IMAP4rev2 BACKENDAUTHENTICATE-IR
    S: A2 OK CAPABILITY completed.
    C: A3 LSUB "" "Arch*"
    S: * LSUB (\\HasNoChildren) "/" "Archive"
    S: A3 OK LSUB completed.
    C: A4 ENABLE CONDSTORE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: A4 OK ENABLE completed.
    C: A5 LSUB "" "*"
    S: A5 BAD Command Argument Error. 11
    C: A6 SELECT INBOX
    S: * 1 EXISTS
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * OK [UIDVALIDITY 14] UIDVALIDITY value
    S: * OK [UIDNEXT 102] The next unique identifier value
    S: * LIST () "/" INBOX
    S: A6 OK [READ-WRITE] SELECT completed.
    C: A7 UID SEARCH ALL
    S: * ESEARCH (TAG "A7") UID ALL 101
    S: A7 OK SEARCH completed.
  `);
});

test('ENABLE is unknown to the classic front end', async () => {
  const client = await loggedIn();
  await client.talk(`
    C: A1 ENABLE IMAP4rev2
    S: A1 BAD Command Argument Error. 11
  `);
});

test('SELECT answers as Exchange does, without own keywords in PERMANENTFLAGS', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one'));
  imap.mailboxes.deliver(ADDRESS, message('two'));
  const client = await loggedIn();
  await client.talk(`
    C: A1 SELECT INBOX
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)
    S: * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)] Permanent flags
    S: * OK [UNSEEN 1] Is the first unseen message
    S: * OK [UIDVALIDITY 14] UIDVALIDITY value
    S: * OK [UIDNEXT 103] The next unique identifier value
    S: A1 OK [READ-WRITE] SELECT completed.
    C: A2 UID STORE 101 +FLAGS ($PlatenDone \\seen)
    S: * 1 FETCH (FLAGS (\\Seen) UID 101)
    S: A2 OK STORE completed.
    C: A3 EXAMINE inbox
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS ()] Permanent flags
    S: * OK [UNSEEN 2] Is the first unseen message
    S: * OK [UIDVALIDITY 14] UIDVALIDITY value
    S: * OK [UIDNEXT 103] The next unique identifier value
    S: A3 OK [READ-ONLY] EXAMINE completed.
    C: A4 STORE 1 FLAGS ()
    S: A4 NO Folder is read-only.
    C: A5 UID MOVE 101 Archive
    S: A5 NO Folder is read-only.
    C: A6 SELECT Nowhere
    S: A6 NO Nowhere doesn't exist.
    C: A7 FETCH 1 FLAGS
    S: A7 BAD Command received in Invalid state.
  `);
});

test('folders are made with their parents, listed, subscribed and deleted', async () => {
  const client = await loggedIn();
  await client.talk(`
    C: A1 LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: A1 OK LIST completed.
    C: A2 LIST "" INBOX
    S: * LIST (\\Marked \\HasNoChildren) "/" INBOX
    S: A2 OK LIST completed.
    C: A3 CREATE Platen/Done
    S: A3 OK CREATE completed.
    C: A4 CREATE "platen/done"
    S: A4 NO CREATE failed.
    C: A5 LIST "" "Platen*"
    S: * LIST (\\HasChildren) "/" "Platen"
    S: * LIST (\\HasNoChildren) "/" "Platen/Done"
    S: A5 OK LIST completed.
    C: A6 LIST "" "P%"
    S: * LIST (\\HasChildren) "/" "Platen"
    S: A6 OK LIST completed.
    C: A7 UNSUBSCRIBE Platen/Done
    S: A7 OK UNSUBSCRIBE completed.
    C: A8 LSUB "Platen/" "%"
    S: A8 OK LSUB completed.
    C: A9 DELETE Platen/Done
    S: A9 OK DELETE completed.
    C: B1 DELETE INBOX
    S: B1 NO DELETE failed.
    C: B2 CREATE "Ger&AOQ-te"
    S: B2 OK CREATE completed.
    C: B3 LIST "" "Ger*"
    S: * LIST (\\HasNoChildren) "/" "Ger&AOQ-te"
    S: B3 OK LIST completed.
  `);
  assert.ok(imap.mailboxes.findFolder(ADDRESS, 'Geräte'));
});

test('a folder that was deleted and made again has a new UIDVALIDITY', async () => {
  const client = await loggedIn();
  await client.talk(`
    C: A1 CREATE Work
    S: A1 OK CREATE completed.
    C: A2 STATUS Work (UIDVALIDITY)
    S: * STATUS "Work" (UIDVALIDITY 21)
    S: A2 OK STATUS completed.
    C: A3 DELETE Work
    S: A3 OK DELETE completed.
    C: A4 CREATE Work
    S: A4 OK CREATE completed.
    C: A5 STATUS Work (UIDVALIDITY)
    S: * STATUS "Work" (UIDVALIDITY 22)
    S: A5 OK STATUS completed.
  `);
});

test('FETCH gives each item, the UID behind the size, and marks as seen only without PEEK', async () => {
  imap.mailboxes.deliver(ADDRESS, message('Größe'));
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID FETCH 101 (UID FLAGS INTERNALDATE RFC822.SIZE)
    S: * 1 FETCH (FLAGS () INTERNALDATE "22-Nov-2026 10:00:00 +0000" RFC822.SIZE … UID 101)
    S: A1 OK FETCH completed.
    C: A2 FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT "TO")])
    S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT "TO")] {…}
    S: To: print@practice.example
    S: Subject: …
    S:
    S: )
    S: A2 OK FETCH completed.
    C: A3 FETCH 1 (BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[2])
    S: * 1 FETCH (BODY[TEXT] {14}
    S: Hello
    S: world
    S:  BODY[1] {14}
    S: Hello
    S: world
    S:  BODY[2] NIL)
    S: A3 OK FETCH completed.
    C: A4 FETCH 1 BODY[TEXT]<3.5>
    S: * 1 FETCH (FLAGS (\\Seen) BODY[TEXT]<3> {5}
    S: lo
    S: w)
    S: A4 OK FETCH completed.
    C: A5 FETCH 2 FLAGS
    S: A5 BAD The specified message set is invalid.
    C: A6 UID FETCH 102:200 FLAGS
    S: A6 OK FETCH completed.
    C: A7 UID FETCH 900:* (FLAGS)
    S: * 1 FETCH (UID 101 FLAGS (\\Seen))
    S: A7 OK FETCH completed.
    C: A8 FETCH 1 (NONSENSE)
    S: A8 BAD Command Argument Error. 11
    C: A9 FETCH 1 FULL
    S: * 1 FETCH (FLAGS (\\Seen) INTERNALDATE … RFC822.SIZE … ENVELOPE ("Sun, 22 Nov 2026 09:00:00 +0100" {7}
    S: Gr… (("Anna, Office" NIL "anna" "practice.example")) … BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 14 2))
  `);
});

test('the size is an estimate, on either side of the truth, until it is switched to exact', async () => {
  const bytes = message(
    'size',
    Array.from({ length: 100 }, () => 'x'.repeat(70)),
  );
  imap.mailboxes.deliver(ADDRESS, bytes);
  imap.mailboxes.deliver(ADDRESS, bytes);
  const client = await loggedIn({ folder: 'INBOX' });
  client.send('A1 FETCH 1:2 RFC822.SIZE\r\n');
  const sizes = [await client.readLine(), await client.readLine()].map((line) => Number(/SIZE (\d+)/.exec(line)?.[1]));
  assert.ok((sizes[0] as number) > bytes.length && (sizes[1] as number) < bytes.length, sizes.join());
  imap.faults.add({ kind: 'exact-size' });
  await client.talk(`
    S: A1 OK FETCH completed.
    C: A2 FETCH 1:2 RFC822.SIZE
    S: * 1 FETCH (RFC822.SIZE ${bytes.length})
    S: * 2 FETCH (RFC822.SIZE ${bytes.length})
    S: A2 OK FETCH completed.
  `);
});

test('SEARCH finds by flag, by set, by date, by header, and combined', async () => {
  for (const subject of ['one', 'two', 'three']) imap.mailboxes.deliver(ADDRESS, message(subject));
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID STORE 101,103 +FLAGS.SILENT (\\Seen)
    S: A1 OK STORE completed.
    C: A2 UID SEARCH UNSEEN
    S: * SEARCH 102
    S: A2 OK SEARCH completed.
    C: A3 SEARCH SEEN
    S: * SEARCH 1 3
    S: A3 OK SEARCH completed.
    C: A4 UID SEARCH UID 103:*
    S: * SEARCH 103
    S: A4 OK SEARCH completed.
    C: A5 UID SEARCH UID 104:*
    S: * SEARCH 103
    S: A5 OK SEARCH completed.
    C: A6 UID SEARCH NOT SEEN 1:2
    S: * SEARCH 102
    S: A6 OK SEARCH completed.
    C: A7 SEARCH OR (SUBJECT thr SEEN) UID 101
    S: * SEARCH 1 3
    S: A7 OK SEARCH completed.
    C: A8 UID SEARCH DELETED
    S: * SEARCH
    S: A8 OK SEARCH completed.
    C: A9 UID SEARCH SINCE 22-Nov-2026 BEFORE 23-Nov-2026 UNDELETED ALL
    S: * SEARCH 101 102 103
    S: A9 OK SEARCH completed.
    C: B1 UID SEARCH CHARSET UTF-8 ALL
    S: B1 NO [BADCHARSET (US-ASCII)] The specified charset is not supported.
    C: B2 UID SEARCH BOGUS x
    S: B2 BAD Command Argument Error. 11
    C: B3 UID SEARCH HEADER Message-ID 1@practice BODY WORLD
    S: * SEARCH 101 102 103
    S: B3 OK SEARCH completed.
  `);
});

test('MOVE gives new UIDs, names them, and leaves the source in order', async () => {
  for (let index = 0; index < 5; index += 1) imap.mailboxes.deliver(ADDRESS, message(`${index}`));
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 CREATE Platen/Done
    S: A1 OK CREATE completed.
    C: A2 UID MOVE 101:102,104 Platen/Done
    S: * OK [COPYUID 22 101:102,104 101:103]…
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: * 2 EXPUNGE
    S: A2 OK MOVE completed.
    C: A3 UID SEARCH UID 105,103:104,101:*,104
    S: * SEARCH 103 105
    S: A3 OK SEARCH completed.
    C: A4 UID MOVE 101 Platen/Done
    S: A4 OK MOVE completed.
    C: B1 UID FETCH 105,103:105,105 (UID)
    S: * 1 FETCH (UID 103)
    S: * 2 FETCH (UID 105)
    S: B1 OK FETCH completed.
    C: A5 UID MOVE 103 Platen/Failed
    S: A5 NO [TRYCREATE] Platen/Failed doesn't exist.
    C: A6 MOVE 2 "platen/done"
    S: * OK [COPYUID 22 105 104]…
    S: * 2 EXPUNGE
    S: A6 OK MOVE completed.
  `);
  const done = imap.mailboxes.getFolder(ADDRESS, 'Platen/Done').messages;
  assert.deepEqual(
    done.map(({ bytes }) => /Subject: (.)/.exec(bytes.toString())?.[1]),
    ['0', '1', '3', '4'],
  );
});

test('COPY, EXPUNGE, UID EXPUNGE and CLOSE do what they say', async () => {
  for (let index = 0; index < 4; index += 1) imap.mailboxes.deliver(ADDRESS, message(`${index}`));
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID COPY 102:103 Archive
    S: A1 OK [COPYUID 15 102:103 101:102] COPY completed.
    C: A2 STORE 1:3 +FLAGS.SILENT \\Deleted
    S: A2 OK STORE completed.
    C: A3 UID EXPUNGE 102
    S: * 2 EXPUNGE
    S: A3 OK EXPUNGE completed.
    C: A4 EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: A4 OK EXPUNGE completed.
    C: A5 STORE 1 FLAGS (\\Deleted)
    S: * 1 FETCH (FLAGS (\\Deleted))
    S: A5 OK STORE completed.
    C: A6 CLOSE
    S: A6 OK CLOSE completed.
    C: A7 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: A7 OK STATUS completed.
  `);
});

test('APPEND takes synchronising and non-synchronising literals', async () => {
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 APPEND INBOX (\\Seen) " 1-Nov-2026 08:00:00 +0100" {10}
    S: + Ready for additional command text.
    C: Subject: a
    S: * 1 EXISTS
    S: A1 OK [APPENDUID 14 101] APPEND completed.
  `);
});

test('a literal is taken by its length, whatever is in it', async () => {
  const client = await loggedIn({ folder: 'INBOX' });
  client.send('A1 APPEND INBOX {20+}\r\nSubject: a\r\n\r\nA9 {2}\r\nA2 NOOP\r\n');
  await client.talk(`
    S: * 1 EXISTS
    S: A1 OK [APPENDUID 14 101] APPEND completed.
    S: A2 OK NOOP completed.
    C: A3 UID FETCH 101 (FLAGS INTERNALDATE BODY.PEEK[])
    S: * 1 FETCH (UID 101 FLAGS () INTERNALDATE "22-Nov-2026 10:00:00 +0000" BODY[] {20}
    S: Subject: a
    S:
    S: A9 {2})
    S: A3 OK FETCH completed.
  `);
});

test('IDLE tells of new mail at once, and what came before it ahead of the plus', async () => {
  const client = await loggedIn({ folder: 'INBOX' });
  imap.mailboxes.deliver(ADDRESS, message('before'));
  await client.talk(`
    C: A1 IDLE
    S: * 1 EXISTS
    S: + IDLE accepted, awaiting DONE command.
  `);
  imap.mailboxes.deliver(ADDRESS, message('during'));
  const other = await loggedIn({ folder: 'INBOX' });
  await client.talk('S: * 2 EXISTS');
  await other.talk(`
    C: A1 UID MOVE 101 Archive
    S: * OK [COPYUID …
    S: * 1 EXPUNGE
    S: A1 OK MOVE completed.
    C: A2 UID STORE 102 FLAGS (\\Flagged)
    S: * 1 FETCH (FLAGS (\\Flagged) UID 102)
    S: A2 OK STORE completed.
  `);
  await client.talk(`
    S: * 1 EXPUNGE
    S: * 1 FETCH (FLAGS (\\Flagged))
    C: DONE
    S: A1 OK IDLE completed.
  `);
  imap.mailboxes.deliver(ADDRESS, message('after'));
  await client.talk(`
    S: <silence>
    C: A2 NOOP
    S: * 2 EXISTS
    S: A2 OK NOOP completed.
  `);
});

test('numbers of messages stay during FETCH although another session has expunged', async () => {
  for (let index = 0; index < 3; index += 1) imap.mailboxes.deliver(ADDRESS, message(`${index}`));
  const client = await loggedIn({ folder: 'INBOX' });
  const folder = imap.mailboxes.getFolder(ADDRESS, 'INBOX');
  imap.mailboxes.remove(folder, folder.messages.slice(0, 1));
  await client.talk(`
    C: A1 FETCH 3 (UID)
    S: * 3 FETCH (UID 103)
    S: A1 OK FETCH completed.
    C: A2 NOOP
    S: * 1 EXPUNGE
    S: A2 OK NOOP completed.
  `);
});

test('syntax errors are BAD, and too many of them end the session', async () => {
  const client = await loggedIn();
  await client.talk(`
    C: A1 FOO
    S: A1 BAD Command Argument Error. 11
    C: A2
    S: * BAD Command Argument Error. 11
    C: A3 LIST ("" "*"
    S: A3 BAD Command Argument Error. 11
    C: A4 LIST "
    S: A4 BAD Command Argument Error. 11
  `);
  for (let index = 0; index < 5; index += 1) await client.talk(`C: B${index} constructor\nS: B${index} BAD …`);
  await client.talk(`
    C: A5 UID LOGOUT
    S: A5 BAD Command Argument Error. 11
    S: * BYE Connection closed. 14
    S: <close>
  `);
});

test('a command line of 10 kB is read, a longer one ends the session', async () => {
  const client = await loggedIn({ folder: 'INBOX' });
  const set = (bytes: number): string => '1,'.repeat(bytes / 2).slice(0, -1);
  const room = 10 * 1024 - 'A1 UID SEARCH UID '.length;
  await client.talk(`
    C: A1 UID SEARCH UID ${set(room)}
    S: * SEARCH
    S: A1 OK SEARCH completed.
    C: A2 UID SEARCH UID ${set(room + 2)}1
    S: * BAD Command Argument Error. 12
    S: * BYE Connection closed. 14
    S: <close>
  `);
});

test('a huge literal before the login is not read', async () => {
  const client = new Client();
  await client.talk(`
    S: * OK …
    C: A1 LOGIN {2000000000}
    S: * BAD Command Argument Error. 12
    S: * BYE Connection closed. 14
    S: <close>
  `);
});

test('when the token runs out the session is told, and one more command is refused', async () => {
  const client = await loggedIn({ folder: 'INBOX' });
  for (let minutes = 0; minutes < 60; minutes += 20) {
    clock.advance(20 * MINUTE_MS);
    await client.talk(`
      C: N${minutes} NOOP
      S: N${minutes} OK NOOP completed.
    `);
  }
  await client.talk(`
    C: A1 IDLE
    S: + IDLE accepted, awaiting DONE command.
  `);
  clock.advance(10 * MINUTE_MS);
  await client.talk(`
    S: * BYE Session invalidated - AccessTokenExpired
    C: DONE
    S: A1 BAD Command received in Invalid state.
    S: <close>
  `);
});

test('who says nothing for half an hour is sent away, and for a minute before the login', async () => {
  const stranger = new Client();
  await stranger.talk('S: * OK …');
  const client = await loggedIn({ folder: 'INBOX' });
  clock.advance(MINUTE_MS);
  await stranger.talk(`
    S: * BYE Connection is closed. 13
    S: <close>
  `);
  clock.advance(29 * MINUTE_MS - 1);
  await client.talk(`
    S: <silence>
  `);
  clock.advance(1);
  await client.talk(`
    S: * BYE Connection is closed. 13
    S: <close>
  `);
});

test('a throttled command is told how long to wait, then the session ends', async () => {
  const client = await loggedIn({ user: 'imap-throttled@practice.example', token: 'throttled' });
  await client.talk(`
    C: A1 SELECT INBOX
    S: A1 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds
    S: * BYE Connection closed. 14
    S: <close>
  `);
  imap.faults.add({
    kind: 'throttle',
    backoffMs: 1234,
    answer: 'NO',
    command: 'FETCH',
    address: 'room@practice.example',
  });
  imap.mailboxes.deliver(ADDRESS, message('one'));
  const other = await loggedIn({ folder: 'INBOX' });
  await other.talk(`
    C: A1 NOOP
    S: A1 OK NOOP completed.
    C: A2 UID FETCH 1:* FLAGS
    S: A2 NO Request is throttled. Suggested Backoff Time: 1234 milliseconds
    S: * BYE Connection closed. 14
    S: <close>
  `);
  assert.deepEqual(
    imap.faults.list().map(({ left, fired }) => [left, fired]),
    [[0, 1]],
  );
});

test('an overloaded server says something that is no IMAP, in place of the greeting or of an answer', async () => {
  imap.faults.add({ kind: 'unavailable', command: 'GREETING' });
  await new Client().talk(`
    S: Server Unavailable. 15
    S: <close>
  `);
  imap.faults.add({ kind: 'unavailable' });
  const client = await loggedIn();
  await client.talk(`
    C: A1 SELECT INBOX
    S: Server Unavailable. 15
    S: <close>
  `);
});

test('a session can be ended with each kind of BYE, without a word, or die unnoticed', async () => {
  for (const [reason, line] of [
    ['token-expired', '* BYE Session invalidated - AccessTokenExpired'],
    ['idle', '* BYE Connection is closed. 13'],
    ['protocol', '* BYE Connection closed. 14'],
  ] as const) {
    const client = await loggedIn();
    assert.equal(await imap.endSessions(reason, 'room@practice.example'), 1);
    await client.talk(`
      S: ${line}
      S: <close>
    `);
  }
  const closed = await loggedIn();
  assert.equal(await imap.endSessions('close', 'nobody@practice.example'), 0);
  assert.equal(await imap.endSessions('close'), 1);
  await closed.talk('S: <close>');
  const hanging = await loggedIn();
  await imap.endSessions('hang');
  await hanging.talk(`
    C: A1 NOOP
    S: <silence>
  `);
});

test('a fault can be armed for a command', async () => {
  imap.faults.add({ kind: 'bye', reason: 'token-expired', command: 'SELECT' });
  const client = await loggedIn();
  await client.talk(`
    C: A1 NOOP
    S: A1 OK NOOP completed.
    C: A2 SELECT INBOX
    S: * BYE Session invalidated - AccessTokenExpired
    S: A2 BAD Command received in Invalid state.
    S: <close>
  `);
  imap.faults.add({ kind: 'lose-connection', how: 'hang', command: 'SELECT' });
  const silent = await loggedIn();
  await silent.talk(`
    C: A1 SELECT INBOX
    S: <silence>
  `);
  imap.faults.add({ kind: 'lose-connection', how: 'reset', command: 'GREETING' });
  await new Client().talk('S: <close>');
});

test('a body is cut after so many bytes, by close, reset or silence', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one', ['x'.repeat(1000)]));
  for (const how of ['close', 'reset', 'hang'] as const) {
    imap.faults.add({ kind: 'cut-fetch', afterBytes: 10, how, uid: 101 });
    const client = await loggedIn({ folder: 'INBOX' });
    await client.talk(`
      C: A1 UID FETCH 101 (BODY.PEEK[])
      S: * 1 FETCH (UID 101 BODY[] {…}
    `);
    if (how === 'close') await client.talk('S: From: "Ann\nS: <close>');
    if (how === 'reset') assert.match(await client.readLine(), /^(From: "Ann|<close>)$/);
    if (how === 'hang') await assert.rejects(client.talk('S: <silence>'), /but got: {2}S: From: "Ann$/);
  }
  const client = await loggedIn({ folder: 'INBOX' });
  client.send('A1 UID FETCH 101 (BODY.PEEK[])\r\n');
  for (let line = ''; !line.startsWith('A1 OK'); ) line = await client.readLine();
});

test('a slow body comes in pieces, but whole', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one', ['x'.repeat(3000), 'end']));
  imap.faults.add({ kind: 'slow-fetch', bytesPerSecond: 20_000 });
  const client = await loggedIn({ folder: 'INBOX' });
  const startedAt = process.hrtime.bigint();
  client.send('A1 UID FETCH 101 (BODY.PEEK[])\r\n');
  for (let line = ''; line !== 'end'; ) line = await client.readLine();
  assert.ok(process.hrtime.bigint() - startedAt > 80_000_000n);
  await client.talk(`
    S: )
    S: A1 OK FETCH completed.
  `);
});

test('a MOVE whose answer is lost has happened, or not', async () => {
  for (const [when, left] of [
    ['before', 1],
    ['after', 0],
  ] as const) {
    const uid =
      imap.mailboxes.getFolder(ADDRESS, 'INBOX').messages[0]?.uid ??
      imap.mailboxes.deliver(ADDRESS, message('one')).uid;
    imap.faults.add({ kind: 'cut-move', when });
    const client = await loggedIn({ folder: 'INBOX' });
    await client.talk(`
      C: A1 UID MOVE ${uid} Archive
      S: <close>
    `);
    assert.equal(imap.mailboxes.getFolder(ADDRESS, 'INBOX').messages.length, left);
    assert.equal(imap.mailboxes.getFolder(ADDRESS, 'Archive').messages.length, 1 - left);
  }
});

test('a command is refused as often as it was armed', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one'));
  imap.faults.add({ kind: 'refuse', command: 'MOVE', times: 2 });
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID MOVE 101 Archive
    S: A1 NO MOVE failed.
    C: A2 UID MOVE 101 Archive
    S: A2 NO MOVE failed.
    C: A3 UID MOVE 101 Archive
    S: * OK [COPYUID 15 101 101]…
    S: * 1 EXPUNGE
    S: A3 OK MOVE completed.
  `);
});

test('a muted IDLE never tells anything; DONE is answered or not', async () => {
  imap.faults.add({ kind: 'mute-idle' });
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 IDLE
    S: + IDLE accepted, awaiting DONE command.
  `);
  imap.mailboxes.deliver(ADDRESS, message('one'));
  imap.faults.add({ kind: 'mute-idle', done: 'ignored' });
  await client.talk(`
    S: <silence>
    C: DONE
    S: * 1 EXISTS
    S: A1 OK IDLE completed.
    C: A2 IDLE
    S: + IDLE accepted, awaiting DONE command.
    C: DONE
    S: <silence>
  `);
});

test('a message that cannot be converted gives no data to PEEK and a substitute to BODY[]', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one'));
  imap.mailboxes.deliver(ADDRESS, message('Contract'));
  imap.faults.add({ kind: 'substitute', uid: 102, folder: 'inbox' });
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID FETCH 102 (UID BODY.PEEK[])
    S: A1 OK FETCH completed.
    C: A2 UID FETCH 102 (UID FLAGS)
    S: * 2 FETCH (UID 102 FLAGS ())
    S: A2 OK FETCH completed.
    C: A3 UID FETCH 102 (BODY.PEEK[HEADER])
    S: * 2 FETCH (UID 102 BODY[HEADER] {…}
    S: From: "Anna, Office" <anna@practice.example>
    S: To: …
    S: Subject: Contract
    S: Date: …
    S: Message-ID: …
    S:
    S: )
    S: A3 OK FETCH completed.
    C: A4 UID FETCH 102 (BODY[])
    S: * 2 FETCH (UID 102 FLAGS (\\Seen) BODY[] {…}
    S: From: "Microsoft Exchange Server" <microsoft@unknown>
    S: Subject: Retrieval using the IMAP4 protocol failed for the following message: 2
    S: Date: Sun, 22 Nov 2026 09:00:00 +0100
    S: MIME-Version: 1.0
    S: Content-Type: …
    S: Content-Transfer-Encoding: 7bit
    S:
    S: The server couldn't retrieve the following message:
    S:
    S: Subject: Contract
  `);
});

test('the substitute can also come for PEEK', async () => {
  imap.mailboxes.deliver(ADDRESS, message('Contract'));
  imap.faults.add({ kind: 'substitute', peek: 'substitute' });
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID FETCH 101 (BODY.PEEK[])
    S: * 1 FETCH (UID 101 BODY[] {…}
    S: From: "Microsoft Exchange Server" …
  `);
});

test('the structure of a message can be malformed', async () => {
  imap.mailboxes.deliver(ADDRESS, message('one'));
  imap.faults.add({ kind: 'malformed-structure', uid: 101 });
  const client = await loggedIn({ folder: 'INBOX' });
  await client.talk(`
    C: A1 UID FETCH 101 (BODYSTRUCTURE)
    S: * 1 FETCH (UID 101 BODYSTRUCTURE ((NIL NIL NIL…
    S: A1 OK FETCH completed.
  `);
});

test('a change of UIDVALIDITY ends open sessions and gives the same messages other UIDs', async () => {
  for (let index = 0; index < 2; index += 1) imap.mailboxes.deliver(ADDRESS, message(`${index}`));
  const idle = await loggedIn({ folder: 'INBOX' });
  await idle.talk(`
    C: A1 IDLE
    S: + IDLE accepted, awaiting DONE command.
  `);
  imap.mailboxes.resetUidValidity(ADDRESS, 'INBOX');
  await idle.talk(`
    S: * BYE Connection closed. 14
    S: <close>
  `);
  const client = await loggedIn();
  await client.talk(`
    C: A1 STATUS INBOX (MESSAGES UIDVALIDITY UIDNEXT)
    S: * STATUS INBOX (MESSAGES 2 UIDVALIDITY 21 UIDNEXT 3)
    S: A1 OK STATUS completed.
  `);
});

test('the control surface delivers, reads, arms faults and counts', async () => {
  const routes = new Map(imapControlRoutes(imap).map((route) => [`${route.method} ${route.path}`, route.handler]));
  const call = async (name: string, body: unknown): Promise<unknown> => {
    const handler = routes.get(name) ?? assert.fail(`no route ${name}`);
    return handler(body);
  };
  const delivered = await call('POST /imap/deliver', { address: ADDRESS, message: message('one').toString('base64') });
  assert.deepEqual(delivered, { folder: 'INBOX', uid: 101, uidValidity: 14 });
  await call('POST /imap/deliver', { address: ADDRESS, message: 'Subject: text\n\nbody\n' });
  await call('POST /imap/duplicate', { address: ADDRESS, uid: 101 });
  const mailbox = (await call('GET /imap/mailbox', { address: ADDRESS })) as {
    folders: { name: string; messages: { uid: number; size: number; subject: string }[] }[];
  };
  assert.deepEqual(
    mailbox.folders[0]?.messages.map(({ uid, size, subject }) => [uid, size, subject]),
    [
      [101, message('one').length, 'one'],
      [102, 23, 'text'],
      [103, message('one').length, 'one'],
    ],
  );
  const read = (await call('GET /imap/message', { address: ADDRESS, folder: 'INBOX', uid: '102' })) as {
    message: string;
  };
  assert.equal(Buffer.from(read.message, 'base64').toString(), 'Subject: text\r\n\r\nbody\r\n');
  await call('POST /imap/fault', { kind: 'throttle', backoffMs: 5, command: 'select' });
  assert.deepEqual(imap.faults.list()[0]?.fault, { kind: 'throttle', backoffMs: 5, command: 'SELECT' });
  for (const wrong of [
    null,
    {},
    { kind: 'x' },
    { kind: 'throttle' },
    { kind: 'refuse', foo: 1 },
    { kind: 'bye', reason: 1 },
  ]) {
    await assert.rejects(call('POST /imap/fault', wrong), Error);
  }
  await call('POST /imap/clear-faults', {});
  assert.deepEqual(imap.faults.list(), []);
  await assert.rejects(call('GET /imap/message', { address: ADDRESS, folder: 'INBOX', uid: 9 }), /has no message 9/);
  await call('POST /imap/uidvalidity', { address: ADDRESS });
  assert.equal(imap.mailboxes.getFolder(ADDRESS, 'INBOX').uidValidity, 21);
  await call('POST /imap/profile', { profile: 'rev2' });
  await new Client().talk('S: * OK Microsoft Exchange IMAP4 service ready. …');
  assert.deepEqual(await call('POST /imap/end-sessions', { how: 'close' }), { ended: 1 });
});

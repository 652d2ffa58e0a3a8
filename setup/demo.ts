/**
 * The main job without a Microsoft tenant: Platen, the practice tenant and the practice printer on this machine.
 *
 * `--auto` plays it through and proves each step; without it everything stays running and is explained. The demo is
 * a client like any other: it speaks HTTP to the server and to the control surface of the practice tenant.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stampOf } from '../simulator/stamp.ts';
import { twoPagePdf } from './demo-document.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const SENDER = 'anna@practice.example';
/** The practice tenant vouches for the sender, as Exchange Online does. */
const STAMP = stampOf({ domain: SENDER.split('@')[1] ?? '' });
const MAILBOX = 'print@practice.example';
const PASSWORD = 'practice-makes-perfect';
const STEP_TIMEOUT_MS = 60_000;

type Fields = Record<string, unknown>;
type Practice = {
  readonly tenantId: string;
  readonly clientId: string;
  readonly control: string;
  readonly ca: string;
  readonly cloudsFile: string;
  readonly printers: readonly string[];
};
type Demo = { readonly url: string; readonly token: string; readonly practice: Practice; readonly directory: string };

const isAuto = process.argv.includes('--auto');
const directory = isAuto ? mkdtempSync(join(tmpdir(), 'platen-demo-')) : join(ROOT, 'demo-data');
const children: ChildProcess[] = [];
let steps = 0;

process.exitCode = await main().catch((error: unknown) => {
  console.error(`\nThe demo did not work: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});

async function main(): Promise<number> {
  try {
    const demo = await startEverything();
    if (isAuto) {
      await playMainJob(demo);
    } else {
      explain(demo);
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      });
    }
    return 0;
  } finally {
    for (const child of children.reverse()) await stop(child);
    if (isAuto) rmSync(directory, { recursive: true, force: true });
  }
}

async function startEverything(): Promise<Demo> {
  // Every demo begins fresh: the first run is part of it.
  if (!isAuto) rmSync(directory, { recursive: true, force: true });
  const practiceDir = join(directory, 'practice');
  mkdirSync(practiceDir, { recursive: true, mode: 0o700 });
  const line = await firstLine(start(['simulator/main.ts', '--dir', practiceDir], {}), /^\{"ready":true.*$/m);
  const practice = JSON.parse(line) as Practice;
  step('The practice tenant plays Microsoft 365, and the practice printer writes what it prints.');

  const setupToken = randomBytes(24).toString('base64url');
  const server = start(['cli/main.ts', 'serve'], {
    PLATEN_DATA_DIR: join(directory, 'platen'),
    PLATEN_PORT: isAuto ? '0' : (process.env.PLATEN_PORT ?? '8631'),
    PLATEN_RELAY_PORT: isAuto ? '0' : (process.env.PLATEN_RELAY_PORT ?? '2525'),
    PLATEN_CLOUDS_FILE: practice.cloudsFile,
    PLATEN_SETUP_TOKEN: setupToken,
    PLATEN_LOG_LEVEL: 'warn',
    // The demo stays on this machine.
    PLATEN_DISCOVERY: 'off',
    NODE_EXTRA_CA_CERTS: practice.ca,
  });
  const url = (await firstLine(server, /^Platen is ready at (\S+)$/m)).split(' ').at(-1) ?? '';
  step(`Platen has started with its embedded PostgreSQL and answers at ${url}`);

  const administrator = {
    email: 'admin@practice.example',
    name: 'Demo administrator',
    password: PASSWORD,
    language: 'en',
  };
  await call(url, { path: '/first-run', body: { setupToken, ...administrator } });
  const cookie = await signIn(url, administrator);
  const { token } = await call(url, { path: '/tokens', body: { name: 'demo', role: 'administrator' }, cookie });
  step('The one-time set-up token made the first administrator, and works no second time.');
  const refused = await fetch(`${url}/api/v1/first-run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ setupToken, ...administrator }),
  });
  proof('a second first run is answered with', refused.status);
  return { url, token: String(token), practice, directory };
}

async function signIn(url: string, { email, password }: { email: string; password: string }): Promise<string> {
  const answer = await fetch(`${url}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`signing in answered ${answer.status}: ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

async function playMainJob(demo: Demo): Promise<void> {
  const connectionId = await connect(demo);
  const { printerId, queueId } = await addPrinter(demo);
  await api(demo, '/users', { email: SENDER, name: 'Anna', role: 'user', language: 'it' });
  const mailbox = await api(demo, '/mailboxes', {
    title: 'Print by e-mail',
    protocol: 'imap',
    connectionId,
    address: MAILBOX,
    afterIntake: 'move',
    queueId,
  });
  await until('the mailbox is watched', async () =>
    (await api(demo, `/mailboxes/${mailbox.id}`)).state === 'connected' ? true : undefined,
  );
  step(`Documents mailed to ${MAILBOX} by ${SENDER} go to the queue "Office"; Platen watches the mailbox.`);

  const pdf = await twoPagePdf();
  await deliver(demo, pdf);
  const deliveredAt = performance.now();
  step(`A mail with a real PDF of two pages (${pdf.length} bytes) was delivered into ${MAILBOX}.`);

  const message = await until('the message is taken in', async () => {
    const { items } = await api(demo, '/messages');
    return (items as Fields[])[0];
  });
  const job = await until('the job is there', async () => {
    const { items } = await api(demo, '/jobs');
    return (items as Fields[])[0];
  });
  step(`It became a job of its sender ${Math.round(performance.now() - deliveredAt)} ms later.`);
  proof('message', `${message.outcome}, from ${message.sender}, "${message.subject}"`);
  proof('job', `${job.id} "${job.title}" of ${job.ownerName}`);

  const printed = await until('it is printed', async () => {
    const now = await api(demo, `/jobs/${job.id}`);
    if (['aborted', 'canceled'].includes(String(now.state))) throw new Error(`the job was ${now.state}`);
    return now.state === 'completed' ? now : undefined;
  });
  const paper = await until('the paper is there', async () => (await practiceCall(demo, '/printer/printed'))[0]);
  step('The practice printer has printed it.');
  proof('job state', printed.state);
  proof('output file', paper.path ?? paper.file);
  const mailed = join(directory, 'mailed.pdf');
  writeFileSync(mailed, pdf);
  const [wanted, got] = [readPages(mailed), readPages(String(paper.path ?? paper.file))];
  proof('pages', got.length);
  // The document is written anew before it is printed, so its bytes differ; what is on the pages must not.
  const isSame = wanted.length === got.length && wanted.every((page, at) => page.equals(got[at] ?? Buffer.alloc(0)));
  proof('each page looks as it was mailed', isSame ? 'yes' : 'NO');
  if (!isSame) throw new Error('what was printed is not what was mailed');
  await showTimeline(demo, String(job.id), printerId);
  step('Done: a mailed PDF came out of a printer, through a connection that was confirmed by code.');
}

/** Every page as a picture. */
function readPages(file: string): Buffer[] {
  const prefix = join(mkdtempSync(join(directory, 'pages-')), 'page');
  execFileSync('pdftoppm', ['-r', '72', file, prefix]);
  const folder = dirname(prefix);
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

async function connect(demo: Demo): Promise<string> {
  const connection = await api(demo, '/connections', {
    kind: 'exchange-online',
    title: 'Practice tenant',
    clientId: demo.practice.clientId,
    tenantId: demo.practice.tenantId,
    cloud: 'practice',
    expectedAccount: MAILBOX,
  });
  const code = await api(demo, `/connections/${connection.id}/device-code`, {});
  step('A connection was begun; Microsoft (here: the practice tenant) gave a code.');
  proof('code', code.userCode);
  proof('to be entered at', code.verificationUri);
  await practicePost(demo, '/device-login', { userCode: code.userCode, account: MAILBOX, action: 'confirm' });
  const confirmed = await until('the connection is confirmed', async () => {
    const now = await api(demo, `/connections/${connection.id}`);
    return now.state === 'connected' ? now : undefined;
  });
  step(`${MAILBOX} has confirmed it; no password was given to Platen.`);
  proof('state', confirmed.state);
  proof('account', (confirmed.account as Fields | null)?.username);
  return String(connection.id);
}

async function addPrinter(demo: Demo): Promise<{ printerId: string; queueId: string }> {
  const printer = await api(demo, '/printers', { name: 'Practice printer', uri: demo.practice.printers[0] });
  const queue = await api(demo, '/queues', { name: 'Office', mode: 'direct', printerIds: [printer.id] });
  step(`The practice printer was added: ${demo.practice.printers[0]}`);
  return { printerId: String(printer.id), queueId: String(queue.id) };
}

async function deliver(demo: Demo, pdf: Buffer): Promise<void> {
  const encoded = pdf.toString('base64').replace(/.{76}/g, '$&\r\n');
  const message = [
    ...STAMP.trimEnd().split('\r\n'),
    `From: Anna <${SENDER}>`,
    `To: ${MAILBOX}`,
    'Subject: Two pages, please',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomBytes(8).toString('hex')}@practice.example>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="demo"',
    '',
    '--demo',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The document is attached.',
    '--demo',
    'Content-Type: application/pdf; name="two-pages.pdf"',
    'Content-Disposition: attachment; filename="two-pages.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    encoded,
    '--demo--',
    '',
  ].join('\r\n');
  await practicePost(demo, '/imap/deliver', { address: MAILBOX, message });
}

async function showTimeline(demo: Demo, jobId: string, printerId: string): Promise<void> {
  const { items } = await api(demo, `/jobs/${jobId}/timeline`);
  console.log('\n   The whole story, as `npx platen jobs show` tells it:');
  for (const event of items as Fields[]) {
    const data = event.data as Fields;
    const detail = data.to ?? data.outcome ?? data.title ?? (data.printerId === printerId ? 'Practice printer' : '');
    console.log(`     ${String(event.at).slice(11, 23)}  ${String(event.type).padEnd(20)} ${detail}`);
  }
}

function explain(demo: Demo): void {
  const environment = [`export PLATEN_URL=${demo.url}`, `export PLATEN_TOKEN=${demo.token}`].join('\n  ');
  const file = join(demo.directory, 'two-pages.eml');
  console.log(`
Everything is running. In another terminal, in this folder:

  ${environment}

1. Connect (shows a code; open the address in a browser and confirm it as ${MAILBOX}):
  npx platen connect --title "Practice tenant" --cloud practice --client-id ${demo.practice.clientId} --tenant-id ${demo.practice.tenantId} --expected-account ${MAILBOX}

2. A printer, a queue, a person, a mailbox:
  npx platen printers add --name "Practice printer" --uri ${demo.practice.printers[0]}
  npx platen queues add --name Office --mode direct --printer "Practice printer"
  npx platen users add --email ${SENDER} --name Anna
  npx platen mailboxes add --title "Print by e-mail" --connection "Practice tenant" --address ${MAILBOX} --queue Office

3. Mail a PDF to ${MAILBOX}:
  curl -s ${demo.practice.control}/imap/deliver -H 'content-type: application/json' --data @${file}.json

4. See what became of it:
  npx platen jobs list
  ls ${join(demo.directory, 'practice', 'printers')}/*/printed

The browser will warn about the certificate of the practice tenant: it is made on this machine (${demo.practice.ca}).
Stop everything with Ctrl-C.`);
  void writeSample(file);
}

async function writeSample(file: string): Promise<void> {
  const pdf = await twoPagePdf();
  const text = `${STAMP}From: Anna <${SENDER}>\r\nTo: ${MAILBOX}\r\nSubject: Two pages, please\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name="two-pages.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${pdf.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`;
  writeFileSync(`${file}.json`, JSON.stringify({ address: MAILBOX, message: text }));
}

function start(options: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(NODE, options, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function firstLine(child: ChildProcess, pattern: RegExp): Promise<string> {
  let output = '';
  return await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}\n${output}`)));
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
      const found = pattern.exec(output);
      if (found !== null) resolve(found[0]);
    });
  });
}

type Call = { readonly path: string; readonly body?: unknown; readonly token?: string; readonly cookie?: string };

async function call(url: string, { path, body, token, cookie }: Call): Promise<Fields> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie, origin: url, 'sec-fetch-site': 'same-origin' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Fields);
}

function api(demo: Demo, path: string, body?: unknown): Promise<Fields> {
  return call(demo.url, { path, token: demo.token, ...(body === undefined ? {} : { body }) });
}

async function practicePost(demo: Demo, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${demo.practice.control}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the practice tenant answered ${answer.status} to ${path}: ${await answer.text()}`);
}

async function practiceCall(demo: Demo, path: string): Promise<Fields[]> {
  const answer = (await (await fetch(`${demo.practice.control}${path}`)).json()) as unknown;
  return Array.isArray(answer) ? (answer as Fields[]) : (((answer as Fields).printed as Fields[]) ?? []);
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${STEP_TIMEOUT_MS / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function step(text: string): void {
  steps += 1;
  console.log(`\n${String(steps).padStart(2)}. ${text}`);
}

function proof(what: string, value: unknown): void {
  console.log(`     ${what}: ${String(value)}`);
}

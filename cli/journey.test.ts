import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPracticeTenant } from '../simulator/main.ts';
import { clientOf } from '../simulator/testing.ts';
import { writeMail } from '../test/harness/mail.ts';
import { startPlatenProcess } from '../test/harness/platen.ts';
import { followLink } from '../test/harness/practice-connection.ts';
import { eventually } from '../test/harness/time.ts';
import { runCli, startCli } from './testing.ts';

const MAILBOX = 'print@practice.example';
const SENDER = 'anna@practice.example';

type World = AsyncDisposable & {
  readonly env: Readonly<Record<string, string>>;
  readonly practice: Awaited<ReturnType<typeof startPracticeTenant>>;
  readonly setupToken: string;
  /** The last the server said, for the message of a failing step. */
  serverLog(): string;
  stopServer(): Promise<unknown>;
};

async function openWorld(): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'platen-cli-journey-'));
  undo.defer(() => rm(dataDir, { recursive: true, force: true }));
  const practice = await startPracticeTenant();
  undo.defer(() => practice.close());
  const env = { PLATEN_CLOUDS_FILE: practice.cloudsFile, NODE_EXTRA_CA_CERTS: practice.certificates.caPath };
  const server = undo.use(await startPlatenProcess({ dataDir, env }));
  const opened = undo.move();
  return {
    env: { PLATEN_DATA_DIR: dataDir, PLATEN_URL: server.url },
    practice,
    setupToken: server.setupToken,
    serverLog: () => server.output().slice(-3_000),
    stopServer: () => server.stop(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function done(world: World, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(words, { env: world.env, input: 'seven quiet harbor lanterns\n' });
  assert.equal(code, 0, `platen ${words.join(' ')}\n${stdout}${stderr}${world.serverLog()}`);
  return stdout;
}

async function read(world: World, ...words: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await done(world, ...words, '--json')).items;
}

/** Confirms by code, with the account, as a person would on Microsoft's page. */
async function confirm(world: World, words: readonly string[], account: string) {
  const cli = startCli(['connect', ...words], { env: world.env });
  const code = await eventually(async () => /Enter this code: +(\S+)/.exec(cli.stdout())?.[1]);
  const steer = clientOf(world.practice);
  await steer.control('/device-login', { userCode: code ?? '', account, action: 'confirm' });
  return await cli.ended;
}

test('the main job is set up and followed with the command line alone', { timeout: 480_000 }, async (t) => {
  await using world = await openWorld();
  const { practice } = world;

  await t.test('before the first run it says what to do', async () => {
    const { code, stderr } = await runCli(['jobs', 'list'], { env: world.env });
    assert.equal(code, 1);
    assert.match(stderr, /npx platen first-run/);
  });

  await t.test('first-run makes the administrator and a token that only this account reads', async () => {
    const who = ['--email', 'ada@practice.example', '--name', 'Ada', '--password', '-'];
    const wrong = await runCli(['first-run', '--setup-token', 'not-the-right-token', ...who], {
      env: world.env,
      input: 'seven quiet harbor lanterns\n',
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /set-up token is wrong/);
    await done(world, 'first-run', '--setup-token', `${world.env.PLATEN_URL}/first-run#${world.setupToken}`, ...who);
    const { mode } = await stat(join(world.env.PLATEN_DATA_DIR ?? '', 'cli-token'));
    assert.equal(mode & 0o777, 0o600);
    const again = await runCli(['first-run', '--setup-token', world.setupToken, ...who], { env: world.env });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /first run is over/);
  });

  await t.test('connect walks through a confirmation, and refuses another account', async () => {
    const ids = ['--client-id', practice.clientId, '--tenant-id', practice.tid, '--cloud', 'practice'];
    const wanted = ['--title', 'Practice', '--uses', 'imap,smtp', '--expected-account', MAILBOX];
    const wrong = await confirm(world, [...ids, ...wanted], SENDER);
    assert.equal(wrong.code, 1, wrong.stdout + wrong.stderr);
    assert.match(wrong.stderr, /What to do:/);
    const right = await confirm(world, ['--connection', 'Practice'], MAILBOX);
    assert.equal(right.code, 0, right.stdout + right.stderr);
    assert.match(right.stdout, /✓ Confirmed by print@practice\.example/);
    assert.match(await done(world, 'connections', 'check', 'Practice'), /IMAP: sign-in, INBOX opens: works/);
    assert.match(
      await done(world, 'network', 'set', '--sender-email', MAILBOX, '--connection', 'Practice'),
      /Practice/,
    );
  });

  await t.test('connect --here goes on when a browser on the server has signed in, and nothing is pasted', async () => {
    const cli = startCli(['connect', '--connection', 'Practice', '--here'], { env: world.env });
    const url = await eventually(async () => /^(https:\S+authorize\?\S+)$/m.exec(cli.stdout())?.[1]);
    const page = await fetch(await followLink(practice, url, { account: MAILBOX }));
    assert.match(await page.text(), /Platen is connected/);
    const ended = await cli.ended;
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.match(ended.stdout, /This command goes on by itself[\s\S]*✓ Confirmed by print@practice\.example/);
  });

  await t.test('printers, queues, users and mailboxes are added and changed', async () => {
    await done(world, 'printers', 'add', '--name', 'Office', '--uri', practice.printers[0]?.uri ?? '');
    await done(world, 'queues', 'add', '--name', 'Ground floor', '--mode', 'direct', '--printer', 'Office');
    await done(world, 'queues', 'set', 'Ground floor', '--mode', 'hold');
    await done(world, 'users', 'add', '--email', 'anna.rossi@practice.example', '--name', 'Anna');
    await done(world, 'users', 'set', 'anna.rossi@practice.example', '--address', SENDER, '--user-language', 'it');
    await done(world, 'users', 'set', 'anna.rossi@practice.example', '--group', 'School');
    assert.match(await done(world, 'users', 'list', '--group', 'School'), /Anna +School +user/);
    assert.doesNotMatch(await done(world, 'users', 'list', '--group', 'Hospital'), /Anna/);
    await done(world, 'users', 'set', 'anna.rossi@practice.example', '--no-group');
    assert.match(await done(world, 'users', 'list'), /Anna +user +only prints +anna@practice\.example/);
    await done(world, 'mailboxes', 'add', '--queue', 'Ground floor');
    assert.match(await done(world, 'mailboxes', 'check', MAILBOX), /can be read/);
    const rules = await done(world, 'mailboxes', 'set', MAILBOX, '--kind', 'pdf', '--kind', 'image', '--body', 'never');
    assert.match(rules, /pdf, image/);
    assert.match(rules, /never printed/);
    const more = ['--max-document-pages', '40', '--automatic-mail', 'refuse', '--group', 'School'];
    const changed = await done(world, 'mailboxes', 'set', MAILBOX, ...more);
    assert.match(changed, /Pages at most +40\n[\s\S]*Group +School\n[\s\S]*Automatic mail +refuse/);
    assert.doesNotMatch(await done(world, 'mailboxes', 'set', MAILBOX, '--no-group'), /School/);
    await eventually(async () => (await read(world, 'mailboxes', 'list'))[0]?.state === 'connected' || undefined);
  });

  await t.test('a mailbox of a classic server is added, and all its rules are said and changed', async () => {
    const address = 'scuola@old.example';
    const where = ['--host', '127.0.0.1', '--port', '1', '--username', 'scuola', '--password', 'secret of the mailbox'];
    const rules = [
      '--unknown',
      'register',
      '--domain',
      'old.example',
      '--unproven',
      'accept',
      '--reply',
      'held,refused',
    ];
    const added = await done(world, 'mailboxes', 'add', '--address', address, '--protocol', 'pop3', ...where, ...rules);
    assert.match(added, /Mail server +127\.0\.0\.1:1, tls, scuola/);
    assert.match(added, /Unknown senders +register\n\s*Domains registered +old\.example\n\s*Unproven senders +accept/);
    assert.match(added, /Answered +held, refused\n\s*Language of answers +sender/);
    assert.doesNotMatch(added, /secret of the mailbox/);
    const changed = [
      '--security',
      'starttls',
      '--title',
      'School',
      '--reply',
      'none',
      '--reply-language',
      'it',
      '--disable',
    ];
    const after = await done(world, 'mailboxes', 'set', address, ...changed);
    assert.match(after, /Mail server +127\.0\.0\.1:110, starttls, scuola/, 'the usual port of what was chosen');
    assert.match(after, /State +.*Off/);
    assert.match(after, /Answered +none\n\s*Language of answers +it/);
    const kept = (await read(world, 'mailboxes', 'list')).find((one) => one.title === 'School');
    assert.match(JSON.stringify(kept?.senderPolicy), /"domains":\["old\.example"\]/, 'what was not said stays');
    await done(world, 'mailboxes', 'remove', 'School', '--yes');
    for (const [words, said] of [
      [['set', MAILBOX], /Say what to change/],
      [['add', '--host', 'mail.old.example', '--address', address], /--password/],
      [['add', '--host', 'mail.old.example', '--connection', 'Practice'], /--connection/],
      [['set', MAILBOX, '--reply', 'sometimes'], /printed, held, refused, none/],
    ] as const) {
      const cli = await startCli(['mailboxes', ...words], { env: world.env }).ended;
      assert.deepEqual([cli.code, said.test(cli.stderr)], [2, true], cli.stdout + cli.stderr);
    }
  });

  await t.test('a mailed document is held, released, printed, and its story told', async () => {
    const mail = writeMail({ mark: 'cli-journey', sender: SENDER });
    const steer = clientOf(practice);
    await steer.control('/imap/deliver', { address: MAILBOX, message: mail.message.toString('base64') });
    const job = await eventually(async () => (await read(world, 'jobs', 'list', '--state', 'pending-held'))[0]);
    const id = String(job?.id);
    await done(world, 'jobs', 'change', id.slice(-8), '--copies', '2', '--color', 'monochrome');
    assert.match(await done(world, 'jobs', 'show', id.slice(-8)), /copies 2, .*monochrome|monochrome.*copies 2/);
    await done(world, 'jobs', 'release', id.slice(-8), '--copies', '1');
    await eventually(async () => (await read(world, 'jobs', 'list', '--state', 'completed'))[0]);
    const story = await done(world, 'jobs', 'show', id);
    assert.match(
      story,
      /taken from the mailbox[\s\S]*became a job of the queue Ground floor[\s\S]*\(by command line\)[\s\S]*Sent to the printer Office[\s\S]*Printed/,
    );
    const [message] = await read(world, 'messages', 'list', '--outcome', 'done');
    assert.match(await done(world, 'messages', 'show', String(message?.id)), /✓ Taken[\s\S]*✓ Printed/);
    assert.equal(practice.printers[0]?.printed().length, 1);
    const refused = await runCli(['jobs', 'cancel', id], { env: world.env });
    assert.equal(refused.code, 1);
  });

  await t.test('tokens are made, listed and ended, with the server and without it', async () => {
    const local = ['token', 'create', '--local', '--keep', '--name', 'rescue', '--role', 'administrator'];
    const busy = await runCli(local, { env: world.env });
    assert.equal(busy.code, 1);
    assert.match(busy.stderr, /Another Platen is using this data directory/);
    const token = (await done(world, 'token', 'create', '--name', 'ci', '--role', 'user')).trim();
    const asUser = await runCli(['users', 'list'], { env: { ...world.env, PLATEN_TOKEN: token } });
    assert.match(asUser.stderr, /You may not do this/);
    await done(world, 'token', 'remove', 'ci', '--yes');
    assert.match(
      (await runCli(['jobs', 'list'], { env: { ...world.env, PLATEN_TOKEN: token } })).stderr,
      /not valid here/,
    );
    await world.stopServer();
    await done(world, ...local);
    assert.match(await done(world, 'token', 'list', '--local'), /command line[\s\S]*rescue/);
    await done(world, 'token', 'remove', 'command line', '--local', '--yes');
    assert.doesNotMatch(await done(world, 'token', 'list', '--local'), /command line/);
  });
});

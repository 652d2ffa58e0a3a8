import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { startPracticeTenant } from './main.ts';
import { ask, clientOf, OUTLOOK_SCOPES } from './testing.ts';

const START_LIMIT_MS = 20_000;
const dir = mkdtempSync(join(tmpdir(), 'practice-main-'));
const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

type Ready = {
  ready: boolean;
  authority: string;
  tenantId: string;
  clientId: string;
  imap: { host: string; port: number };
  smtp: { host: string; port: number };
  control: string;
  ca: string;
  printers: string[];
  cloudsFile: string;
};

async function startProgram(
  ...more: string[]
): Promise<{ ready: Ready; stop: (signal: NodeJS.Signals) => Promise<number | null> }> {
  const program = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [program, '--dir', dir, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
    AbortSignal.timeout(START_LIMIT_MS).addEventListener('abort', () => reject(new Error('not ready in time')));
  });
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const code = await ended;
    started.delete(child);
    return code;
  };
  return { ready: JSON.parse(line) as Ready, stop };
}

/** Signs in by code with nothing but what the program has printed. */
async function signIn(ready: Ready): Promise<Record<string, unknown>> {
  const ca = readFileSync(ready.ca, 'utf8');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = (path: string, form: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: ready.clientId, ...form }).toString();
    return ask(`${ready.authority}/${ready.tenantId}/oauth2/v2.0/${path}`, { method: 'POST', ca, headers, body });
  };
  const code = (await post('devicecode', { scope: OUTLOOK_SCOPES })).json;
  const login = { userCode: code.user_code, account: 'print@practice.example' };
  await ask(`${ready.control}/device-login`, { method: 'POST', body: JSON.stringify(login) });
  return (await post('token', { grant_type: 'device_code', device_code: String(code.device_code) })).json;
}

test('the program prints where everything is, and a restart keeps ports, tokens, keys and mail', async () => {
  const first = await startProgram();
  const { ready } = first;
  assert.equal(ready.ready, true);
  assert.match(ready.printers[0] ?? '', /^ipp:\/\/127\.0\.0\.1:\d+\//);
  const clouds = JSON.parse(readFileSync(ready.cloudsFile, 'utf8'));
  assert.deepEqual(clouds.practice.imap, { ...ready.imap, security: 'tls' });
  assert.deepEqual(clouds.practice.smtp, { ...ready.smtp, security: 'starttls' });
  assert.equal(clouds.practice.authority, ready.authority);
  const tokens = await signIn(ready);
  const mail = { address: 'print@practice.example', message: 'Subject: kept\r\n\r\nText\r\n' };
  const delivered = await ask(`${ready.control}/imap/deliver`, { method: 'POST', body: JSON.stringify(mail) });
  assert.equal(delivered.status, 200);
  // No farewell: what was answered must already be on disk.
  await first.stop('SIGKILL');

  const second = await startProgram();
  assert.equal(second.ready.authority, ready.authority);
  assert.deepEqual(second.ready.imap, ready.imap);
  assert.deepEqual(second.ready.smtp, ready.smtp);
  const ca = readFileSync(second.ready.ca, 'utf8');
  const form = { client_id: ready.clientId, grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) };
  const refreshed = await ask(`${ready.authority}/${ready.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    ca,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  assert.equal(refreshed.status, 200);
  const mailbox = await ask(`${second.ready.control}/imap/mailbox?address=print@practice.example`);
  assert.match(mailbox.text, /"subject":"kept"/);
  assert.equal(await second.stop('SIGTERM'), 0);
});

test('a wrong option is refused before anything starts', async () => {
  await assert.rejects(startProgram('--ports', 'smtp=x'), /ended with 1/);
});

test('a practice tenant in the process leaves nothing behind when closed', async () => {
  const practice = await startPracticeTenant({ printers: ['one', 'two'] });
  assert.equal(practice.printers.length, 2);
  const routes = (await clientOf(practice).control('/')).json.routes as string[];
  assert.ok(routes.includes('GET /printers/two/printed'));
  assert.ok(routes.includes('GET /printer/printed'));
  await practice.close();
  assert.equal(existsSync(practice.dir), false);
  await assert.rejects(clientOf(practice).control('/'), /ECONNREFUSED/);
});

test('a port that is taken fails the start and closes what was started', async () => {
  const first = await startPracticeTenant({ printers: [] });
  const ports = { control: first.control.port };
  await assert.rejects(startPracticeTenant({ printers: [], ports }), { code: 'EADDRINUSE' });
  await first.close();
});

/** `first-run`: makes the first administrator, and an API token for this command line. */
import { z } from 'zod';
import { adviceFor, titleFor } from '../locales/locales.ts';
import { Client, exchange, type Target } from './client.ts';
import type { Call, Command } from './command.ts';
import { Problem } from './problem.ts';
import { ask, askNewPassword, readPassword } from './prompt.ts';
import { newToken } from './shapes.ts';
import { isOwnServer, serverUrl, writeToken } from './token-file.ts';

const TOKEN = { name: 'command line', role: 'administrator' } as const;

const firstRun: Command = {
  words: ['first-run'],
  options: {
    'setup-token': { value: 'secret' },
    email: { value: 'address' },
    name: { value: 'text' },
    password: { value: 'secret' },
    local: {},
  },
  async run(call) {
    if (call.has('local')) await runLocally(call);
    else await runRemotely(call);
  },
};

type Administrator = {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly language: 'en' | 'it';
};

async function runRemotely(call: Call): Promise<void> {
  const { settings, language, screen } = call;
  const target: Target = { url: serverUrl(settings), language };
  const { due } = await new Client(target).get(z.object({ due: z.boolean() }), '/first-run');
  if (!due) throw setupClosed(call);
  const setupToken = await readSetupToken(call);
  const body = { setupToken, ...(await readAdministrator(call)) };
  const { cookies } = await exchange(target, { method: 'POST', path: '/first-run', body });
  const cookie = cookies.map((text) => text.split(';', 1)[0]).join('; ');
  const client = new Client({ ...target, cookie });
  const { token } = await client.ask(newToken, { method: 'POST', path: '/tokens', body: TOKEN });
  if (isOwnServer(settings, target.url)) return await finish(call, { email: body.email, token });
  // On another machine a file would be read by nobody: the token is shown, once.
  if (screen.isJson) return screen.json({ email: body.email, token });
  screen.say('first-run.done', { email: body.email });
  screen.say('first-run.token');
  screen.line({ text: `PLATEN_URL=${target.url} PLATEN_TOKEN=${token}`, tone: 'strong' });
}

async function runLocally(call: Call): Promise<void> {
  const { withLocal } = await import('./local.ts');
  const { completeFirstRun, createLocalToken } = await import('../server/users/users.ts');
  const administrator = await readAdministrator(call);
  const token = await withLocal(call.settings, async (context) => {
    await completeFirstRun(context, administrator, { kind: 'console' });
    return (await createLocalToken(context, TOKEN)).token;
  });
  await finish(call, { email: administrator.email, token });
}

async function finish(
  { screen, settings }: Call,
  made: { readonly email: string; readonly token: string },
): Promise<void> {
  const file = await writeToken(settings, made.token);
  if (screen.isJson) return screen.json({ email: made.email, tokenFile: file });
  screen.line({ text: screen.text('first-run.done', { email: made.email }), tone: 'good' });
  screen.say('first-run.kept', { file });
  screen.line('');
  screen.say('first-run.next');
  screen.line('  npx platen connect');
}

function setupClosed({ language }: Call): Problem {
  return new Problem({
    code: 'setup-closed',
    title: titleFor(language, 'setup-closed'),
    advice: adviceFor(language, 'setup-closed'),
  });
}

/** The token itself, or the whole set-up link that the server printed. */
async function readSetupToken({ find, settings, screen }: Call): Promise<string> {
  const text =
    find('setup-token') ??
    settings.setupToken ??
    (await ask(screen, { text: screen.text('ask.setup-token'), option: 'setup-token' }));
  return text.slice(text.lastIndexOf('#') + 1).trim();
}

async function readAdministrator({ find, screen, language }: Call): Promise<Administrator> {
  const option = async (name: 'email' | 'name') =>
    find(name) ?? (await ask(screen, { text: screen.text(`ask.${name}`), option: name }));
  const email = await option('email');
  const name = await option('name');
  const password = find('password');
  return {
    email,
    name,
    password: password === undefined ? await askNewPassword(screen) : await readPassword(password),
    language,
  };
}

export const firstRunCommands: readonly Command[] = [firstRun];

/** `token`: API tokens of programs; with `--local` without a running server, which is the way back in. */
import type { z } from 'zod';
import type { Call, Command } from './command.ts';
import { findId, matchOne, pathOf } from './find.ts';
import { confirmRemoval } from './prompt.ts';
import type { Screen } from './screen.ts';
import { anything, newToken, token } from './shapes.ts';
import { isOwnServer, serverUrl, writeToken } from './token-file.ts';
import { ROLES } from './users.ts';
import { instant, shortId } from './words.ts';

const MAX_LOCAL = 500;

type Role = (typeof ROLES)[number];

const create: Command = {
  words: ['token', 'create'],
  options: {
    name: { value: 'text', isRequired: true },
    role: { value: 'text', choices: ROLES, isRequired: true },
    keep: {},
    local: {},
  },
  async run(call) {
    const { screen, settings, has } = call;
    const made = has('local') ? await createLocally(call) : await createRemotely(call);
    const isOwn = has('local') || isOwnServer(settings, serverUrl(settings));
    const file = has('keep') && isOwn ? await writeToken(settings, made.token) : undefined;
    if (screen.isJson) return screen.json({ ...made, ...(file === undefined ? {} : { file }) });
    screen.line({ text: made.token, tone: 'strong' });
    screen.complain(screen.text('token.once'));
    if (file !== undefined) screen.complain(screen.text('token.kept', { file }));
  },
};

function wishOf(call: Call): { name: string; role: Role } {
  const role = ROLES.find((one) => one === call.find('role')) ?? 'user';
  return { name: call.find('name') ?? '', role };
}

async function createRemotely(call: Call) {
  const client = await call.openClient();
  return await client.ask(newToken, { method: 'POST', path: '/tokens', body: wishOf(call) });
}

async function createLocally(call: Call) {
  const { withLocal } = await import('./local.ts');
  const { createLocalToken } = await import('../server/users/users.ts');
  return await withLocal(call.settings, async (context) => await createLocalToken(context, wishOf(call)));
}

const list: Command = {
  words: ['token', 'list'],
  options: { local: {} },
  async run(call) {
    const items = call.has('local') ? await listLocally(call) : await listRemotely(call);
    if (call.screen.isJson) call.screen.json({ items });
    else showTokens(call.screen, items);
  },
};

type Token = z.infer<typeof token>;

async function listRemotely(call: Call): Promise<Token[]> {
  const client = await call.openClient();
  return await client.list(token, '/tokens');
}

async function listLocally(call: Call): Promise<Token[]> {
  const { withLocal } = await import('./local.ts');
  const { listLocalTokens } = await import('../server/users/users.ts');
  const items = await withLocal(call.settings, async (context) => await listLocalTokens(context, MAX_LOCAL));
  return items.map(({ createdAt, usedAt, ...same }) => ({
    ...same,
    createdAt: createdAt.toISOString(),
    usedAt: usedAt?.toISOString() ?? null,
  }));
}

function showTokens(screen: Screen, items: readonly Token[]): void {
  if (items.length === 0) {
    screen.say('token.none');
    return;
  }
  screen.table(
    ['id', 'name', 'role', 'created', 'used'].map((head) => screen.text(`names.${head}`)),
    items.map((item) => [
      shortId(item.id),
      item.name,
      (ROLES as readonly string[]).includes(item.role) ? screen.text(`roles.${item.role}`) : item.role,
      instant(screen.language, item.createdAt),
      instant(screen.language, item.usedAt),
    ]),
  );
}

const remove: Command = {
  words: ['token', 'remove'],
  operands: ['id'],
  options: { yes: {}, local: {} },
  async run(call) {
    const { screen, operands, has } = call;
    const text = operands[0] ?? '';
    const id = has('local') ? await removeLocally(call, text) : await removeRemotely(call, text);
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: text });
  },
};

async function removeRemotely(call: Call, text: string): Promise<string> {
  const { screen, has } = call;
  const client = await call.openClient();
  const id = await findId(client, screen, { kind: 'token', text });
  await confirmRemoval(screen, { what: text, isSure: has('yes') });
  await client.ask(anything, { method: 'DELETE', path: pathOf('token', id) });
  return id;
}

async function removeLocally(call: Call, text: string): Promise<string> {
  const { withLocal } = await import('./local.ts');
  const { listLocalTokens, removeLocalToken } = await import('../server/users/users.ts');
  await confirmRemoval(call.screen, { what: text, isSure: call.has('yes') });
  return await withLocal(call.settings, async (context) => {
    const items = await listLocalTokens(context, MAX_LOCAL);
    const id = matchOne(call.screen, items, { kind: 'token', text });
    await removeLocalToken(context, id);
    return id;
  });
}

export const tokenCommands: readonly Command[] = [create, list, remove];

/** `connections`: authorised links to Microsoft 365. They are made and confirmed by `connect`. */
import { z } from 'zod';
import type { Call, Command } from './command.ts';
import { showChecks } from './doctor.ts';
import { findId, pathOf } from './find.ts';
import { explainKept, showProblem } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import type { Screen } from './screen.ts';
import { anything, type Connection, connection } from './shapes.ts';
import { instant, shortId, state } from './words.ts';

const list: Command = {
  words: ['connections', 'list'],
  async run({ openClient, screen, language }) {
    const client = await openClient();
    const items = await client.list(connection, '/connections');
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('connections.none');
    screen.table(
      ['id', 'title', 'account', 'state', 'since'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        shortId(item.id),
        item.title,
        item.account?.username ?? item.expectedAccount ?? '–',
        state(language, 'connection', item.state),
        instant(language, item.stateSince),
      ]),
    );
  },
};

const show: Command = {
  words: ['connections', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'connection', text: operands[0] ?? '' });
    const item = await client.get(connection, pathOf('connection', id));
    if (screen.isJson) screen.json(item);
    else showConnection(screen, item);
  },
};

const remove: Command = {
  words: ['connections', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  run: async (call) => await removeConnection(call),
};

async function removeConnection({ openClient, screen, operands, has }: Call): Promise<void> {
  const client = await openClient();
  const id = await findId(client, screen, { kind: 'connection', text: operands[0] ?? '' });
  const { title } = await client.get(z.looseObject({ title: z.string() }), pathOf('connection', id));
  await confirmRemoval(screen, { what: title, isSure: has('yes') });
  await client.ask(anything, { method: 'DELETE', path: pathOf('connection', id) });
  if (screen.isJson) screen.json({ id });
  else screen.say('removed', { what: title });
}

export function showConnection(screen: Screen, item: Connection): void {
  const { language } = screen;
  const name = (key: string) => screen.text(`names.${key}`);
  const at = (iso: string | null | undefined) =>
    iso === null || iso === undefined ? undefined : instant(language, iso);
  screen.details([
    [name('title'), item.title],
    [name('id'), item.id],
    [name('state'), state(language, 'connection', item.state)],
    [name('since'), at(item.stateSince)],
    [name('account'), item.account === null || item.account === undefined ? undefined : accountOf(item.account)],
    [name('expected-account'), item.expectedAccount ?? undefined],
    [name('uses'), item.uses.join(', ')],
    [name('granted-uses'), item.grantedUses.join(', ')],
    [name('cloud'), item.cloud],
    [name('client-id'), item.clientId],
    [name('tenant-id'), item.tenantId],
    [name('signed-in'), at(item.expiry?.signedInAt)],
    [name('renewed'), at(item.expiry?.renewedAt)],
    [name('expected-end'), at(item.expiry?.at)],
    [name('expected-why'), item.expiry?.reasonText ?? undefined],
    [name('clock-skew'), typeof item.clockSkewSeconds === 'number' ? `${item.clockSkewSeconds} s` : undefined],
    [name('login'), item.login?.state === undefined ? undefined : state(language, 'login', item.login.state)],
  ]);
  for (const problem of [item.problem, item.login?.problem]) {
    if (problem !== null && problem !== undefined) showProblem(screen, explainKept(language, problem), 'result');
  }
  if (item.checks !== null && item.checks !== undefined) showChecks(screen, item.checks);
}

function accountOf(account: NonNullable<Connection['account']>): string {
  return account.name === account.username ? account.username : `${account.name} <${account.username}>`;
}

export const connectionsCommands: readonly Command[] = [list, show, remove];

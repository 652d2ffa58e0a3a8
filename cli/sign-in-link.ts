/** The sign-in by link at the terminal: the link, the address that comes back, and what is wrong with it. */
import { z } from 'zod';
import type { Client } from './client.ts';
import { pathOf } from './find.ts';
import { Problem, showProblem } from './problem.ts';
import { askOnce, canAsk } from './prompt.ts';
import type { Screen } from './screen.ts';
import { type Connection, connection } from './shapes.ts';
import { instant } from './words.ts';

const link = z.looseObject({ url: z.string(), expiresAt: z.string() });

/** Numbers that say that codes are blocked in a tenant: another code would be refused too. */
const CODE_BLOCKED: ReadonlySet<unknown> = new Set([53003, 530035, 530036]);

export function isCodeBlocked(error: unknown): boolean {
  return error instanceof Problem && CODE_BLOCKED.has(error.told.facts?.aadsts);
}

function linkPath(connectionId: string): string {
  return `${pathOf('connection', connectionId)}/sign-in-link`;
}

/**
 * Shows a link and asks for the address until the login has ended; answers the connection as it is then. Without a
 * person at the terminal it shows the link and answers nothing: the address is given to a command of its own.
 */
export async function signInByLink(
  client: Client,
  screen: Screen,
  { id, expectedAccount }: Connection,
): Promise<Connection | undefined> {
  const made = await client.ask(link, { method: 'POST', path: linkPath(id), body: {} });
  if (screen.isJson) screen.jsonLine({ event: 'link', connectionId: id, url: made.url, expiresAt: made.expiresAt });
  else showLink(screen, made, expectedAccount ?? undefined);
  if (!canAsk(screen)) {
    if (!screen.isJson) screen.line(`  npx platen connect --connection ${id} --address -`);
    return undefined;
  }
  for (;;) {
    const address = await askOnce(screen.text('ask.address'));
    if (address === '') continue;
    try {
      const current = await giveAddress(client, id, address);
      if (current.login?.state !== 'pending') return current;
    } catch (error) {
      if (!(error instanceof Problem) || !mayPasteAgain(error)) throw error;
      showProblem(screen, error.told, 'result');
    }
  }
}

function mayPasteAgain({ told }: Problem): boolean {
  if (told.code === 'pasted-code-expired') return false;
  return told.code.startsWith('pasted-') || told.code === 'identity-unreachable' || told.code === 'lease-lost';
}

/** Gives the server the address at which the sign-in ended. Throws `Problem` when it is not the right one. */
export async function giveAddress(client: Client, connectionId: string, address: string): Promise<Connection> {
  return await client.ask(connection, { method: 'PUT', path: linkPath(connectionId), body: { address } });
}

function showLink(screen: Screen, made: z.infer<typeof link>, account: string | undefined): void {
  screen.line('');
  if (account !== undefined) {
    screen.line({ text: screen.text('connect.account', { account }), tone: 'strong' });
  }
  screen.line(`1  ${screen.text('connect.link.open')}`);
  screen.line({ text: made.url, tone: 'strong' });
  screen.line(`2  ${screen.text('connect.link.empty')}`);
  screen.line(`3  ${screen.text('connect.link.copy')}`);
  screen.line('');
  screen.say('connect.link.until', { time: instant(screen.language, made.expiresAt) });
}

/**
 * The sign-in by link at the terminal: the link, the address that comes back, and what is wrong with it; or, for a
 * browser on the server, no address at all.
 */
import { z } from 'zod';
import type { Client } from './client.ts';
import { awaitLogin, type Confirmation } from './confirm.ts';
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
  showLink(screen, made, { id, expectedAccount, steps: ['empty', 'copy'] });
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

/**
 * Shows a link to a person whose browser runs on the server, and waits until it has ended on a page of Platen there.
 * Throws `Problem` `loopback-not-here` when the server is another machine.
 */
export async function signInHere(client: Client, screen: Screen, connection: Connection): Promise<Confirmation> {
  const { id, expectedAccount } = connection;
  const made = await client.ask(link, { method: 'POST', path: linkPath(id), body: { redirect: 'loopback' } });
  showLink(screen, made, { id, expectedAccount, steps: ['comes-back'] });
  if (!screen.isJson) screen.say('connect.link.redirect');
  return await awaitLogin(client, screen, { id, expiresAt: made.expiresAt });
}

function mayPasteAgain({ told }: Problem): boolean {
  if (told.code === 'pasted-code-expired') return false;
  return told.code.startsWith('pasted-') || told.code === 'identity-unreachable' || told.code === 'lease-lost';
}

/** Gives the server the address at which the sign-in ended. Throws `Problem` when it is not the right one. */
export async function giveAddress(client: Client, connectionId: string, address: string): Promise<Connection> {
  return await client.ask(connection, { method: 'PUT', path: linkPath(connectionId), body: { address } });
}

type Shown = Pick<Connection, 'id' | 'expectedAccount'> & {
  /** What follows the opening of the link. */
  readonly steps: readonly ('empty' | 'copy' | 'comes-back')[];
};

function showLink(screen: Screen, made: z.infer<typeof link>, { id, expectedAccount, steps }: Shown): void {
  if (screen.isJson) {
    screen.jsonLine({ event: 'link', connectionId: id, url: made.url, expiresAt: made.expiresAt });
    return;
  }
  screen.line('');
  if (expectedAccount !== null && expectedAccount !== undefined) {
    screen.line({ text: screen.text('connect.account', { account: expectedAccount }), tone: 'strong' });
  }
  screen.line(`1  ${screen.text('connect.link.open')}`);
  screen.line({ text: made.url, tone: 'strong' });
  steps.forEach((step, at) => {
    screen.line(`${at + 2}  ${screen.text(`connect.link.${step}`)}`);
  });
  screen.line('');
  screen.say('connect.link.until', { time: instant(screen.language, made.expiresAt) });
}

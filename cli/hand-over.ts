/** `connect --hand-over`: a link for the owner of the mailbox, who confirms without signing in to Platen. */
import { z } from 'zod';
import type { Client } from './client.ts';
import { type Call, given, type Option, readNumber } from './command.ts';
import { pathOf } from './find.ts';
import type { Connection } from './shapes.ts';
import { instant } from './words.ts';

const made = z.looseObject({ url: z.string(), expiresAt: z.string(), subject: z.string(), invitation: z.string() });

export const handOverOptions: Readonly<Record<string, Option>> = {
  'hand-over': { about: 'connect-hand-over' },
  recipient: { value: 'name', about: 'connect-recipient' },
  'owner-language': { value: 'text', choices: ['en', 'it'], about: 'connect-owner-language' },
  'valid-days': { value: 'number', about: 'connect-valid-days' },
};

const MOST_DAYS = 7;

/** Makes the link and prints it with a text to send; it can be printed this once. The one that was open before is void. */
export async function handOver(call: Call, client: Client, { id }: Connection): Promise<void> {
  const { screen } = call;
  const body = given({
    language: call.find('owner-language') ?? call.language,
    recipient: call.find('recipient'),
    validDays: readNumber(call, 'valid-days', { min: 1, max: MOST_DAYS }),
  });
  const link = await client.ask(made, { method: 'POST', path: `${pathOf('connection', id)}/hand-over`, body });
  if (screen.isJson) return screen.jsonLine({ event: 'hand-over', connectionId: id, ...link });
  screen.line('');
  screen.say('connect.hand-over.give');
  screen.line({ text: link.url, tone: 'strong' });
  screen.say('connect.hand-over.until', { time: instant(screen.language, link.expiresAt) });
  screen.line('');
  screen.say('connect.hand-over.text');
  screen.line('');
  screen.line(link.subject);
  screen.line('');
  for (const line of link.invitation.split('\n')) screen.line(line);
}

/** `company`: the mail domain of the company, proposed wherever the own domain matters. */
import { z } from 'zod';
import type { Command } from './command.ts';
import type { Screen } from './screen.ts';

const PATH = '/settings/company';
const company = z.looseObject({ mailDomain: z.string().nullable() });

const show: Command = {
  words: ['company', 'show'],
  async run({ openClient, screen }) {
    const client = await openClient();
    showCompany(screen, await client.get(company, PATH));
  },
};

const set: Command = {
  words: ['company', 'set'],
  options: { 'mail-domain': { value: 'name', isRequired: true } },
  async run({ openClient, screen, find }) {
    const client = await openClient();
    const body = { mailDomain: find('mail-domain') };
    showCompany(screen, await client.ask(company, { method: 'PUT', path: PATH, body }));
  },
};

function showCompany(screen: Screen, settings: z.infer<typeof company>): void {
  if (screen.isJson) {
    screen.json(settings);
    return;
  }
  screen.details([[screen.text('names.mail-domain'), settings.mailDomain ?? screen.text('network.none')]]);
}

export const companyCommands: readonly Command[] = [show, set];

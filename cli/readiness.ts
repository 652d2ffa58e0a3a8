/** `readiness`: what still signs in at Microsoft with a password, or speaks plain SMTP to Platen. */
import { z } from 'zod';
import type { Command } from './command.ts';

const report = z.looseObject({
  passwordsEndOn: z.string(),
  isReady: z.boolean(),
  items: z.array(z.looseObject({ urgency: z.string(), title: z.string(), advice: z.string() })),
});

const URGENCIES = ['now', 'by-the-end-of-2026', 'when-you-can'];

const readiness: Command = {
  words: ['readiness'],
  async run({ openClient, screen }) {
    const client = await openClient();
    const found = await client.get(report, '/readiness');
    if (!found.isReady) process.exitCode = 1;
    if (screen.isJson) return screen.json(found);
    for (const { urgency, title, advice } of found.items) {
      const when = URGENCIES.includes(urgency) ? screen.text(`readiness.${urgency}`) : urgency;
      screen.line({ text: `${title} (${when})`, tone: urgency === 'when-you-can' ? 'plain' : 'broken' });
      screen.line(`  ${advice}`);
    }
    screen.line({
      text: screen.text(found.isReady ? 'readiness.ready' : 'readiness.not-ready'),
      tone: found.isReady ? 'good' : 'broken',
    });
  },
};

export const readinessCommands: readonly Command[] = [readiness];

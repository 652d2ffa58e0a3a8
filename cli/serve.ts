/** `serve`: runs the server until SIGTERM or Ctrl-C. */
import type { Command } from './command.ts';

const serve: Command = {
  words: ['serve'],
  async run() {
    // Loaded here alone: the other commands start without the server's libraries.
    const { serve } = await import('../server/main.ts');
    await serve();
  },
};

export const serveCommands: readonly Command[] = [serve];

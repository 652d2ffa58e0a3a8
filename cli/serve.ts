/** `serve`: runs the server until SIGTERM or Ctrl-C. */
import type { Command } from './command.ts';

const serve: Command = {
  words: ['serve'],
  async run() {
    forgetWebSockets();
    // Loaded here alone: the other commands start without the server's libraries.
    const { serve } = await import('../server/main.ts');
    await serve();
  },
};

/**
 * Whoever imports node:http reads each of its members, also those that are made when they are asked for: Node then compiles
 * its whole client for fetch and WebSocket, a twentieth of the work of a start and 3 MiB that stay. Nothing here uses them.
 */
export function forgetWebSockets(): void {
  const http = process.getBuiltinModule('node:http');
  for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent'] as const) Reflect.deleteProperty(http, name);
}

export const serveCommands: readonly Command[] = [serve];

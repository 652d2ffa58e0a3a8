/** `network`: the sender e-mail and the way mail leaves. */
import type { Client } from './client.ts';
import { type Command, given } from './command.ts';
import { findId } from './find.ts';
import { explainKept, showProblem, UsageError } from './problem.ts';
import type { Screen } from './screen.ts';
import { connection, network } from './shapes.ts';

const PATH = '/settings/network';

const show: Command = {
  words: ['network', 'show'],
  async run({ openClient, screen }) {
    const client = await openClient();
    await showNetwork(client, screen, await client.get(network, PATH));
  },
};

const set: Command = {
  words: ['network', 'set'],
  options: {
    'sender-email': { value: 'address' },
    'sender-name': { value: 'text' },
    connection: { value: 'id', about: 'outgoing-connection' },
  },
  async run({ openClient, screen, find }) {
    const named = find('connection');
    const change = given({ senderEmail: find('sender-email'), senderName: find('sender-name') });
    if (named === undefined && Object.keys(change).length === 0) throw new UsageError('nothing-to-change');
    const client = await openClient();
    const connectionId =
      named === undefined ? undefined : await findId(client, screen, { kind: 'connection', text: named });
    const body = { ...change, ...(connectionId === undefined ? {} : { outgoingServer: { connectionId } }) };
    await showNetwork(client, screen, await client.ask(network, { method: 'PUT', path: PATH, body }));
  },
};

async function showNetwork(client: Client, screen: Screen, settings: ReturnType<typeof network.parse>): Promise<void> {
  if (screen.isJson) return screen.json(settings);
  const id = settings.outgoingServer?.connectionId;
  const titles = await client.list(connection, '/connections');
  const name = (key: string) => screen.text(`names.${key}`);
  screen.details([
    [name('sender-email'), settings.senderEmail ?? screen.text('network.none')],
    [name('sender-name'), settings.senderName ?? undefined],
    [name('outgoing'), titles.find((item) => item.id === id)?.title ?? id ?? screen.text('network.none')],
  ]);
  const { problem } = settings;
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(screen.language, problem), 'result');
}

export const networkCommands: readonly Command[] = [show, set];

/** Every screen of the interface, on a stage where there is something to show on each. */
import assert from 'node:assert/strict';
import { readSources } from '../rules/sources.ts';
import { PRINT_ROOM } from './mail.ts';
import { openStage, type Row, type Stage } from './stage.ts';
import { eventually } from './time.ts';

/** Pages that nobody is signed in to. */
export const OPEN_TO_ALL: readonly string[] = ['/first-run', '/hand-over', '/links', '/sessions/new'];

export type FurnishedStage = {
  readonly stage: Stage;
  /** Of one thing of each kind, by the address of their list. */
  readonly ids: Readonly<Record<string, string>>;
  /** The addresses of all screens for those who are signed in, with the ids of things that there are. */
  readonly addresses: readonly string[];
};

/** One connected external system and one that waits, a printer, a device, a mailbox, a job and a message that leaves. */
export async function openFurnishedStage(): Promise<FurnishedStage> {
  const stage = await openStage({ database: 'external', until: 'administrator' });
  const connectionId = await stage.addConnection({ expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
  await stage.confirm(connectionId);
  const open = await stage.addConnection({ title: 'Not confirmed', expectedAccount: PRINT_ROOM });
  await stage.addPrinter();
  await stage.watchMailbox(connectionId);
  await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId }, senderEmail: PRINT_ROOM });
  const { id: device } = await stage.api('POST', '/devices', { name: 'Copier', addresses: ['192.0.2.7'] });
  const { id: outgoing } = await stage.api('POST', '/settings/network/test-message', { to: 'anna@practice.example' });
  await stage.deliver(1);
  const list = async (path: string) => (await stage.api('GET', path)).items as Row[];
  const first = async (path: string) =>
    String((await eventually(async () => (await list(path))[0], { what: path, timeoutMs: 60_000 })).id);
  const ids = {
    '/devices': String(device),
    '/jobs': await first('/jobs'),
    '/messages': await first('/messages'),
    '/outbox': String(outgoing),
    '/printers': stage.printerId,
    '/settings/connections': open,
    '/settings/jobs/mailboxes': await first('/mailboxes'),
  };
  return { stage, ids, addresses: await addressesWith(ids) };
}

async function addressesWith(ids: Readonly<Record<string, string>>): Promise<string[]> {
  const sources = await readSources('web/*/screens.ts');
  const declared = sources.flatMap(({ text }) => [...text.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path));
  assert.ok(declared.length >= 40, declared.join());
  return declared
    .filter((path) => !OPEN_TO_ALL.includes(path))
    .map((path) => {
      const kind = Object.keys(ids).find((beginning) => path.startsWith(`${beginning}/$id`));
      assert.ok(kind !== undefined || !path.includes('$id'), `no thing to show for ${path}`);
      return path.replace('$id', ids[kind ?? ''] ?? '');
    });
}

/** Figures of the rooms for `/metrics`, and what must work before `/readyz` says yes. Read at each scrape, never kept. */
import { access, constants } from 'node:fs/promises';
import { doubtOf } from './base/clock.ts';
import { listConnections } from './connections/connections.ts';
import { tellConversion } from './conversion/conversion.ts';
import type { Measure, ReadinessCheck } from './http/http.ts';
import { listMailboxes } from './intake/intake.ts';
import { countJobs } from './jobs/jobs.ts';
import { countOpenAlarms } from './notices/notices.ts';
import { countOutbox, headroom, outsidePause } from './outbox/outbox.ts';
import { listPrinterStates } from './printers/printers.ts';
import { readRelayFigures } from './relay/relay.ts';
import type { Context } from './store/database.ts';

const CLOCK = {
  behind: 'the clock is behind what was written before the start',
  ahead: 'the clock is far ahead of what was written before the start',
} as const;

export async function readMeasures(context: Context): Promise<Measure[]> {
  const relay = readRelayFigures(context);
  const [jobs, connections, printers, mailboxes] = await Promise.all([
    countJobs(context),
    listConnections(context),
    listPrinterStates(context),
    listMailboxes(context),
  ]);
  return [
    ...(await readOutgoing(context)),
    measure('platen_jobs', 'Print jobs by state.', jobs),
    measure('platen_connections', 'Connections to Microsoft 365 by state.', countStates(connections)),
    measure('platen_printers', 'Printers by state.', countStates(printers)),
    measure('platen_mailboxes', 'Mailboxes that are watched, by state.', countStates(mailboxes)),
    measure('platen_relay_sessions', 'Connections of devices to this node.', { open: relay.sessions }),
    measure('platen_relay_messages', 'Messages that this node took from devices since it started.', {
      accepted: relay.accepted,
    }),
    {
      name: 'platen_relay_refusals',
      help: 'What this node refused devices since it started, by reason.',
      values: Object.entries(relay.refused).map(([reason, value]) => ({ value, labels: { reason } })),
    },
    measure('platen_relay_disk', 'The room on the disks of this node: the state that is 1.', { [relay.disk]: 1 }),
  ];
}

async function readOutgoing(context: Context): Promise<Measure[]> {
  const [outbox, room, outside, alarms] = await Promise.all([
    countOutbox(context),
    headroom(context),
    outsidePause(context),
    countOpenAlarms(context),
  ]);
  return [
    measure('platen_outbox_messages', 'Outgoing messages by state.', outbox.states),
    single('platen_outbox_oldest_seconds', 'Age of the oldest message that waits.', outbox.oldestWaitingSeconds),
    {
      name: 'platen_outbox_attempts',
      help: 'Attempts of the last hour by verdict.',
      values: Object.entries(outbox.attempts).map(([verdict, value]) => ({ value, labels: { verdict } })),
    },
    single('platen_outbox_headroom_messages', 'Messages that may leave at once.', room?.messagesNow),
    single('platen_outbox_headroom_recipients', 'Recipients left for today.', room?.recipientsLeftToday),
    single(
      'platen_outbox_outside_paused',
      '1 while mail to recipients outside waits for the limit of the tenant.',
      outside === undefined ? 0 : 1,
    ),
    single('platen_alarms_open', 'Incidents that an alarm was raised for and that are not solved.', alarms),
  ];
}

/** Connections and printers that fail are shown on their screens; Platen itself is ready when it can keep what it takes. */
export async function readReadiness(context: Context): Promise<ReadinessCheck[]> {
  const isWritable = await access(context.settings.spoolDir, constants.W_OK).then(
    () => true,
    () => false,
  );
  const trouble = doubtOf(context.clock).findTrouble();
  return [
    { name: 'clock', ready: true, ...(trouble === undefined ? {} : { detail: CLOCK[trouble.kind] }) },
    // Without walls some kinds of documents are not opened; everything else works.
    { name: 'conversion', ready: true, detail: tellConversion(context) },
    { name: 'spool', ready: isWritable, ...(isWritable ? {} : { detail: 'the spool folder cannot be written' }) },
  ];
}

function countStates(things: readonly { readonly state: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of things) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function measure(name: Measure['name'], help: string, counts: Readonly<Record<string, number>>): Measure {
  return { name, help, values: Object.entries(counts).map(([state, value]) => ({ value, labels: { state } })) };
}

/** A figure without labels; nothing is shown where it does not apply. */
function single(name: Measure['name'], help: string, value: number | undefined): Measure {
  return { name, help, values: value === undefined ? [] : [{ value }] };
}

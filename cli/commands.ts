/** The table of contents: every command, in the order in which `--help` lists them. */

import { backupCommands } from './backup.ts';
import type { Command } from './command.ts';
import { companyCommands } from './company.ts';
import { connectCommands } from './connect.ts';
import { connectionsCommands } from './connections.ts';
import { devicesCommands } from './devices.ts';
import { doctorCommands } from './doctor.ts';
import { firstRunCommands } from './first-run.ts';
import { jobsCommands } from './jobs.ts';
import { mailboxesCommands } from './mailboxes.ts';
import { messagesCommands } from './messages.ts';
import { networkCommands } from './network.ts';
import { noticesCommands } from './notices.ts';
import { outboxCommands } from './outbox.ts';
import { printersCommands } from './printers.ts';
import { queuesCommands } from './queues.ts';
import { readinessCommands } from './readiness.ts';
import { registerCommands } from './register.ts';
import { serveCommands } from './serve.ts';
import { tokenCommands } from './token.ts';
import { usersCommands } from './users.ts';

export const COMMANDS: readonly Command[] = [
  ...serveCommands,
  ...firstRunCommands,
  ...registerCommands,
  ...connectCommands,
  ...connectionsCommands,
  ...doctorCommands,
  ...readinessCommands,
  ...networkCommands,
  ...companyCommands,
  ...mailboxesCommands,
  ...messagesCommands,
  ...printersCommands,
  ...queuesCommands,
  ...jobsCommands,
  ...outboxCommands,
  ...devicesCommands,
  ...noticesCommands,
  ...usersCommands,
  ...tokenCommands,
  ...backupCommands,
];

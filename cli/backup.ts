/** `backup`, `restore` and `fsck`: the data of this machine, without the HTTP API. */
import { resolve } from 'node:path';
import type { Call, Command } from './command.ts';
import { Problem } from './problem.ts';
import { instant, size } from './words.ts';

const backup: Command = {
  words: ['backup'],
  options: { to: { value: 'folder', isRequired: true } },
  async run(call) {
    const { screen } = call;
    const { withLocalBeside } = await import('./local.ts');
    const { writeBackup } = await import('../server/backup/backup.ts');
    const folder = resolve(call.find('to') ?? '');
    const report = await withLocalBeside(call.settings, (context) => writeBackup(context, folder));
    if (screen.isJson) return screen.json(report);
    screen.say('backup.done', { folder, rows: report.rows, files: report.files, size: sizeOf(call, report.bytes) });
    sayMissing(call, report.missing);
    screen.say('backup.key', { file: call.settings.keyFile });
  },
};

const restore: Command = {
  words: ['restore'],
  options: { from: { value: 'folder', isRequired: true } },
  async run(call) {
    const { screen, language } = call;
    const { withRestoreTarget } = await import('./local.ts');
    const { openBackup, restoreBackup } = await import('../server/backup/backup.ts');
    const folder = resolve(call.find('from') ?? '');
    const manifest = await openBackup(folder);
    const report = await withRestoreTarget(call.settings, manifest.schema, (context) =>
      restoreBackup(context, folder, manifest),
    );
    if (screen.isJson) return screen.json(report);
    const { rows, files, missing } = report;
    screen.say('restore.done', { at: instant(language, report.madeAt), rows, files, size: sizeOf(call, report.bytes) });
    sayMissing(call, missing);
    screen.say('restore.held', { jobs: report.heldJobs, messages: report.heldMessages });
    if (report.pausedMailboxes > 0) screen.say('restore.paused', { count: report.pausedMailboxes });
  },
};

const fsck: Command = {
  words: ['fsck'],
  async run(call) {
    const { screen } = call;
    const { withLocalBeside } = await import('./local.ts');
    const { checkStore } = await import('../server/backup/backup.ts');
    const report = await withLocalBeside(call.settings, checkStore);
    const isSound = report.missing.length === 0 && report.damaged.length === 0;
    if (screen.isJson) screen.json({ ...report, isSound });
    else {
      screen.say('fsck.read', { files: report.files, size: sizeOf(call, report.bytes) });
      for (const id of report.missing) screen.say('fsck.missing', { id });
      for (const id of report.damaged) screen.say('fsck.damaged', { id });
      if (report.orphans.length > 0) screen.say('fsck.orphans', { count: report.orphans.length });
      if (isSound) screen.say('fsck.sound');
    }
    if (!isSound) throw new Problem({ code: 'document-missing', title: screen.text('fsck.unsound') });
  },
};

function sayMissing(call: Call, missing: readonly string[]): void {
  for (const id of missing) call.screen.say('fsck.missing', { id });
}

function sizeOf(call: Call, count: number): string {
  return size(call.language, count);
}

export const backupCommands: readonly Command[] = [backup, restore, fsck];

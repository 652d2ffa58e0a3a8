/** A page that tries a printer out: an ordinary job of whoever asks for it, which goes to this printer at once. */
import { type Language, textFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import { getPrinter, type Printer } from '../../printers/printers.ts';
import { keep } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../jobs.ts';
import { listQueues } from '../queues.ts';
import { assertRoom, findUpload, submitUpload, type Uploader } from '../upload/upload.ts';

export type TestPageWish = {
  readonly printerId: string;
  /** Chosen by the sender, once for each page: sending again finds the same job. */
  readonly key: string;
  readonly owner: Uploader;
  readonly language: Language;
};

const MAX_PAGE_BYTES = 1024 * 1024;

/**
 * Makes the page and its job, which is committed when this returns. Throws `not-found` for the printer, `no-queue` and
 * `spool-full`.
 */
export async function printTestPage(
  context: Context,
  { printerId, key, owner, language }: TestPageWish,
): Promise<{ readonly job: Job; readonly isNew: boolean }> {
  const printer = await getPrinter(context, printerId);
  const known = await findUpload(context, owner.id, key);
  if (known !== undefined) return { job: known, isNew: false };
  await assertRoom(context);
  const queueId = await chooseQueue(context, printer);
  // Its library takes memory and time at the start, and most days nobody asks for a test page.
  const { drawTestPage } = await import('./draw.ts');
  const page = await drawTestPage({ printer, ownerName: owner.name, at: context.clock.now(), language });
  const file = await keep(context, page, { mediaType: 'application/pdf', maxBytes: MAX_PAGE_BYTES });
  const title = `${textFor(language, 'testPage.title')}: ${printer.name}`;
  return await submitUpload(context, {
    key,
    owner,
    document: { title, file },
    queueId,
    printerId,
    options: { copies: 1 },
    isHeld: false,
  });
}

/** One that this printer serves, for its rules on keeping; another where it serves none yet. */
async function chooseQueue(context: Context, { id }: Printer): Promise<string> {
  const queues = await listQueues(context);
  const serving = queues.filter(({ printerIds }) => printerIds.includes(id));
  const chosen = serving.find(({ isDefault }) => isDefault) ?? serving[0] ?? queues.find(({ isDefault }) => isDefault);
  if (chosen === undefined) throw new PlatenError('no-queue', 'there is no queue to print through');
  return chosen.id;
}

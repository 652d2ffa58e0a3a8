/** Room on the disks: what cannot be kept stays in its mailbox, where nothing is lost. */
import { PlatenError } from '../../base/errors.ts';
import { type ReadDisk, readDiskState } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { intakeTimes } from '../limits.ts';
import type { MailboxRow } from '../mailbox.ts';

/** Throws `mailbox-disk-full` while so little room is left that it is kept for what waits already. */
export async function assertRoom(
  context: Context,
  { address }: Pick<MailboxRow, 'address'>,
  readDisk?: ReadDisk,
): Promise<void> {
  if ((await readDiskState(context, readDisk)) !== 'full') return;
  throw new PlatenError('mailbox-disk-full', 'the disk is nearly full, so no mail is taken', {
    values: { address },
    retryAfterSeconds: intakeTimes.fullDiskRetryMs / 1000,
  });
}

/** A mailbox, a queue, a printer, all the workers between a mail and its reply, and the replies that were written. */
import PostalMime from 'postal-mime';
import { systemClock } from '../../server/base/clock.ts';
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { openHttp } from '../../server/http/http.ts';
import { updateMailbox } from '../../server/intake/intake.ts';
import { startIntakeWorker } from '../../server/intake/worker.ts';
import { addQueue } from '../../server/jobs/jobs.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { startNoticesWorker } from '../../server/notices/worker.ts';
import { addPrinter } from '../../server/printers/printers.ts';
import type { Context } from '../../server/store/database.ts';
import { openWatchedMailbox, writeMessage } from './intake.ts';
import { startIppEvePrinter } from './ippeveprinter.ts';

const SENDER = 'platen@practice.example';

type Asked = {
  readonly mode?: 'hold' | 'direct';
  readonly documentPolicy?: { readonly maxPages: number };
  readonly replyPolicy?: { readonly printed: boolean; readonly refused: boolean };
};

export async function openReplyRoom({ mode = 'hold', ...policy }: Asked = {}) {
  await using undo = new AsyncDisposableStack();
  const watched = undo.use(await openWatchedMailbox());
  const paper = await startIppEvePrinter();
  undo.defer(() => paper.close());
  const context: Context = { ...watched.context, clock: systemClock };
  const server = { host: 'mail.practice.example', port: 587, security: 'starttls', verifyCertificate: true } as const;
  const outgoing = { kind: 'classic', server: { ...server, username: null } } as const;
  await setNetworkSettings(context, { senderEmail: SENDER, senderName: 'Print room', outgoing }, 'test');
  const printer = await addPrinter(context, { name: 'Ground floor', uri: paper.uri });
  const queue = await addQueue(context, { name: 'Paper', mode, printerIds: [printer.id] }, 'test');
  await updateMailbox(context, watched.mailboxId, { change: { queueId: queue.id, ...policy }, actor: 'test' });
  const http = undo.use(await openHttp(context));
  undo.use(await startJobsWorker(context));
  undo.use(await startNoticesWorker(context));
  undo.use(await startIntakeWorker(context));
  const opened = undo.move();
  return {
    watched,
    context,
    printer,
    paper,
    api: { test: watched.test, http, [Symbol.asyncDispose]: async () => undefined },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Letter = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
};

/** All that was written and is to leave or has left, the oldest first. */
export async function letters(context: Context): Promise<Letter[]> {
  const rows = await context.db
    .selectFrom('outbox_messages')
    .innerJoin('outbox_recipients', 'outbox_recipients.message_id', 'outbox_messages.id')
    .select(['body', 'address'])
    .orderBy('outbox_messages.id')
    .execute();
  return await Promise.all(
    rows.map(async ({ body, address }) => {
      const { subject = '', text = '', html = '', headers } = await PostalMime.parse(body ?? Buffer.alloc(0));
      return { to: address, subject, text, html, headers };
    }),
  );
}

/** A message with these attachments. */
export function writeSeveral(
  subject: string,
  files: readonly { readonly name: string; readonly content: Buffer }[],
): Buffer {
  const [begin = ''] = writeMessage({ subject }).toString('latin1').split('--b\r\nContent-Type: application/pdf');
  const parts = files.map(
    ({ name, content }) =>
      `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${content.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
  );
  return Buffer.from(`${begin}${parts.join('')}--b--\r\n`, 'latin1');
}

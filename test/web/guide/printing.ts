/** The chapters up to the paper: printer, queue, people, mailbox, and what the people who print see. */
import PdfDocument from 'pdfkit';
import PostalMime from 'postal-mime';
import { sha256Of, wrapDocuments } from '../../harness/mail.ts';
import { eventually } from '../../harness/time.ts';
import { ANNA, type Scene } from './scene.ts';

export async function addPrinter({ stage, page, camera, t, open, names, list }: Scene): Promise<void> {
  await open('/printers', 'nav.printers');
  await page
    .getByRole('button', { name: t('printers.add') })
    .first()
    .click();
  const dialog = page.getByRole('dialog', { name: t('printers.addTitle') });
  await dialog
    .getByRole('list', { name: t('printers.onNetwork') })
    .getByRole('button', { name: names.printer })
    .click();
  await dialog.getByLabel(t('printers.name'), { exact: true }).waitFor();
  await camera.take(page, 'add-printer');
  // Its queue is made in the next chapter.
  await dialog.getByRole('radio', { name: t('printers.noQueue') }).check();
  await dialog.getByRole('button', { name: t('action.addIt'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await open('/printers', 'nav.printers');
  await page.getByText(t('printerState.idle'), { exact: true }).first().waitFor();
  await camera.take(page, 'printers', { height: 330 });
  const [printer] = await list('/printers');
  stage.printerId = String(printer?.id);
}

export async function addQueue({ page, camera, t, open, names }: Scene): Promise<void> {
  await open('/queues', 'nav.queues');
  await page
    .getByRole('button', { name: t('queues.add') })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t('queues.name'), { exact: true }).fill(names.queue);
  await camera.take(page, 'add-queue');
  await dialog.getByRole('button', { name: t('action.save') }).click();
  await dialog.waitFor({ state: 'detached' });
}

export async function addPeople({ page, camera, t, open, stage, list, language }: Scene): Promise<void> {
  await open('/users', 'nav.users');
  await page
    .getByRole('button', { name: t('users.add') })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t('users.name'), { exact: true }).fill(ANNA.name);
  await dialog.getByLabel(t('signIn.email')).fill(ANNA.email);
  await dialog.getByRole('radio', { name: language === 'it' ? 'Italiano' : 'English' }).check();
  await camera.take(page, 'add-user');
  await dialog.getByRole('button', { name: t('action.save') }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText(ANNA.email).waitFor();
  await camera.take(page, 'users', { height: 330 });
  const anna = (await list('/users?limit=100')).find(({ email }) => email === ANNA.email);
  await stage.api('PATCH', `/users/${anna?.id}`, { password: ANNA.password });
}

export async function addMailbox({ page, camera, t, open, names, below }: Scene): Promise<void> {
  await open('/settings/jobs/mailboxes/new', 'mailboxes.addTitle');
  await page.getByLabel(t('mailboxes.title')).fill(names.mailbox);
  await camera.take(page, 'add-mailbox');
  await camera.take(page, 'who-may-print', { part: below(t('mailboxes.whoTitle')) });
  const test = page.getByRole('button', { name: t('mailboxes.test'), exact: true });
  await test.click();
  await page.getByText(t('mailboxes.testOk')).waitFor();
  await camera.take(page, 'test-mailbox', { part: page.locator('.card').filter({ has: test }) });
  await page.getByRole('button', { name: t('action.save') }).click();
  await page.waitForURL(/\/mailboxes\/[0-9a-f-]{36}\?next/);
  await page.getByText(t('mailboxes.watching'), { exact: false }).first().waitFor();
}

/** Anna mails a document; the reply that comes back is opened as her mail program would. */
export async function mailDocument(scene: Scene): Promise<{ readonly pin: string; readonly link: string }> {
  const { stage, camera, document, other } = scene;
  const bytes = await writePlan(document.subject);
  const mail = wrapDocuments('guide', [{ name: document.file, bytes, sha256: sha256Of(bytes) }], ANNA.email);
  const message = Buffer.from(
    mail.message.toString('latin1').replace('Subject: guide', `Subject: ${document.subject}`),
    'latin1',
  );
  await stage.deliverMail({ ...mail, message });
  const { mailboxes } = stage.peers.practice.imap;
  const reply = await eventually(() => mailboxes.findFolder(ANNA.email, 'INBOX')?.messages.at(-1)?.bytes, {
    timeoutMs: 90_000,
    what: 'the reply arrives',
  });
  const { html = '', text = '' } = await PostalMime.parse(reply);
  await using window = await other();
  await window.page.setContent(html);
  await camera.take(window.page, 'reply', { height: 360 });
  return { pin: /PIN:? (\d{4} \d{4})/.exec(text)?.[1] ?? '', link: /\/links#\S+/.exec(text)?.[0] ?? '' };
}

/** Everything that one who prints can do, on a phone at the printer and at a desk. */
export async function print(scene: Scene, { pin, link }: { readonly pin: string; readonly link: string }) {
  const { stage, window, page, camera, t, other, document, list, names } = scene;
  await window.go(`/printers/${stage.printerId}/sticker`);
  await page.getByRole('img', { name: t('release.codeOf', { name: names.printer }) }).waitFor();
  await camera.take(page, 'sticker', { height: 620 });
  await using desk = await other({ as: ANNA });
  await desk.go('/jobs/new');
  await desk.page
    .locator('input[type=file]')
    .setInputFiles([{ name: document.file, mimeType: 'application/pdf', buffer: await writePlan(document.subject) }]);
  await desk.page.getByText(t('upload.chosen')).waitFor();
  await camera.take(desk.page, 'upload');
  await desk.go('/');
  await desk.page.getByText(document.file).first().waitFor();
  await camera.take(desk.page, 'my-jobs', { height: 420 });
  await using own = await other({ as: ANNA, isPhone: true });
  await own.go(`/printers/${stage.printerId}/release`);
  await own.page.getByRole('button', { name: t('release.options') }).waitFor();
  await camera.take(own.page, 'release-own', { height: 660 });
  await using phone = await other({ isPhone: true });
  await phone.go(link);
  await phone.page.getByRole('button', { name: t('links.act.print-job') }).waitFor();
  await camera.take(phone.page, 'link', { height: 420 });
  await phone.go(`/printers/${stage.printerId}/release`);
  await phone.page.getByLabel(t('release.pin')).fill(pin);
  await camera.take(phone.page, 'release', { height: 660 });
  await phone.page.getByRole('button', { name: t('release.printByPin') }).click();
  await phone.page.getByText(t('release.done', { count: 1 })).waitFor();
  await eventually(async () => (await list('/jobs?state=completed')).length === 1, {
    timeoutMs: 60_000,
    what: 'the job is printed',
  });
}

async function writePlan(title: string): Promise<Buffer> {
  const pdf = new PdfDocument({ size: 'A4', margin: 64 });
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  pdf.fontSize(26).text(title).moveDown();
  for (let day = 1; day <= 24; day += 1) {
    pdf.fontSize(13).text(`${String(day).padStart(2, '0')}.12.      A. Rossi  06–14        B. Verdi  14–22`);
  }
  const ended = new Promise<void>((resolve) => pdf.on('end', resolve));
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

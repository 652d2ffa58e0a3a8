/** The chapters of everyday life: devices, notices, the start page with and without a fault, what happened, the check. */

import { sha256Of, UNKNOWN_SENDER, wrapDocuments, writePdf } from '../../harness/mail.ts';
import { eventually } from '../../harness/time.ts';
import { ANNA, type Scene } from './scene.ts';

export async function addDevice({ page, camera, t, open, names }: Scene): Promise<void> {
  await open('/devices/new', 'devices.addTitle');
  await page.getByLabel(t('devices.name'), { exact: true }).fill(names.copier);
  await page.getByRole('radio', { name: t('knownBy.both') }).check();
  await page.getByLabel(t('devices.addresses')).fill('192.0.2.31');
  await page.getByRole('textbox', { name: t('network.user') }).fill('copier2f');
  await camera.take(page, 'add-device');
  await page.getByRole('button', { name: t('action.save') }).click();
  await page.getByTestId('device-password').waitFor();
  await camera.take(page, 'device-password');
}

export async function setNotices({ page, camera, t, open }: Scene): Promise<void> {
  await open('/settings/notices', 'nav.notices');
  await page.getByRole('columnheader', { name: t('notices.column.last') }).waitFor();
  await camera.take(page, 'notices');
  await page
    .getByRole('button', { name: t('notices.add') })
    .last()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t('notices.host')).fill('mail.example.org');
  await dialog.getByLabel(t('notices.sender')).fill('platen@example.org');
  await dialog.getByLabel(t('notices.recipients')).fill('it@example.org');
  await camera.take(page, 'second-way');
}

export async function look({ stage, page, camera, t, open, names }: Scene): Promise<void> {
  await open('/', 'nav.overview');
  await page.getByText(t('overview.well'), { exact: true }).waitFor();
  await camera.take(page, 'overview');
  await stage.peers.practice.printers[0]?.control.setFault({ kind: 'out-of-paper' });
  await eventually(async () => {
    await stage.api('POST', `/printers/${stage.printerId}/check`);
    return (await stage.api('GET', `/printers/${stage.printerId}`)).state === 'stopped';
  });
  await page.getByRole('heading', { name: t('overview.fault.printer', { name: names.printer }) }).waitFor();
  await page.getByText(t('printerReason.media-empty')).first().waitFor();
  await camera.take(page, 'fault', { height: 640 });
}

export async function readStories({ window, page, camera, t, open, list }: Scene): Promise<void> {
  const [job] = await list('/jobs?state=completed');
  await window.go(`/jobs/${job?.id}`);
  await page.getByRole('heading', { name: t('jobs.story') }).waitFor();
  await page.getByRole('img', { name: String(job?.title) }).waitFor();
  await camera.take(page, 'job');
  await open('/journal', 'nav.journal');
  await page.getByRole('row').nth(1).waitFor();
  await camera.take(page, 'journal');
}

/** Two more mails come in, one of a stranger and one with a program in it; then all of it is found. */
export async function find({ stage, window, page, camera, t, open, list, document }: Scene): Promise<void> {
  const program = Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1');
  const documents = [
    ['menu.pdf', writePdf('menu', 4_000)],
    ['setup.exe', program],
  ] as const;
  const wrapped = documents.map(([name, bytes]) => ({ name, bytes, sha256: sha256Of(bytes) }));
  await stage.deliverMail(wrapDocuments('menu', wrapped, ANNA.email));
  const offer = writePdf('offer', 4_000);
  await stage.deliverMail(
    wrapDocuments('offer', [{ name: 'offer.pdf', bytes: offer, sha256: sha256Of(offer) }], UNKNOWN_SENDER),
  );
  const mails = () => list('/messages');
  await eventually(async () => (await mails()).length === 3, { timeoutMs: 90_000, what: 'both are taken in' });
  // The replies of the two that are answered.
  await eventually(async () => (await list('/outbox?state=sent')).length >= 3, {
    timeoutMs: 90_000,
    what: 'they left',
  });
  await open('/', 'nav.overview');
  const bar = page.getByRole('banner').getByRole('searchbox', { name: t('search.label') });
  await bar.fill(ANNA.email);
  await bar.press('Enter');
  await page.waitForURL(/\/find\?q=/);
  await page
    .getByRole('link', { name: new RegExp(document.subject) })
    .first()
    .waitFor();
  await page.getByRole('link', { name: ANNA.name, exact: true }).waitFor();
  await camera.take(page, 'find', { height: 900 });
  await open('/messages', 'messages.title');
  await page.getByText(UNKNOWN_SENDER).waitFor();
  await camera.take(page, 'messages', { height: 560 });
  const mixed = (await mails()).find(({ subject }) => String(subject).includes('menu'));
  await window.go(`/messages/${mixed?.id}`);
  await page.getByRole('cell', { name: 'setup.exe' }).waitFor();
  await camera.take(page, 'message');
  await open('/outbox', 'nav.outbox');
  await page.getByRole('row').nth(1).waitFor();
  await camera.take(page, 'outbox', { height: 560 });
}

export async function check({ window, page, camera, t, list, below }: Scene): Promise<void> {
  const [connection] = await list('/connections');
  await window.go(`/settings/connections/${connection?.id}/check`);
  await page.getByRole('heading', { level: 1, name: t('check.title') }).waitFor();
  // What was found when the code had been confirmed.
  await page.getByText(new RegExp(`^${t('check.noFault')}, \\d+`)).waitFor();
  await camera.take(page, 'check');
  await window.go(`/settings/connections/${connection?.id}`);
  await page.getByRole('heading', { name: t('expiry.title') }).waitFor();
  await camera.take(page, 'forecast', { part: below(t('expiry.title')) });
}

/** The own account, tokens and sessions, and what runs here. */
export async function lookAround({ page, camera, t, open }: Scene): Promise<void> {
  await open('/account', 'account.title');
  await page.getByRole('heading', { name: t('account.passwordTitle') }).waitFor();
  await camera.take(page, 'account');
  await open('/settings/security', 'nav.security');
  await page.getByRole('heading', { level: 2 }).nth(2).waitFor();
  await camera.take(page, 'security');
  await open('/settings/about', 'nav.about');
  await page.getByRole('heading', { level: 2 }).first().waitFor();
  await camera.take(page, 'about');
}

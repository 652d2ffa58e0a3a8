/** The chapters of everyday life: devices, notices, the start page with and without a fault, what happened, the check. */
import { eventually } from '../../harness/time.ts';
import type { Scene } from './scene.ts';

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
  await page.getByRole('columnheader', { name: t('notices.last') }).waitFor();
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
  await page.getByAltText(t('jobs.previewOf')).waitFor();
  await camera.take(page, 'job');
  await open('/journal', 'nav.journal');
  await page.getByRole('row').nth(1).waitFor();
  await camera.take(page, 'journal');
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

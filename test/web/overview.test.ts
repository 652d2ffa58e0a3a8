import { describe, test } from 'node:test';
import { addOutgoing } from '../harness/scans.ts';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { openWeb } from '../harness/web.ts';

const web = openWeb();

describe('the start page of a Platen that works', () => {
  test('says that what is set up works, and that everything does when both ways are', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByText('What is set up works', { exact: true }).waitFor();
    await addOutgoing(web.stage, 'confirmed');
    await page.getByText('Everything works', { exact: true }).waitFor();
  });

  test('says that everything works, counts what is printed while one looks, and names what breaks', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByText('Everything works', { exact: true }).waitFor();
    await page.getByText('Last 24 hours: 0 jobs printed').waitFor();
    await page.getByText('Live').waitFor();
    await web.stage.deliver(1);
    await page.getByText('Last 24 hours: 1 job printed').waitFor();
    await page.getByRole('button', { name: 'Show figures' }).first().click();
    await page.getByRole('columnheader', { name: 'Hour from' }).waitFor();
    await window.assertGood('overview-well');

    await web.stage.peers.practice.printers[0]?.control.setFault({ kind: 'out-of-paper' });
    const [row] = (await web.stage.api('GET', '/printers')).items as { id: string; name: string }[];
    await eventually(async () => {
      await web.stage.api('POST', `/printers/${row?.id}/check`);
      return (await web.stage.api('GET', `/printers/${row?.id}`)).state === 'stopped';
    });
    await page.getByRole('heading', { name: `The printer “${row?.name}” does not print` }).waitFor();
    await page.getByText('1 thing does not work').waitFor();
    await page.getByText('No paper').first().waitFor();
    const isTold = async () => /^● .+ · practice\.example · Platen$/.test(await page.title());
    await eventually(isTold, { what: 'the tab says it too, and of which company' });
    await window.assertGood('overview-broken');
    await page.getByRole('link', { name: 'Open the printer' }).click();
    await page.getByRole('heading', { level: 1, name: String(row?.name) }).waitFor();
    await page.getByText('Look at the printer, then let Platen check it.').waitFor();
    await window.assertGood('printer-stopped');
  });

  test('names a device that is refused and one that knocks, and leads to them', async () => {
    const { id } = await web.stage.api('POST', '/devices', { name: 'Archive', addresses: ['192.0.2.1'] });
    const words = 'EHLO copier.local';
    await web.stage.sql(
      `INSERT INTO device_faults (id, subject, device_id, address, reason, words, repairs, first_at, last_at, count)
       VALUES (gen_random_uuid(), $1, $3, '192.0.2.1', 'tls-too-old', $2, '{}', now(), now(), 1),
         (gen_random_uuid(), '198.51.100.7', NULL, '198.51.100.7', 'not-a-device', $2, '{}', now(), now(), 1)`,
      [id, words, id],
    );
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByRole('heading', { name: '“Archive” is refused' }).waitFor();
    await page.getByRole('heading', { name: 'An unknown device wants to send: 198.51.100.7' }).waitFor();
    await window.assertGood('overview-devices');
    await page.getByRole('link', { name: 'Open the devices' }).click();
    await page.getByText('198.51.100.7').first().waitFor();
    await window.go('/');
    await page.getByRole('link', { name: 'Open the device', exact: true }).click();
    await page.waitForURL(new RegExp(`/devices/${id}$`));
    await web.stage.api('DELETE', `/devices/${id}`);
    await web.stage.sql('DELETE FROM device_faults');
  });

  test('says the same in Italian, on a phone', async () => {
    await using window = await web.open({ as: ADMINISTRATOR, language: 'it', width: 390, height: 844 });
    const { page } = window;
    await window.go('/');
    await page.getByText('1 cosa non funziona').waitFor();
    await page.getByText('Dall’e-mail alla carta').waitFor();
    await page.getByText('Carta esaurita').first().waitFor();
    await window.assertGood('overview-it-phone');
  });

  test('says that the clock may be wrong when the server started behind what was written last', async () => {
    await web.stage.sql(`UPDATE journal SET at = now() + interval '3 days' WHERE tx = (SELECT max(tx) FROM journal)`);
    await web.stage.node.kill();
    await web.stage.node.start();
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByRole('heading', { name: 'The clock of the server may be wrong' }).waitFor();
    await window.assertGood('overview-clock');
    await page.getByRole('link', { name: 'Open the journal' }).click();
    await page.getByText('The clock of the server was in doubt at the start').first().waitFor();
  });

  test('says so in Italian, on a phone', async () => {
    await using window = await web.open({ as: ADMINISTRATOR, language: 'it', width: 390, height: 844 });
    await window.go('/');
    await window.page.getByRole('heading', { name: 'L’orologio del server potrebbe essere sbagliato' }).waitFor();
    await window.assertGood('overview-clock-it-phone');
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, type Row } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const web = openWeb({ until: 'administrator' });

async function stateOf(id: string): Promise<unknown> {
  return (await web.stage.api('GET', `/outbox/${id}`)).state;
}

describe('the outbox in the browser', () => {
  test('a message that cannot leave is seen to wait, is held, tried again and dropped only after a typed word', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/outbox');
    await page.getByText('The outbox is empty').waitFor();
    await window.assertGood('outbox-empty-en-1280');
    // Nothing listens there: what is handed in stays in the outbox.
    const outgoingServer = { host: '127.0.0.1', port: 9, security: 'none' };
    await web.stage.api('PUT', '/settings/network', { outgoingServer, senderEmail: PRINT_ROOM, senderName: null });
    const { id } = await web.stage.api('POST', '/settings/network/test-message', { to: 'anna@practice.example' });
    // The list hears of it by itself.
    await page.getByRole('link', { name: /test message/i }).click();
    await page.getByRole('heading', { level: 1, name: /test message/i }).waitFor();
    await window.assertGood('outbox-message-en-1280');
    await page.getByRole('button', { name: 'Hold' }).click();
    await page.getByRole('button', { name: 'Hold' }).waitFor({ state: 'detached' });
    assert.equal(await stateOf(String(id)), 'held');
    await page.getByRole('button', { name: 'Drop' }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByRole('button', { name: 'Drop' }).isDisabled(), true);
    await dialog.getByLabel('Enter “drop” to drop it').fill('drop');
    await window.assertGood('outbox-drop-en-1280');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await window.go('/outbox?state=held');
    await page.getByRole('link', { name: /test message/i }).waitFor();
    await page.getByText('1 message is held').waitFor();
    window.assertQuiet();
  });

  test('on a phone in Italian the held message is found and dropped for good', async () => {
    await using window = await web.open({ language: 'it', width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/outbox');
    await page.getByText('1 messaggio è trattenuto').waitFor();
    await window.assertGood('outbox-it-390');
    const { items } = await web.stage.api('GET', '/outbox?state=held');
    const [message] = items as Row[];
    await window.go(`/outbox/${message?.id}`);
    await page.getByRole('button', { name: 'Elimina' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Scrivi «elimina» per eliminarlo').fill('elimina');
    await dialog.getByRole('button', { name: 'Elimina' }).click();
    await page.waitForURL(/\/outbox$/);
    await page.getByText('La posta in uscita è vuota').waitFor();
    window.assertQuiet();
  });

  for (const [language, width] of [
    ['en', 1100],
    ['it', 1100],
    ['en', 390],
    ['it', 390],
  ] as const) {
    test(`long addresses stay in one line and are told in full, in ${language}, ${width} wide`, async () => {
      const to = 'maria-antonietta.bergamaschi-colombo@ufficio-protocollo.practice.example';
      const { id } = await web.stage.api('POST', '/settings/network/test-message', { to });
      await web.stage.api('POST', `/outbox/${id}/hold`);
      await using window = await web.open({ language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/outbox');
      const address = page.getByTitle(to);
      await address.waitFor();
      await address.scrollIntoViewIfNeeded();
      await window.picture(`outbox-long-first-${language}-${width}`);
      const lines = (height: number) => Math.round(height / 22.5);
      const height = async () => (await address.boundingBox())?.height ?? 0;
      assert.equal(lines(await height()), 1);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
      await window.assertGood(`outbox-long-${language}-${width}`);
      // By keyboard there is nothing that points at it.
      await page.locator('tr[data-row]').first().focus();
      await page.keyboard.press('Home');
      await window.picture(`outbox-long-focus-${language}-${width}`);
      assert.ok(lines(await height()) > 1);
      await web.stage.api('POST', `/outbox/${id}/drop`);
      window.assertQuiet();
    });
  }

  test('a message that came back says so in the list, and on its page who did not get it and why', async () => {
    const { id } = await web.stage.api('POST', '/settings/network/test-message', { to: 'nobody@fabrikam.example' });
    const problem = {
      code: 'message-returned',
      detail: 'the message to nobody@fabrikam.example came back with 5.1.10',
      remote: '550 5.1.10 RESOLVER.ADR.RecipientNotFound',
      values: { address: 'nobody@fabrikam.example', status: '5.1.10' },
      at: new Date().toISOString(),
    };
    await web.stage.api('POST', `/outbox/${id}/hold`);
    const asReturned = [JSON.stringify(problem), id];
    await web.stage.sql(
      `UPDATE outbox_recipients SET state = 'failed', problem = $1 WHERE message_id = $2`,
      asReturned,
    );
    await web.stage.sql(
      `UPDATE outbox_messages SET state = 'sent', problem = $1, body = NULL, hold_reason = NULL, due_at = NULL, sent_at = now() WHERE id = $2`,
      asReturned,
    );
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/outbox');
    await page.getByText('Sent, came back').waitFor();
    await window.assertGood('outbox-returned-en');
    await page.getByRole('link', { name: /test message/i }).click();
    await page.getByRole('heading', { name: 'The message came back' }).waitFor();
    await page.getByRole('button', { name: 'What the other side said' }).click();
    await page.getByText('550 5.1.10 RESOLVER.ADR.RecipientNotFound').waitFor();
    await page.getByText(/^nobody@fabrikam\.example: .*, The message came back$/).waitFor();
    await window.assertGood('outbox-returned-message-en');
  });

  test('uncertain messages stand above all others with what that means, and the paused room with its end', async () => {
    for (const to of ['otto@fabrikam.example', 'carla@fabrikam.example']) {
      const { id } = await web.stage.api('POST', '/settings/network/test-message', { to });
      await web.stage.api('POST', `/outbox/${id}/hold`);
    }
    const at = new Date(Date.now() + 3_600_000).toISOString();
    await web.stage.sql(
      `UPDATE outbox_messages SET state = 'uncertain', possibly_twice = true, hold_reason = NULL, due_at = $1
       WHERE id = (SELECT message_id FROM outbox_recipients WHERE address = 'otto@fabrikam.example')`,
      [at],
    );
    const daily = JSON.stringify({ code: 'daily-limit', detail: 'used up', at: new Date().toISOString() });
    await web.stage.sql(
      `INSERT INTO pace_buckets (mailbox, tokens, counted_at, parked_until, problem)
       VALUES ('server:127.0.0.1:9', 5, now(), now() + interval '2 minutes', $1)
       ON CONFLICT (mailbox) DO UPDATE SET parked_until = excluded.parked_until, problem = excluded.problem`,
      [daily],
    );
    for (const [language, width] of [
      ['en', 1280],
      ['it', 390],
    ] as const) {
      await using window = await web.open({ language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/outbox');
      const isEnglish = language === 'en';
      const pinned = page.getByRole('region', { name: isEnglish ? 'Uncertain' : 'Esito incerto' });
      await pinned.getByText(isEnglish ? 'The line broke after the last byte' : 'dopo l’ultimo byte').waitFor();
      await pinned.getByText('otto@fabrikam.example').waitFor();
      assert.equal(await pinned.getByText('carla@fabrikam.example').count(), 0);
      await page.getByText(isEnglish ? /^Sending room used up, next/ : /^Limite di invio raggiunto/).waitFor();
      await window.assertGood(`outbox-uncertain-${language}-${width}`);
    }
  });

  test('what is held because no connection may be used is explained once above the list', async () => {
    const connectionId = await web.stage.addConnection({ uses: ['smtp'], expectedAccount: PRINT_ROOM });
    await web.stage.api('PUT', '/settings/network', { outgoingServer: { connectionId }, senderEmail: PRINT_ROOM });
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/outbox');
    await page.getByText('No mail leaves. What is handed in is held and not lost.').waitFor();
    await window.assertGood('outbox-standstill-en-1280');
  });

  test('somebody changes the own password, and the old one is no longer taken', async () => {
    const person = { email: 'carla@practice.example', password: 'six sleepy garden snails' };
    await web.stage.api('POST', '/users', { ...person, name: 'Carla', role: 'user' });
    await using window = await web.open({ language: 'it', as: person });
    const { page } = window;
    await window.go('/account');
    await page.getByText(person.email).waitFor();
    await window.assertGood('account-it-1280');
    await page.getByRole('textbox', { name: 'Password attuale' }).fill(person.password);
    await page.getByRole('textbox', { name: 'Nuova password' }).fill('eight shiny river stones');
    await page.getByRole('button', { name: 'Cambia la password' }).click();
    await page.getByRole('button', { name: 'Salvato' }).waitFor();
    const signIn = async (password: string) =>
      await window.context.request.post(new URL('/api/v1/sessions', page.url()).href, {
        data: { email: person.email, password },
        headers: { origin: new URL(page.url()).origin },
      });
    assert.equal((await signIn(person.password)).status(), 401);
    assert.equal((await signIn('eight shiny river stones')).status(), 201);
    window.assertQuiet();
  });
});

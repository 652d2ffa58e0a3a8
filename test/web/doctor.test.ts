import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type en from '../../locales/en.json';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { assertFiveParts, findingOf, patternOf } from '../harness/finding.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const SHARED = 'shared@practice.example';
const WORDS = {
  en: {
    check: /^Check (now|again)$/,
    well: /No fault found, \d+ tests/,
    shared: /^Shared mailbox/,
    send: /^Also send a real message/,
    causes: 'Possible causes, the most likely first',
    policy: 'A Conditional Access policy refuses this account',
  },
  it: {
    check: /^Verifica (ora|di nuovo)$/,
    well: /Nessun problema trovato, \d+ prove/,
    shared: /^Casella condivisa/,
    send: /^Invia anche un vero messaggio/,
    causes: 'Possibili cause, dalla più probabile',
    policy: 'Un criterio di accesso condizionale rifiuta questo account',
  },
} as const;
type Language = keyof typeof WORDS;

type Planted = {
  /** What is done, with its way back. */
  readonly plant: () => Promise<unknown>;
  readonly back: () => Promise<unknown>;
  readonly code: keyof typeof en.errors;
  /** What the finding is called for whoever looks it up; none where it is Platen's own. */
  readonly reference?: string;
  /** Shows only with a real message from the shared mailbox. */
  readonly isShared?: true;
};

let stage: Stage;
let browser: Browser;
let id: string;

/** A failure that the practice tenant rehearses by its name. */
const rehearsed = (name: string, code: Planted['code'], reference: string): Planted => ({
  plant: () => stage.control('/rehearsals', { name, account: PRINT_ROOM }),
  back: () => stage.control('/rehearsals', { name, on: false }),
  code,
  reference,
});
const refused = (name: string, aadsts: number) => rehearsed(name, 'connection-needs-confirmation', `AADSTS${aadsts}`);
/** What Microsoft answers whoever renews. */
const asked = (fault: Record<string, unknown>, reference: string): Planted => ({
  plant: () => stage.control('/faults', { endpoint: 'token', grant: 'refresh_token', times: 'always', ...fault }),
  back: () => stage.control('/faults/clear', {}),
  code: 'connection-needs-confirmation',
  reference,
});
const tokenFor = (aud: string) =>
  `x.${Buffer.from(JSON.stringify({ aud, scp: 'SMTP.Send IMAP.AccessAsUser.All' })).toString('base64url')}.x`;
const atServer = (
  server: 'imap' | 'pop3',
  fault: Record<string, unknown>,
  told: Pick<Planted, 'code' | 'reference'>,
): Planted => ({
  plant: () => stage.control(`/${server}/fault`, fault),
  back: () => stage.control(`/${server}/clear-faults`, {}),
  ...told,
});
const atSignIn = (signInPolicy: string, code: Planted['code'], reference: string): Planted => ({
  plant: () => stage.control('/smtp/switch', { signInPolicy }),
  back: () => stage.control('/smtp/switch', { signInPolicy: 'none' }),
  code,
  reference,
});
const inRow = (column: 'client_id' | 'tenant_id', wrong: string, aadsts: number): Planted => {
  const { clientId, tid } = stage.peers.practice;
  const set = (value: string) => stage.sql(`UPDATE connections SET ${column} = $1 WHERE id = $2`, [value, id]);
  return {
    plant: () => set(wrong),
    back: () => set(column === 'client_id' ? clientId : tid),
    code: 'device-code-refused',
    reference: `AADSTS${aadsts}`,
  };
};

function faults(): Readonly<Record<string, Planted>> {
  return {
    'the tenant does not exist': inRow('tenant_id', 'nobody.example', 90002),
    'the client id is wrong': inRow('client_id', '00000000-0000-4000-8000-000000000001', 700016),
    'public client flows are off': rehearsed('public-client-off', 'device-code-refused', 'AADSTS7000218'),
    'the app is disabled': rehearsed('app-disabled', 'device-code-refused', 'AADSTS7000112'),
    'another account is expected': {
      plant: () =>
        stage.sql('UPDATE connections SET expected_account = $1 WHERE id = $2', ['anna@practice.example', id]),
      back: () => stage.sql('UPDATE connections SET expected_account = $1 WHERE id = $2', [PRINT_ROOM, id]),
      code: 'wrong-account',
    },
    'security defaults are on': refused('security-defaults', 530035),
    'a policy blocks device codes': refused('device-code-policy', 530036),
    'the consent was withdrawn': refused('consent-removed', 65001),
    'the second factor is too old': refused('second-factor', 50078),
    'the sign-in frequency is over': refused('sign-in-frequency', 70043),
    'the permission was not used for 90 days': asked({ kind: 'aadsts', aadsts: 700082 }, 'AADSTS700082'),
    'the permission was revoked': asked({ kind: 'aadsts', aadsts: 50173 }, 'AADSTS50173'),
    'the token is for another service': {
      ...asked(
        { kind: 'patch', set: { access_token: tokenFor('https://graph.microsoft.com') } },
        'token-wrong-service',
      ),
      code: 'token-wrong-service',
    },
    'the account is disabled': refused('user-disabled', 50057),
    'the account is not assigned': refused('assignment-required', 50105),
    'IMAP is off': rehearsed('imap-off', 'protocol-off', 'imap-auth-failed'),
    'IMAP is throttled': atServer(
      'imap',
      { kind: 'throttle', backoffMs: 299_961, command: 'SELECT' },
      { code: 'mailbox-unreachable', reference: 'imap-throttled' },
    ),
    'too many sessions are open': atServer(
      'imap',
      { kind: 'no-mailbox', times: 1 },
      { code: 'mailbox-unreachable', reference: 'imap-not-connected' },
    ),
    'the account has no mailbox': rehearsed('no-mailbox', 'mailbox-not-accessible', 'imap-not-connected'),
    'POP3 is off': rehearsed('pop3-off', 'protocol-off', 'pop3-auth-failed'),
    'SMTP is off for the tenant': rehearsed('smtp-off-tenant', 'smtp-auth-off-tenant', 'smtp-auth-off-tenant'),
    'SMTP is off for the mailbox': rehearsed('smtp-off-mailbox', 'smtp-auth-off-mailbox', 'smtp-auth-off-mailbox'),
    'security defaults block SMTP': atSignIn(
      'security-defaults',
      'smtp-blocked-security-defaults',
      'smtp-security-defaults',
    ),
    'a policy refuses SMTP': atSignIn('conditional-access', 'smtp-refused-by-policy', 'smtp-policy'),
    'Send As is missing': {
      ...rehearsed('send-as-missing', 'sender-not-allowed', 'smtp-send-as-denied'),
      isShared: true,
    },
  };
}

/** As before any fault, with a token that is old enough to be renewed. */
async function recover(): Promise<void> {
  await stage.sql(`UPDATE connections SET state = 'connected', problem = NULL WHERE id = $1`, [id]);
  await stage.sql(
    `UPDATE connection_tokens SET failed_renewals = 0, renewed_at = clock_timestamp() - interval '1 hour',
      renew_at = clock_timestamp() + interval '1 hour' WHERE connection_id = $1`,
    [id],
  );
}

/** Plants a fault, presses the button, and waits for the first finding to have its name; then everything is as before. */
async function find(
  page: Page,
  language: Language,
  { plant, back, code, reference, isShared }: Planted,
): Promise<void> {
  const words = WORDS[language];
  await recover();
  await plant();
  try {
    if (isShared) {
      await page.getByLabel(words.shared).fill(SHARED);
      await page.getByLabel(words.send).check();
    }
    await page.getByRole('button', { name: words.check }).click();
    const title = patternOf(language, `errors.${code}.title`);
    const found = findingOf(page, title, reference);
    await found.first().waitFor();
    await page.getByRole('button', { name: words.check }).and(page.locator(':enabled')).waitFor();
    // what is named first is the fault that was planted
    const [first] = await page.locator('.finding h2').allTextContents();
    assert.match(first ?? '', title);
    if (reference !== undefined) await assertFiveParts(found.first(), language);
  } finally {
    await back();
    if (isShared) {
      await page.getByLabel(words.shared).fill('');
      await page.getByLabel(words.send).uncheck();
    }
  }
}

before(async () => {
  stage = await openStage({ database: 'external', until: 'administrator' });
  id = await stage.addConnection({ expectedAccount: PRINT_ROOM, uses: ['imap', 'pop3', 'smtp'] });
  await stage.confirm(id);
  browser = await openBrowser();
});
after(async () => {
  await browser?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** In Italian, on a phone, one of each kind. */
const ON_A_PHONE = ['public client flows are off', 'the account is disabled', 'IMAP is off', 'a policy refuses SMTP'];

for (const language of ['en', 'it'] as const) {
  const width = language === 'en' ? 1280 : 390;
  test(`the check names each planted fault on its page, and none on a healthy tenant, in ${language}`, async (t) => {
    const words = WORDS[language];
    const planted = Object.entries(faults()).filter(([name]) => language === 'en' || ON_A_PHONE.includes(name));
    assert.equal(planted.length, language === 'en' ? 25 : ON_A_PHONE.length);
    await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
    const { page } = window;
    await window.go(`/settings/connections/${id}/check`);
    const assertWell = async () => {
      await recover();
      await page.getByRole('button', { name: words.check }).click();
      await page.getByText(words.well).waitFor();
      assert.equal(await page.locator('.finding').count(), 0);
    };
    await assertWell();
    for (const [name, fault] of planted) {
      await t.test(`it finds that ${name}`, async () => {
        await find(page, language, fault);
        if (name !== 'a policy refuses SMTP') return;
        await page.getByText(words.causes).waitFor();
        await page.getByText(words.policy).waitFor();
        await window.assertGood(`check-causes-${language}-${width}`);
      });
    }
    await assertWell();
    window.assertQuiet();
  });
}

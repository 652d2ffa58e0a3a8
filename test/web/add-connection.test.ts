import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../../simulator/main.ts';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const WORDS = {
  en: {
    client: 'Client ID',
    tenant: 'Tenant ID',
    paste: 'Paste',
    nothing: 'There is no id in what was copied',
    already: `These two ids are already connected as ${PRINT_ROOM}.`,
    elsewhere: 'This tenant is in another cloud: practice',
    choose: 'Choose this cloud',
    advanced: 'Advanced',
    cloud: 'Microsoft cloud',
  },
  it: {
    client: 'ID client',
    tenant: 'ID tenant',
    paste: 'Incolla',
    nothing: 'In ciò che è stato copiato non c’è un ID',
    already: `Questi due ID sono già connessi come ${PRINT_ROOM}.`,
    elsewhere: 'Questo tenant è in un altro cloud: practice',
    choose: 'Scegli questo cloud',
    advanced: 'Avanzate',
    cloud: 'Cloud Microsoft',
  },
} as const;

let other: RunningPracticeTenant;
let stage: Stage;
let browser: Browser;

async function copy({ page }: Window, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
}

describe('adding a connection', () => {
  before(async () => {
    other = await startPracticeTenant({ tid: randomUUID() });
    const [cloudsFile, authorities] = [join(other.dir, 'both.json'), join(other.dir, 'both.pem')];
    const cloudOf = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as { readonly practice: object };
    writeFileSync(cloudsFile, '{}');
    writeFileSync(authorities, other.certificates.ca);
    stage = await openStage({
      database: 'external',
      until: 'administrator',
      env: {
        PLATEN_CLOUDS_FILE: cloudsFile,
        NODE_EXTRA_CA_CERTS: authorities,
        // the real clouds are not there
        HTTPS_PROXY: 'http://127.0.0.1:1',
        NO_PROXY: 'localhost,127.0.0.1',
      },
    });
    // Two clouds, of which the tenant lives in one; a server reads the file when it starts.
    const { practice } = stage.peers;
    const clouds = { ...cloudOf(practice.cloudsFile), elsewhere: cloudOf(other.cloudsFile).practice };
    writeFileSync(cloudsFile, JSON.stringify(clouds));
    writeFileSync(authorities, `${other.certificates.ca}\n${practice.certificates.ca}`);
    await stage.node.process.stop();
    await stage.node.start();
    await stage.addConnection({ title: 'Town hall', expectedAccount: PRINT_ROOM });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await other?.close();
  });
  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;
    const words = WORDS[language];
    test(`both ids come out of one paste, and the connection that has them is named, in ${language}`, async () => {
      const { clientId, tid } = stage.peers.practice;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/connections/new?cloud=practice');
      const paste = page.getByRole('button', { name: words.paste, exact: true });
      await copy(window, 'nothing of use');
      await paste.click();
      await page.getByText(words.nothing).waitFor();
      await copy(window, `appId  ${clientId.toUpperCase()}\ntenant {${tid}}`);
      await paste.click();
      await page.getByText(`${tid}, practice`).waitFor();
      assert.equal(await page.getByLabel(words.client).inputValue(), clientId);
      assert.equal(await page.getByLabel(words.tenant).inputValue(), tid);
      await page.getByText(words.already).waitFor();
      assert.equal(await page.getByText(words.nothing).count(), 0);
      await page.getByRole('link', { name: 'Town hall' }).last().waitFor();
      await window.assertGood(`add-already-${language}`);
      // One id alone is the one of the field beside the button.
      const single = randomUUID();
      await copy(window, ` "${single}" `);
      await paste.click();
      await page.getByText(words.already).waitFor({ state: 'detached' });
      assert.equal(await page.getByLabel(words.client).inputValue(), single);
      assert.equal(await page.getByLabel(words.tenant).inputValue(), tid);
    });

    test(`a tenant that lives in another cloud is found there, and the cloud chosen at a click, in ${language}`, async () => {
      const { tid } = stage.peers.practice;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/connections/new?cloud=elsewhere');
      await page.getByLabel(words.tenant).fill(tid);
      await page.getByText(words.elsewhere).waitFor();
      await window.assertGood(`add-elsewhere-${language}`);
      await page.getByRole('button', { name: words.choose }).click();
      await page.getByText(`${tid}, practice`).waitFor();
      assert.equal(await page.getByRole('combobox', { name: words.cloud }).inputValue(), 'practice');
    });
  }
});

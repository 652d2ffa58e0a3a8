import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import en from '../../../locales/en.json' with { type: 'json' };
import it from '../../../locales/it.json' with { type: 'json' };
import { hasText, LANGUAGES } from '../../../locales/locales.ts';
import { withFailureTables } from '../../../setup/failures.ts';
import aadstsTable from '../../../test/corpus/microsoft/aadsts.json' with { type: 'json' };
import answersTable from '../../../test/corpus/microsoft/answers.json' with { type: 'json' };
import { ERRORS } from '../../base/errors.ts';
import { AADSTS } from '../../protocols/microsoft/aadsts.ts';
import { ANSWERS, findAnswer } from '../../protocols/microsoft/answers.ts';
import { CAUSES, CAUSES_OF, type CauseId } from '../../protocols/microsoft/causes.ts';
import { commandOf, quote } from '../../protocols/microsoft/commands.ts';
import { addressOf, PLACES } from '../../protocols/microsoft/places.ts';
import { explainFailure } from './explain.ts';
import { answerKept } from './kept.ts';

const ABOUT = { cloud: 'worldwide', clientId: 'c1', account: 'print@contoso.example' } as const;
const known = [...new Set([...aadstsTable.rows.flatMap(({ numbers }) => numbers), ...aadstsTable.endsRefreshToken])];

describe('the numbers of the identity platform', () => {
  test('each one of the table is explained in both languages, with who and whether waiting helps', () => {
    assert.ok(known.length > 100, `only ${known.length} numbers were read`);
    for (const number of known) {
      for (const language of LANGUAGES) {
        const told = explainFailure({ code: 'device-code-refused', facts: { aadsts: number } }, { ...ABOUT, language });
        assert.equal(told?.reference, `AADSTS${number}`);
        for (const text of [told.meaning, told.action, told.whoText, told.waitingText])
          assert.ok(text.length > 1, `${number}`);
      }
    }
  });

  test('texts and table hold the same numbers, so that none is half known', () => {
    const withTexts = Object.keys(en.aadsts).filter((name) => name !== 'other');
    assert.deepEqual([...AADSTS.keys()].map(String).sort(), withTexts.sort());
  });

  test('a number that nobody knows shows the words and how to report them', () => {
    const problem = { code: 'device-code-refused', facts: { aadsts: 99999999 }, remote: 'AADSTS99999999: New.' };
    const told = explainFailure(problem, { ...ABOUT, language: 'en' });
    assert.deepEqual([told?.reference, told?.who], ['AADSTS99999999', 'project']);
    assert.match(told?.action ?? '', /report them to the project/);
  });
});

describe('the answers of the mail servers and of the way there', () => {
  for (const { id, words } of answersTable) {
    test(`${words.slice(0, 90)} is ${id}`, () => assert.equal(findAnswer(words)?.id, id));
  }

  test('each row is proved by an example, and explained in both languages', () => {
    const shown = new Set(answersTable.map(({ id }) => id));
    assert.deepEqual(
      ANSWERS.filter(({ id }) => !shown.has(id)).map(({ id }) => id),
      [],
    );
    for (const { id, words } of answersTable) {
      for (const language of LANGUAGES) {
        const values = { mailbox: 'print@contoso.example', sender: 'scans@contoso.example', host: 'h' };
        const told = explainFailure({ code: 'message-refused', remote: words, values }, { ...ABOUT, language });
        assert.equal(told?.reference, id);
        for (const text of [told.meaning, told.action, told.whoText, told.waitingText]) {
          assert.ok(text.length > 1 && !text.includes('{{'), `${id} ${language}: ${text}`);
        }
      }
    }
  });

  test('a row names an error code that exists, or has texts of its own', () => {
    for (const { id, code } of ANSWERS) {
      if (code !== undefined) assert.ok(code in ERRORS, id);
      else assert.ok(hasText('it', `answers.${id}.action`), id);
    }
    const texts = Object.keys(en.answers).filter((id) => id !== 'unknown' && !ANSWERS.some((row) => row.id === id));
    assert.deepEqual(texts, []);
  });

  test('unknown words are shown as they are, and our own errors are left alone', () => {
    const told = explainFailure(
      { code: 'message-refused', remote: '550 5.9.9 Blue moon' },
      { ...ABOUT, language: 'it' },
    );
    assert.equal(told?.reference, 'unknown');
    assert.equal(explainFailure({ code: 'not-found' }, { ...ABOUT, language: 'en' }), undefined);
  });

  test('a sign-in that its owner declined is said to be up to the owner, and needs no report', () => {
    const declined = { code: 'login-declined', remote: 'authorization_declined' };
    for (const language of LANGUAGES) {
      const told = explainFailure(declined, { ...ABOUT, language });
      assert.deepEqual([told?.who, told?.waiting], ['mailbox-owner', 'no']);
      assert.equal(told?.action, { en, it }[language].errors['login-declined'].advice);
    }
  });

  test('a command is ready to paste, whatever stands in the address', () => {
    const problem = {
      code: 'smtp-auth-off-mailbox',
      remote: '535 5.7.139 … SmtpClientAuthentication is disabled for the Mailbox.',
    };
    const told = explainFailure(problem, { ...ABOUT, account: "o'neil@contoso.example", language: 'en' });
    assert.equal(
      told?.command,
      "Set-CASMailbox -Identity 'o''neil@contoso.example' -SmtpClientAuthenticationDisabled $false",
    );
    assert.equal(quote('a’; Remove-Mailbox'), "'a''; Remove-Mailbox'");
    assert.match(told?.address ?? '', /^https:\/\/admin\.microsoft\.com\//);
  });

  test('the right to send is given to the account that signs in, on the address that it writes as', () => {
    const values = { mailbox: 'print@contoso.example', sender: 'scans@contoso.example' };
    const told = explainFailure({ code: 'sender-not-allowed', values }, { language: 'en' });
    assert.match(told?.command ?? '', /-Identity 'scans@contoso\.example' -Trustee 'print@contoso\.example'/);
  });
});

describe('an answer with several causes', () => {
  const told = (words: string, facts: Readonly<Record<string, string>> = {}) =>
    explainFailure({ code: 'message-refused', remote: words, facts }, { ...ABOUT, language: 'en' });
  const policy = '535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated';

  test('lists them with how to find out, in both languages, and every cause belongs to an answer', () => {
    for (const [answer, causes] of Object.entries(CAUSES_OF)) {
      assert.ok(causes.length > 1 && new Set(causes).size === causes.length, answer);
      const { words } = answersTable.find(({ id }) => id === answer) ?? {};
      assert.ok(words !== undefined, `${answer} is an answer`);
      const shown = LANGUAGES.map((language) => explainFailure({ code: 'x', remote: words }, { ...ABOUT, language }));
      for (const one of shown) {
        assert.deepEqual(
          one?.causes?.map(({ id }) => id),
          causes,
        );
        for (const { meaning, how, whoText } of one?.causes ?? []) {
          for (const text of [meaning, how, whoText]) assert.ok(text.length > 5 && !text.includes('{{'), text);
        }
      }
      assert.notDeepEqual(shown[0]?.causes, shown[1]?.causes);
    }
    const used = new Set(Object.values(CAUSES_OF).flat());
    assert.deepEqual(
      Object.keys(CAUSES).filter((id) => !used.has(id as CauseId)),
      [],
    );
    assert.deepEqual(Object.keys(en.causes).sort(), Object.keys(CAUSES).sort());
  });

  test('leaves out what a test has ruled out, and lists none when a test has found the one', () => {
    const ids = (facts: Readonly<Record<string, string>>) => told(policy, facts)?.causes?.map(({ id }) => id);
    assert.deepEqual(ids({ ruledOut: 'account-blocked' }), ['policy', 'smtp-switch', 'security-defaults']);
    assert.equal(ids({ cause: 'smtp-switch' }), undefined);
    assert.equal(told('535 5.7.139 SmtpClientAuthentication is disabled for the Tenant')?.causes, undefined);
  });

  test('is looked into with commands that change nothing, and with the pages of the own cloud', () => {
    for (const [id, cause] of Object.entries(CAUSES)) {
      if (!('command' in cause)) continue;
      assert.match(commandOf(cause.command, { mailbox: 'a@b.example', account: 'c@b.example' }), /^Get-/, id);
    }
    const [first, second] = told(policy)?.causes ?? [];
    assert.match(first?.address ?? '', /^https:\/\/entra\.microsoft\.com\//);
    assert.match(second?.command ?? '', /Get-CASMailbox 'print@contoso\.example'/);
  });
});

describe('what other rooms keep of a failure', () => {
  const kept = (problem: { code: string; remote?: string }, about?: typeof ABOUT) =>
    answerKept({ detail: '', at: '', ...problem }, 'en', about).explanation;

  test('is explained in full through a connection, and of any other server only on the way there', () => {
    const full = { code: 'sender-mailbox-full', remote: '554 5.2.2 mailbox full' };
    assert.equal(kept(full, ABOUT)?.reference, 'smtp-mailbox-full');
    assert.equal(kept(full), undefined);
    const refused = { code: 'server-unreachable', remote: 'connect ECONNREFUSED 192.0.2.1:25' };
    assert.equal(kept(refused)?.reference, 'network-refused');
    const password = { code: 'mailbox-refused', remote: 'LOGIN failed.' };
    assert.equal(kept(password)?.reference, 'imap-login-disabled');
    assert.equal(kept({ code: 'sign-in-refused', remote: '535 5.7.8 Error: authentication failed' }), undefined);
  });

  test('is not reported to the project when it is about one recipient, and is when nobody knows it', () => {
    const unknown = '550 5.1.99 Blue moon';
    assert.equal(kept({ code: 'recipient-refused', remote: unknown }, ABOUT), undefined);
    assert.deepEqual(kept({ code: 'message-refused', remote: unknown }, ABOUT)?.who, 'project');
  });
});

test('docs/microsoft-365.md holds the tables as `npm run docs` writes them', () => {
  const page = readFileSync(new URL('../../../docs/microsoft-365.md', import.meta.url), 'utf8');
  assert.ok(page === withFailureTables(page), 'run `npm run docs`');
  assert.ok(page.includes('| 530035 |') && page.includes('| `smtp-auth-off-mailbox` |'));
  assert.ok(page.includes('| `imap-not-connected` | 1. '));
});

/** Italian names that were seen in Microsoft's own Italian pages. */
const SEEN: ReadonlySet<string> = new Set([
  'Interfaccia di amministrazione di Microsoft Entra',
  'Interfaccia di amministrazione di Microsoft 365',
  'Registrazioni app',
  'Nuova registrazione',
  'Panoramica',
  'Autenticazione',
  'Autorizzazioni API',
  'Concedi consenso amministratore',
  'Manifesto',
  'Gestire le impostazioni predefinite per la sicurezza',
  'Accesso condizionale',
  'Criteri',
  'Utenti',
  'Utenti attivi',
  'Posta',
]);

describe('the places to click', () => {
  test('each has its path in both languages, and a page in the worldwide cloud', () => {
    for (const place of PLACES) {
      for (const language of LANGUAGES) assert.ok(hasText(language, `places.${place}`), `${language} ${place}`);
      assert.match(addressOf(place, { cloud: 'worldwide', clientId: 'c1' }) ?? '', /^https:\/\//, place);
    }
    assert.deepEqual(Object.keys(en.places).sort(), [...PLACES].sort());
  });

  test('an Italian name that was not seen in Microsoft’s own pages stands in the table of the documents', () => {
    const page = readFileSync(new URL('../../../docs/microsoft-365.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## Italian names of the portals'), page.indexOf('## Every failure'));
    const unseen = new Set(
      [...table.matchAll(/^\|[^|]+\| ([^|]+) \|$/gm)].flatMap((row) => (row[1] ?? '').split(', ')),
    );
    const names = Object.values(it.places).flatMap((path) => path.split(' › '));
    // pages that are no menus, and what each tenant calls differently
    const own = /^(l’|la |aka\.ms|Azure Cloud Shell|Graph Explorer)/;
    assert.deepEqual(
      [...new Set(names)].filter((name) => !own.test(name) && !SEEN.has(name) && !unseen.has(name)),
      [],
    );
  });

  test('a national cloud has its own portal, a custom one has none', () => {
    assert.match(
      addressOf('app-permissions', { cloud: 'china', clientId: 'c1' }) ?? '',
      /^https:\/\/portal\.azure\.cn\//,
    );
    assert.match(addressOf('app-permissions', { cloud: 'us-dod' }) ?? '', /^https:\/\/portal\.azure\.us\//);
    assert.equal(addressOf('mail-apps', { cloud: 'us-dod' }), undefined);
    assert.equal(addressOf('app-permissions', { cloud: 'practice' }), undefined);
  });
});

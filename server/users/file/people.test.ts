import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileLimits, readPeople } from './people.ts';

const read = (text: string | Buffer) => readPeople(Buffer.from(text));
const brief = (text: string | Buffer) =>
  read(text).map(({ line, name, email, addresses, role, language, reason }) =>
    [line, name, email, addresses.join('+'), role, language ?? '', reason ?? ''].join('|'),
  );
const reasonsOf = (text: string) => read(text).map(({ reason }) => reason);

test('a list of a spreadsheet is read, whatever stands between its columns', () => {
  const wanted = [
    '2|Anna Rossi|anna@contoso.example|a.rossi@contoso.example|operator|it|',
    '3|bruno@contoso.example|bruno@contoso.example||user||',
  ];
  const rows = [
    ['E-mail', 'Name', 'Role', 'Language', 'Addresses'],
    ['Anna@Contoso.example', 'Anna Rossi', 'Operator', 'Italian', 'a.rossi@contoso.example anna@contoso.example'],
    ['bruno@contoso.example', '', '', '', ''],
  ];
  for (const delimiter of [',', ';', '\t']) {
    for (const end of ['\n', '\r\n']) {
      assert.deepEqual(brief(rows.map((row) => row.join(delimiter)).join(end)), wanted, JSON.stringify(delimiter));
    }
  }
  const italian = 'Indirizzo e-mail;Nome e cognome;Ruolo;Lingua;Altri indirizzi';
  assert.deepEqual(
    brief(`\uFEFF${italian}\n${(rows[1] ?? []).join(';').replace('Operator', 'operatore')}`),
    wanted.slice(0, 1),
  );
});

test('what Microsoft 365 exports is read: its names of columns, and all addresses of a mailbox in one field', () => {
  const head = 'Block credential,City,Display name,Licenses,Proxy addresses,User principal name,Preferred language';
  const anna =
    'False,"Bolzano, BZ",Anna Rossi,Business+Print,smtp:info+print@contoso.example+SMTP:anna@contoso.example+SIP:anna@contoso.example,anna@contoso.example,it-IT';
  assert.deepEqual(brief(`${head}\n${anna}\n`), [
    '2|Anna Rossi|anna@contoso.example|info+print@contoso.example|user|it|',
  ]);
});

test('names of a spreadsheet on Windows keep their accents, and fields in quotes their delimiters', () => {
  const text = 'nome;e-mail\n"Bianchi; Nicolò ""Nic""";nicolo@contoso.example\n';
  const windows = Buffer.from(text, 'latin1');
  assert.notDeepEqual(windows, Buffer.from(text));
  for (const bytes of [text, windows]) assert.equal(read(bytes)[0]?.name, 'Bianchi; Nicolò "Nic"');
});

test('each person that cannot be added has a reason, and the others have none', () => {
  const line = (...fields: readonly string[]) => fields.join(',');
  const rows = [
    line('good@contoso.example', 'Good', 'user', 'en', ''),
    line('', 'Nobody', '', '', ''),
    line('no address', 'Wrong', '', '', ''),
    line('ok@contoso.example', 'Wrong', '', '', 'not-one'),
    line('GOOD@contoso.example', 'Again', '', '', ''),
    line('other@contoso.example', 'Again', '', '', 'good@contoso.example'),
    line('boss@contoso.example', 'Boss', 'administrator', '', ''),
    line('king@contoso.example', 'King', 'king', '', ''),
    line('frank@contoso.example', 'Frank', '', 'fr', ''),
    line('long@contoso.example', 'x'.repeat(fileLimits.maxNameChars + 1), '', '', ''),
    line('two@contoso.example', '"Two\nlines"', '', '', ''),
    line('many@contoso.example', 'Many', '', '', Array.from({ length: 51 }, (_, at) => `a${at}@b.example`).join(' ')),
  ];
  assert.deepEqual(reasonsOf(['email,name,role,language,addresses', ...rows].join('\n')), [
    undefined,
    'address-missing',
    'address-unusable',
    'address-unusable',
    'twice-in-file',
    'twice-in-file',
    'role-not-by-file',
    'role-unknown',
    'language-unknown',
    'name-unusable',
    'name-unusable',
    'too-many-addresses',
  ]);
});

test('what is no list of people, or too long a one, is refused with how it should be', () => {
  const many = `email\n${Array.from({ length: fileLimits.maxPeople + 1 }, (_, at) => `p${at}@b.example`).join('\n')}`;
  const wrong = [
    '',
    'anna@contoso.example\nbruno@contoso.example\n',
    'name,role\nAnna,user\n',
    'email,name\n"a@b.example,open',
    `email,name\na@b.example,"${'x'.repeat(fileLimits.maxRecordChars + 1)}"`,
    Buffer.alloc(fileLimits.maxBytes + 1, 'x'),
    Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0xff, 0xfe]),
    many,
  ];
  for (const text of wrong) {
    const values = { most: fileLimits.maxPeople, kilobytes: 1000 };
    assert.throws(() => read(text), { code: 'file-unreadable', values }, text.slice(0, 60).toString());
  }
  assert.equal(read(many.slice(0, many.lastIndexOf('\n'))).length, fileLimits.maxPeople);
  assert.deepEqual(read('email\n\n  \n'), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call, openServer } from '../../../test/attacks/callers.ts';
import { readJournal } from '../../journal/journal.ts';
import { addUser, listUsers } from '../users.ts';

const HEAD = 'e-mail;name;role;addresses';
const IMPORT = '/api/v1/users/import';

type Item = Readonly<Record<'line' | 'email' | 'outcome' | 'reason' | 'words' | 'language', unknown>>;

test('people of a file are shown first, then added, each once, and told in the journal', async () => {
  await using server = await openServer();
  const { context } = server.test;
  const headers = await addProgram(server, 'administrator');
  await addUser(
    context,
    { email: 'carla@contoso.example', name: 'Carla', role: 'user', addresses: ['c@contoso.example'] },
    'x',
  );
  const people = [
    'anna@contoso.example;Anna;operator;a@contoso.example',
    'bruno@contoso.example;Bruno;;c@contoso.example',
    'carla@contoso.example;Someone else;operator;',
    'dora@contoso.example;Dora;;',
  ];
  const file = Buffer.from([HEAD, ...people].join('\r\n')).toString('base64');
  const send = async (body: object, language = 'en') => {
    const answer = await call(server, 'POST', IMPORT, { headers: { ...headers, 'accept-language': language }, body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.items as Item[];
  };
  const seen = async (items: readonly Item[]) => items.map(({ email, outcome, reason }) => [email, outcome, reason]);
  const emails = async () => (await listUsers(context, { limit: 100 })).items.map(({ email }) => email);
  const shown = await send({ file, dryRun: true });
  assert.deepEqual(await seen(shown), [
    ['anna@contoso.example', 'new', null],
    ['bruno@contoso.example', 'refused', 'address-taken'],
    ['carla@contoso.example', 'known', null],
    ['dora@contoso.example', 'new', null],
  ]);
  assert.deepEqual(await emails(), ['carla@contoso.example'], 'nothing was added yet');
  const added = await send({ file }, 'it');
  assert.equal(added[1]?.words, 'Un indirizzo appartiene già a un’altra persona');
  assert.deepEqual(
    added.map(({ outcome, language }) => [outcome, language]),
    [
      ['added', 'it'],
      ['refused', 'it'],
      ['known', 'it'],
      ['added', 'it'],
    ],
  );
  assert.deepEqual(await emails(), ['carla@contoso.example', 'anna@contoso.example', 'dora@contoso.example']);
  const again = await send({ file });
  assert.deepEqual(
    again.map(({ outcome }) => outcome),
    ['known', 'refused', 'known', 'known'],
  );
  const { items } = await listUsers(context, { limit: 100 });
  assert.deepEqual(
    items.map(({ name, role, origin, addresses, hasPassword }) => [name, role, origin, addresses.length, hasPassword]),
    [
      ['Carla', 'user', 'administrator', 2, false],
      ['Anna', 'operator', 'file', 2, false],
      ['Dora', 'user', 'file', 1, false],
    ],
  );
  const told = await readJournal(context, { type: 'user-added', limit: 10 });
  assert.equal(told.filter(({ data }) => data.email === 'dora@contoso.example').length, 1);
});

test('only administrators import, and a file that is none is refused with advice', async () => {
  await using server = await openServer();
  const file = Buffer.from('email\nanna@contoso.example\n').toString('base64');
  for (const role of ['operator', 'user'] as const) {
    const { headers } = await addPerson(server, role);
    assert.equal((await call(server, 'POST', IMPORT, { headers, body: { file } })).status, 403);
  }
  const { headers } = await addPerson(server, 'administrator');
  const refused = await call(server, 'POST', IMPORT, {
    headers,
    body: { file: Buffer.from('PK\u0003').toString('base64') },
  });
  assert.deepEqual([refused.status, refused.json.code], [400, 'file-unreadable']);
  assert.match(String(refused.json.advice), /2000 people and 1000 KB|2,000 people/);
  const large = Buffer.alloc(1_000_001, 'x').toString('base64');
  assert.equal((await call(server, 'POST', IMPORT, { headers, body: { file: large } })).json.code, 'file-unreadable');
  const huge = Buffer.alloc(1_200_000, 'x').toString('base64');
  assert.equal((await call(server, 'POST', IMPORT, { headers, body: { file: huge } })).status, 413);
});

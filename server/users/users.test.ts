import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { addUser, findUserByAddress, getUser, listUsers, removeUser, updateUser } from './users.ts';

const PASSWORD = 'seven quiet harbour lanterns';
const ADA = { email: 'Ada@Contoso.example', name: 'Ada', role: 'administrator', password: PASSWORD } as const;
const BOB = { email: 'bob@contoso.example', name: 'Bob', role: 'administrator', password: PASSWORD } as const;

test('a user is found by each address, whatever its case', async () => {
  await using test = await openTestContext();
  const user = await addUser(test.context, { ...ADA, addresses: ['Ada.L@Contoso.example'] }, 'test');
  for (const address of ['ada@contoso.example', 'ADA.L@contoso.EXAMPLE', ' ada@contoso.example ']) {
    assert.equal((await findUserByAddress(test.context, address))?.id, user.id, address);
  }
  assert.equal(await findUserByAddress(test.context, 'bob@contoso.example'), undefined);
});

test('a disabled user is not found, and is found again when enabled', async () => {
  await using test = await openTestContext();
  const { id } = await addUser(test.context, { ...BOB, role: 'user' }, 'test');
  await updateUser(test.context, id, { disabled: true }, 'test');
  assert.equal(await findUserByAddress(test.context, BOB.email), undefined);
  await updateUser(test.context, id, { disabled: false }, 'test');
  assert.equal((await findUserByAddress(test.context, BOB.email))?.id, id);
});

test('an address belongs to one user', async () => {
  await using test = await openTestContext();
  const ada = await addUser(test.context, { ...ADA, addresses: ['office@contoso.example'] }, 'test');
  const bob = await addUser(test.context, BOB, 'test');
  const conflict = { code: 'conflict' };
  await assert.rejects(addUser(test.context, { ...BOB, email: 'ADA@contoso.example' }, 'test'), conflict);
  const carol = { ...BOB, email: 'carol@contoso.example', addresses: ['office@contoso.example'] };
  await assert.rejects(addUser(test.context, carol, 'test'), conflict);
  await assert.rejects(updateUser(test.context, bob.id, { addresses: ['office@contoso.example'] }, 'test'), conflict);
  await assert.rejects(updateUser(test.context, bob.id, { email: 'ada@contoso.example' }, 'test'), conflict);
  assert.deepEqual((await getUser(test.context, bob.id)).addresses, ['bob@contoso.example']);
  assert.deepEqual((await getUser(test.context, ada.id)).addresses, ['ada@contoso.example', 'office@contoso.example']);
});

test('a new address to sign in with replaces the old one and keeps the others', async () => {
  await using test = await openTestContext();
  const { id } = await addUser(test.context, { ...ADA, addresses: ['office@contoso.example'] }, 'test');
  const changed = await updateUser(test.context, id, { email: 'lovelace@contoso.example' }, 'test');
  assert.deepEqual(changed.addresses, ['lovelace@contoso.example', 'office@contoso.example']);
  assert.equal(await findUserByAddress(test.context, 'ada@contoso.example'), undefined);
  const fewer = await updateUser(test.context, id, { addresses: [] }, 'test');
  assert.deepEqual(fewer.addresses, ['lovelace@contoso.example']);
});

test('the last administrator who can sign in stays one', async () => {
  await using test = await openTestContext();
  const ada = await addUser(test.context, ADA, 'test');
  const last = { code: 'last-administrator' };
  // Neither of these two could sign in instead.
  await addUser(test.context, { ...BOB, password: undefined }, 'test');
  const carol = await addUser(test.context, { ...BOB, email: 'carol@contoso.example' }, 'test');
  await updateUser(test.context, carol.id, { disabled: true }, 'test');

  await assert.rejects(updateUser(test.context, ada.id, { role: 'operator' }, 'test'), last);
  await assert.rejects(updateUser(test.context, ada.id, { disabled: true }, 'test'), last);
  await assert.rejects(updateUser(test.context, ada.id, { password: null }, 'test'), last);
  await assert.rejects(removeUser(test.context, ada.id, 'test'), last);
  assert.equal((await getUser(test.context, ada.id)).role, 'administrator');
  await updateUser(test.context, carol.id, { disabled: false }, 'test');
  await removeUser(test.context, ada.id, 'test');
});

test('two administrators who dismiss each other at the same moment do not both succeed', async () => {
  await using test = await openTestContext();
  for (let round = 0; round < 5; round += 1) {
    await test.context.db.deleteFrom('users').execute();
    const ada = await addUser(test.context, ADA, 'test');
    const bob = await addUser(test.context, BOB, 'test');
    const outcomes = await Promise.allSettled([
      updateUser(test.context, ada.id, { role: 'user' }, bob.id),
      removeUser(test.context, bob.id, ada.id),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  }
});

test('what is done to a user stands in the journal with who did it, and without the password', async () => {
  await using test = await openTestContext();
  await addUser(test.context, ADA, 'ada');
  const { id } = await addUser(test.context, BOB, 'ada');
  await updateUser(test.context, id, { password: 'nine slow winter ferries', role: 'user' }, 'ada');
  await updateUser(test.context, id, {}, 'ada');
  await removeUser(test.context, id, 'ada');
  const rows = await test.context.db
    .selectFrom('journal')
    .select(['type', 'actor', 'data'])
    .where('subject_id', '=', id)
    .orderBy('id')
    .execute();
  assert.deepEqual(rows, [
    { type: 'user-added', actor: 'ada', data: { email: BOB.email, name: 'Bob', role: 'administrator' } },
    { type: 'user-changed', actor: 'ada', data: { changed: ['password', 'role'], role: 'user' } },
    { type: 'user-removed', actor: 'ada', data: { email: BOB.email } },
  ]);
});

test('a list is read page by page, each user once', async () => {
  await using test = await openTestContext();
  for (let count = 0; count < 5; count += 1) {
    await addUser(test.context, { email: `user${count}@contoso.example`, name: `User ${count}`, role: 'user' }, 'test');
  }
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listUsers(test.context, { limit: 2, cursor });
    names.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(names, ['User 0', 'User 1', 'User 2', 'User 3', 'User 4']);
  await assert.rejects(listUsers(test.context, { limit: 2, cursor: 'nonsense' }), { code: 'invalid-request' });
});

test('users are found by a part of the name or of any address, page by page', async () => {
  await using test = await openTestContext();
  const people = [
    { email: 'anna@contoso.example', name: 'Anna Rossi', addresses: ['anna.old@fabrikam.example'] },
    { email: 'bob@contoso.example', name: 'Bob ROSSI' },
    { email: 'carol@contoso.example', name: 'Carol 100%' },
  ];
  for (const person of people) await addUser(test.context, { role: 'user', ...person }, 'test');
  const find = async (text: string) =>
    (await listUsers(test.context, { limit: 10, text })).items.map(({ name }) => name);
  assert.deepEqual(await find('rossi'), ['Anna Rossi', 'Bob ROSSI']);
  assert.deepEqual(await find('OLD@fabrikam'), ['Anna Rossi']);
  assert.deepEqual(await find('%'), ['Carol 100%']);
  assert.deepEqual(await find('nobody'), []);
  assert.deepEqual(await find('a\0'), []);
  const first = await listUsers(test.context, { limit: 1, text: 'rossi' });
  const next = await listUsers(test.context, { limit: 1, text: 'rossi', cursor: first.nextCursor ?? '' });
  assert.deepEqual([next.items[0]?.name, next.nextCursor], ['Bob ROSSI', null]);
});

test('people belong to a group, are found by it, and leave it', async () => {
  await using test = await openTestContext();
  const { context } = test;
  const ada = await addUser(context, { ...ADA, group: 'School' }, 'test');
  const bob = await addUser(context, BOB, 'test');
  const idsOf = async (group: string) => (await listUsers(context, { limit: 9, group })).items.map(({ id }) => id);
  assert.deepEqual([ada.group, bob.group], ['School', undefined]);
  assert.deepEqual(await idsOf('School'), [ada.id]);
  assert.deepEqual(await idsOf('Scho'), []);
  assert.deepEqual(await idsOf('School\0'), [ada.id]);
  assert.equal((await updateUser(context, bob.id, { group: 'School' }, 'test')).group, 'School');
  assert.deepEqual(await idsOf('School'), [ada.id, bob.id]);
  // A change of something else leaves it.
  assert.equal((await updateUser(context, bob.id, { name: 'Robert' }, 'test')).group, 'School');
  assert.equal((await updateUser(context, bob.id, { group: null }, 'test')).group, undefined);
  await removeUser(context, bob.id, 'test');
  await updateUser(context, ada.id, { group: 'Hospital' }, 'test');
  assert.deepEqual(await idsOf('School'), []);
});

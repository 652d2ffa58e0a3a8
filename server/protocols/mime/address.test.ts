import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSender } from './address.ts';

const accepted: readonly (readonly [string, string, string])[] = [
  ['anna@practice.example', 'anna@practice.example', ''],
  ['<Anna@Practice.Example>', 'anna@practice.example', ''],
  ['Anna Rossi <anna@practice.example>', 'anna@practice.example', 'Anna Rossi'],
  ['"Rossi, Anna" <anna@practice.example>', 'anna@practice.example', 'Rossi, Anna'],
  ['"anna@practice.example" <anna@practice.example>', 'anna@practice.example', 'anna@practice.example'],
  ['=?utf-8?B?QW5uw6k=?= Rossi <anna@practice.example>', 'anna@practice.example', 'Anné Rossi'],
  ['anna@practice.example (Anna (the first) Rossi)', 'anna@practice.example', ''],
  ["o'neil+print@mail.practice.example", "o'neil+print@mail.practice.example", ''],
  ['"A \\"B\\" C" <a@b.example>', 'a@b.example', 'A "B" C'],
];

for (const [field, address, name] of accepted) {
  test(`the sender of ${field} is ${address}`, () => {
    assert.deepEqual(readSender([field]), { kind: 'one', sender: { address, name } });
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['a@b.example, c@d.example', 'several-addresses'],
  ['<a@b.example> <c@d.example>', 'several-addresses'],
  ['Boss <boss@b.example>, ', 'several-addresses'],
  ['friends: a@b.example;', 'unreadable'],
  ['Undisclosed: ;', 'unreadable'],
  ['"boss@x,"@z.example', 'unreadable'],
  ['boss@b.example <c@d.example>', 'unreadable'],
  ['=?utf-8?Q?boss=40b.example?= <c@d.example>', 'unreadable'],
  ['"=?utf-8?Q?boss=40b.example?=" <c@d.example>', 'unreadable'],
  ['=?utf-8?Q?boss=40b.example?=', 'unreadable'],
  ['<@relay.example:a@b.example>', 'unreadable'],
  ['<a@b.example> trailing', 'unreadable'],
  ['<a@b.example', 'unreadable'],
  ['"never closed <a@b.example>', 'unreadable'],
  ['(never closed a@b.example', 'unreadable'],
  ['a@b.example>', 'unreadable'],
  ['a@localhost', 'unreadable'],
  ['a@[192.0.2.1]', 'unreadable'],
  ['а@b.example', 'unreadable'],
  ['a@b.exаmple', 'unreadable'],
  ['a@@b.example', 'unreadable'],
  ['a..b@c.example', 'unreadable'],
  ['a@b.example\u0000', 'unreadable'],
  ['a@-b.example', 'unreadable'],
  [`${'a'.repeat(65)}@b.example`, 'unreadable'],
  [`<${'a'.repeat(3000)}@b.example>`, 'unreadable'],
  ['', 'unreadable'],
];

for (const [field, kind] of refused) {
  test(`${JSON.stringify(field.slice(0, 60))} is ${kind}`, () => assert.deepEqual(readSender([field]), { kind }));
}

test('no From field and two From fields are told apart', () => {
  assert.deepEqual(readSender([]), { kind: 'none' });
  assert.deepEqual(readSender(['a@b.example', 'a@b.example']), { kind: 'several-fields' });
});

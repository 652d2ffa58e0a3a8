import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReply, withoutSecrets } from './replies.ts';
import { xoauth2 } from './xoauth2.ts';

test('a reply gives its code, its enhanced code, its words and the marks for the support', () => {
  const raw =
    '535 5.7.3 Authentication unsuccessful [AM0PR02CA0134.eurprd02.prod.outlook.com 2024-07-11T11:46:49.042Z 08DCA18218166FB4]';
  assert.deepEqual(parseReply(raw), {
    code: 535,
    enhanced: '5.7.3',
    words: raw,
    text: raw.slice('535 5.7.3 '.length),
    facts: {
      server: 'AM0PR02CA0134.eurprd02.prod.outlook.com',
      time: '2024-07-11T11:46:49.042Z',
      id: '08DCA18218166FB4',
    },
  });
  const hostname = parseReply('432 4.3.2 Too many. [Hostname=SYBP282MB2635.AUSP282.PROD.OUTLOOK.COM]');
  assert.deepEqual(hostname?.facts, { server: 'SYBP282MB2635.AUSP282.PROD.OUTLOOK.COM' });
});

test('lines of one reply become one, each without its codes', () => {
  const reply = parseReply('550-5.7.1 Not accepted\r\n550-5.7.1 for policy reasons\r\n550 5.7.1 Sorry');
  assert.equal(reply?.words, '550 5.7.1 Not accepted for policy reasons Sorry');
});

test('a reply without words or enhanced code is one all the same', () => {
  assert.deepEqual(parseReply('250'), { code: 250, enhanced: undefined, words: '250', text: '', facts: {} });
  assert.equal(parseReply('250 2.0.0')?.enhanced, '2.0.0');
  assert.equal(parseReply('hello'), undefined);
  assert.equal(parseReply(''), undefined);
});

test('control characters and endless texts of a server do not pass', () => {
  const reply = parseReply(`550 5.0.0 a\u001b[31mb\u0000c ${'x'.repeat(100_000)}`);
  assert.doesNotMatch(reply?.words ?? '', /\p{Cc}/u);
  assert.ok((reply?.words.length ?? 0) <= 1500);
});

test('what a server says never breaks the reading', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (raw) => {
      const reply = parseReply(raw);
      if (reply === undefined) return;
      assert.ok(reply.code >= 0 && reply.code <= 999);
      assert.doesNotMatch(reply.words, /\p{Cc}/u);
    }),
    { numRuns: 2000 },
  );
});

test('a server that repeats the token does not bring it into what is kept', () => {
  const initial = xoauth2('print@practice.example', 'EwB'.repeat(500));
  assert.equal(withoutSecrets(`500 5.5.2 Unrecognized: AUTH XOAUTH2 ${initial}`).includes(initial.slice(0, 40)), false);
  assert.equal(withoutSecrets('501 auth=Bearer eyJ0.abc-_x refused'), '501 (removed) refused');
});

test('the initial response of XOAUTH2 is the one that Microsoft documents', () => {
  assert.equal(
    xoauth2('test@contoso.onmicrosoft.com', 'EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA'),
    'dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==',
  );
});

test('a user name or token with a control character is refused', () => {
  assert.throws(() => xoauth2('a\x01auth=Bearer other', 'token'), TypeError);
  assert.throws(() => xoauth2('a', 'to\nken'), TypeError);
});

/** Attack 10 of the threat model: a second message inside of the first one, seen by one server and not by the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, openRelay, RECIPIENT, type TestRelay } from '../harness/relay.ts';

const FAKE_ENDS: Readonly<Record<string, string>> = {
  'LF.LF': '\n.\n',
  'LF.CRLF': '\n.\r\n',
  'CRLF.LF': '\r\n.\n',
  'CR.CRLF': '\r.\r\n',
  'CR.CR': '\r.\r',
  'CRLF.CR': '\r\n.\r',
  'CRLF.CRCRLF': '\r\n.\r\r\n',
  'CRCRLF.CRCRLF': '\r\r\n.\r\r\n',
  'CRLF.NUL CRLF': '\r\n.\0\r\n',
  'CRLF NUL.CRLF': '\r\n\0.\r\n',
};

const SECOND = [
  'MAIL FROM:<boss@contoso.example>',
  `RCPT TO:<${RECIPIENT}>`,
  'DATA',
  'From: boss@contoso.example',
  'Subject: smuggled',
  '',
  'Pay this.',
  '',
].join('\r\n');

/** Sends the two in pieces of a size and hears what is said about them. */
async function smuggle(relay: TestRelay, fakeEnd: string, pieceBytes: number): Promise<string> {
  await using conversation = await relay.greet();
  await begin(conversation);
  const bytes = Buffer.from(`Subject: first\r\n\r\nHello${fakeEnd}${SECOND}\r\n.\r\n`, 'latin1');
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    conversation.sayBytes(bytes.subarray(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const answer = await conversation.hear();
  // One answer for one message: whatever else had been taken for a command would be answered before this.
  await conversation.play(`
    C: NOOP
    S: 250 {/.*/}
    C: QUIT
    S: 221 {/.*/}
    S: <close>`);
  return answer;
}

for (const [name, fakeEnd] of Object.entries(FAKE_ENDS)) {
  test(`${name} does not end a message, and is refused`, async () => {
    await using relay = await openRelay();
    await relay.addDevice();
    for (const pieceBytes of [1000, 1, 7]) {
      assert.equal(await smuggle(relay, fakeEnd, pieceBytes), '550 5.6.11 Bare CR, LF or NUL refused');
    }
    assert.deepEqual(await relay.kept(), []);
  });

  test(`${name} from a device whose line ends are repaired stays inside of its one message`, async () => {
    await using relay = await openRelay();
    await relay.addDevice({ normalisesBareLf: true });
    const answer = await smuggle(relay, fakeEnd, 1000);
    const kept = await relay.kept();
    if (fakeEnd.includes('\0')) {
      assert.match(answer, /^550 /);
      return assert.deepEqual(kept, []);
    }
    assert.match(answer, /^250 /);
    assert.equal(kept.length, 1);
    assert.equal(kept[0]?.subject, 'first');
    assert.ok(kept[0]?.body.includes('Subject: smuggled'));
    // What leaves has line ends of one kind, so that no server after us can see another end in it.
    assert.doesNotMatch(kept[0]?.text ?? '', /[^\r]\n|\r[^\n]|\0/);
  });
}

test('a message that ends in the right way is followed by the next one on the same connection', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  await begin(conversation);
  conversation.sayBytes(`Subject: first\r\n\r\nHello\r\n.\r\n${SECOND}\r\n.\r\n`);
  await conversation.play(`
    S: 250 2.6.0 {/.*/}
    S: 250 {/.*/}
    S: 250 {/.*/}
    S: 354 {/.*/}
    S: 250 2.6.0 {/.*/}`);
  const kept = await relay.kept();
  assert.deepEqual(
    kept.map(({ subject }) => subject),
    ['first', 'smuggled'],
  );
});

test('CHUNKING is not offered and BDAT is no command', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.open();
  await conversation.play('S: 220 {/.*/}');
  conversation.say('EHLO copier.local');
  const offered = await conversation.expectLater('250 {/.*/}');
  assert.ok(!offered.some((line) => /CHUNKING|BINARYMIME/i.test(line)));
  await conversation.play(`
    C: BDAT 10 LAST
    S: 500 {/.*/}`);
});

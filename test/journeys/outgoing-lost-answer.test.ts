/**
 * The final dot is sent, and the answer is lost or comes only when nobody waits any more. The deadline of ten minutes is
 * a timer of the machine: it is made shorter, not slept away.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MINUTE_MS, SECOND_MS } from '../../server/base/clock.ts';
import { getMessage, listAttempts } from '../../server/outbox/outbox.ts';
import { shortenLongWaits } from '../harness/long-waits.ts';
import { reach } from '../harness/outbox.ts';
import { movePaceUntilSent } from '../harness/pace.ts';
import { sharePractice } from '../harness/practice-connection.ts';
import { openSendingNode, type SendingNode, submitSome } from '../harness/sending-node.ts';

const SLOWEST_MS = 700 * SECOND_MS;
/** So that the ten minutes for the last answer are two seconds. */
const SHORTER = 300;

const practice = await sharePractice();

/** Waits until the first attempt is given up, lets time pass until the next, and answers the copies that were accepted. */
async function sendAgain(node: SendingNode, id: string): Promise<readonly string[]> {
  const uncertain = await reach(node.context, id, 'uncertain');
  assert.deepEqual([uncertain.possiblyTwice, uncertain.problem?.code], [true, 'outcome-uncertain']);
  await movePaceUntilSent(node, { stepMs: 4 * SECOND_MS, atMostMs: 5 * MINUTE_MS });
  const sent = await getMessage(node.context, id);
  assert.deepEqual([sent.state, sent.possiblyTwice, sent.attempts], ['sent', true, 2]);
  assert.deepEqual(
    (await listAttempts(node.context, id)).map(({ verdict }) => verdict),
    ['accepted', 'uncertain'],
  );
  return practice.smtp.accepted().map(({ sha256 }) => sha256);
}

describe('an answer to the final dot', () => {
  test('that would come after 700 s is not waited for: one copy more, byte for byte, marked possibly twice', async () => {
    await using node = await openSendingNode(practice);
    practice.smtp.addFault({ phase: 'end-of-data', when: 'after', delayMs: SLOWEST_MS });
    using _short = shortenLongWaits(SHORTER);
    const [id = ''] = await submitSome(node.context, 1);
    const copies = await sendAgain(node, id);
    assert.equal(copies.length, 2);
    assert.equal(copies[0], copies[1]);
    // Exchange was given the same message: nobody reads it twice where it compares.
    const [first, second] = practice.smtp.accepted();
    assert.deepEqual([first?.messageId, first?.date], [second?.messageId, second?.date]);
  });

  test('that comes after minutes is waited for: one copy, and nothing is uncertain', async () => {
    await using node = await openSendingNode(practice);
    // As long as 3 of the 10 minutes.
    practice.smtp.addFault({ phase: 'end-of-data', when: 'after', delayMs: (3 * MINUTE_MS) / SHORTER });
    using _short = shortenLongWaits(SHORTER);
    const [id = ''] = await submitSome(node.context, 1);
    const sent = await reach(node.context, id, 'sent');
    assert.deepEqual([sent.possiblyTwice, sent.attempts, practice.smtp.accepted().length], [false, 1, 1]);
  });

  for (const fault of ['hangs-before-answer', 'drops-before-answer', 'resets-before-answer'] as const) {
    test(`that never comes (${fault}): the copy is the same, and Exchange delivers it once`, async () => {
      await using node = await openSendingNode(practice);
      practice.smtp.setSwitches({ duplicateSuppression: 'on' });
      using _short = shortenLongWaits(SHORTER);
      const recipients = [`${fault}@practice.example`, 'anna@practice.example'];
      const inbox = () => practice.imap.mailboxes.getFolder('anna@practice.example', 'INBOX').messages.length;
      const before = inbox();
      const [id = ''] = await submitSome(node.context, 1, recipients);
      const copies = await sendAgain(node, id);
      assert.deepEqual([copies.length, new Set(copies).size, inbox() - before], [2, 1, 1]);
    });
  }

  test('that is lost before the server has taken the message: it arrives once, and is called possibly twice', async () => {
    await using node = await openSendingNode(practice);
    using _short = shortenLongWaits(SHORTER);
    const [id = ''] = await submitSome(node.context, 1, ['hangs-after-data@practice.example']);
    assert.equal((await sendAgain(node, id)).length, 1);
  });
});

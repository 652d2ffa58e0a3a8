import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswered } from '../../protocols/mime/header-text.ts';
import { readMessage } from '../../protocols/mime/split.ts';
import { isAnswerTo } from './answered.ts';

const LETTER = {
  subject: 'Ready to print: minutes of the meeting.pdf',
  messageIdHeader: '<platen-notice.1@practice.example>',
  remoteAnswer: '250 2.0.0 OK <given-by-exchange@host.example> [Hostname=host.example]',
};

test('an answer to a letter is told by the id that it names or by the subject that it repeats', () => {
  const answers = (subject: string, ...answered: string[]) => isAnswerTo(LETTER, { subject, answered });
  assert.ok(answers('On holiday', '<other@x.example>', LETTER.messageIdHeader));
  assert.ok(answers('On holiday', '<given-by-exchange@host.example>'), 'the id that Exchange has given it');
  assert.ok(answers(`Re: ${LETTER.subject}`));
  assert.ok(answers('Out of office:  READY to print: minutes of the  meeting.pdf (back on Monday)'));
  assert.ok(!answers('Minutes', '<other@x.example>'));
  assert.ok(!answers('minutes of the meeting.pdf'));
  assert.ok(!answers(''));
  assert.ok(!isAnswerTo({ ...LETTER, subject: 'Hi', remoteAnswer: null }, { subject: 'This and that', answered: [] }));
});

test('what a message answers is read from both of its fields, and never without end', async () => {
  const read = async (fields: string) => {
    const { head } = await readMessage(Buffer.from(`From: <a@b.example>\r\n${fields}\r\n\r\nHello\r\n`));
    return readAnswered(head);
  };
  assert.deepEqual(await read('X-Other: y'), []);
  assert.deepEqual(await read('In-Reply-To: <a@b>\r\nReferences: <r@s>\r\n <a@b>'), ['<a@b>', '<r@s>']);
  assert.deepEqual(await read('In-Reply-To: your mail of Monday'), []);
  const many = Array.from({ length: 300 }, (_, at) => `<${at}@x.example>`);
  const found = await read(`References: ${many.join('\r\n ')}`);
  assert.deepEqual(found, many.slice(-5));
  assert.deepEqual(await read(`In-Reply-To: <${'x'.repeat(900)}@y>`), []);
});

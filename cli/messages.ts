/** `messages`: mail that came in, and what became of it. */
import { z } from 'zod';
import { type Command, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { optionWords } from './options.ts';
import { job, message } from './shapes.ts';
import { reasonOf } from './story.ts';
import { instant, jobState, shortId, size, state } from './words.ts';

const OUTCOMES = ['done', 'refused', 'failed', 'ignored', 'held'];
const MAX_LIST = 10_000;
const DEFAULT_LIST = 50;

const story = z.object({ items: z.array(z.looseObject({ at: z.string(), words: z.string() })) });

const list: Command = {
  words: ['messages', 'list'],
  options: {
    mailbox: { value: 'id', about: 'message-mailbox' },
    outcome: { value: 'text', choices: OUTCOMES },
    limit: { value: 'number' },
  },
  async run(call) {
    const { screen, language, find } = call;
    const limit = readNumber(call, 'limit', { min: 1, max: MAX_LIST }) ?? DEFAULT_LIST;
    const client = await call.openClient();
    const named = find('mailbox');
    const mailbox = named === undefined ? undefined : await findId(client, screen, { kind: 'mailbox', text: named });
    const items = await client.list(message, '/messages', { mailbox, outcome: find('outcome') }, limit);
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('messages.none');
    screen.table(
      ['id', 'received', 'outcome', 'reason', 'sender', 'subject'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        shortId(item.id),
        instant(language, item.receivedAt),
        state(language, 'message', item.outcome),
        reasonOf(screen, item.reason),
        item.sender ?? '–',
        item.subject ?? '–',
      ]),
    );
  },
};

const show: Command = {
  words: ['messages', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands, language }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'message', text: operands[0] ?? '' });
    const item = await client.get(message, pathOf('message', id));
    const jobs = await client.list(job, '/jobs', { message: id });
    const { items: timeline } = await client.get(story, `${pathOf('message', id)}/timeline`);
    if (screen.isJson) return screen.json({ ...item, jobs, timeline });
    const name = (key: string) => screen.text(`names.${key}`);
    screen.details([
      [name('subject'), item.subject ?? undefined],
      [name('id'), item.id],
      [name('sender'), item.sender ?? undefined],
      [name('outcome'), state(language, 'message', item.outcome)],
      [name('reason'), item.reason === null || item.reason === undefined ? undefined : reasonOf(screen, item.reason)],
      [name('message-id'), item.messageId ?? undefined],
      [name('size'), size(language, item.bytes)],
      [name('sent'), instant(language, item.sentAt)],
      [name('received'), instant(language, item.receivedAt)],
      [name('moved'), instant(language, item.movedAt)],
    ]);
    const { options = {}, ignored = [] } = item.wishes ?? {};
    if (Object.keys(options).length > 0) screen.line(screen.text('story.options', { options: optionWords(options) }));
    if (ignored.length > 0) {
      screen.line(screen.text('story.ignored-words', { words: ignored.map(({ word }) => word).join(', ') }));
    }
    for (const document of item.documents ?? []) {
      if (document.jobId !== null && document.jobId !== undefined) continue;
      const outcome = screen.text(`messages.documents.${document.outcome}`);
      screen.line(`${document.name}: ${outcome}`);
      if (document.reasonText) screen.line(`    ${document.reasonText}`);
      if (document.advice && document.outcome === 'refused') screen.line(`    ${document.advice}`);
    }
    for (const one of jobs) screen.line(`${shortId(one.id)}  ${one.title}  `, jobState(language, one));
    screen.line('');
    screen.line({ text: screen.text('jobs.story'), tone: 'strong' });
    for (const { at, words } of timeline) {
      screen.line({ text: instant(language, at), tone: 'strong' }, `  ${words}`);
    }
  },
};

export const messagesCommands: readonly Command[] = [list, show];

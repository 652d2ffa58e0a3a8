/**
 * The story of a message in words, also of one that made no job: it came, what proves its sender, what became of it and why,
 * who is answered and what became of that. From its row, and from the journal as far as that goes back.
 */
import { hasText, type Language, reasonFor, textFor } from '../../../locales/locales.ts';
import { type JournalEvent, readJournal } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import type { IncomingMessage } from '../intake.ts';
import { getMailboxRow } from '../mailbox.ts';

/** `came`, `proof`, the outcome of the message, `unanswered`, or the type of the event of the journal. */
export type MessageStep = { readonly at: Date; readonly type: string; readonly words: string };

const STORY_EVENTS = 200;

/** What decided about it at first; the jobs are counted by the row. */
const OUTCOMES: Readonly<Partial<Record<JournalEvent['type'], IncomingMessage['outcome']>>> = {
  'message-received': 'done',
  'message-refused': 'refused',
  'message-failed': 'failed',
  'message-ignored': 'ignored',
  'message-held': 'held',
};

const NO_USERS: readonly string[] = ['unknown-sender', 'disabled-sender'];

/** In the order in which it happened, in the language of the reader. */
export async function tellMessage(context: Context, message: IncomingMessage, language: Language) {
  const ofMessage = await readJournal(context, { subjectId: message.id, limit: STORY_EVENTS });
  const replies = await readReplies(context, ofMessage);
  const mailbox = await getMailboxRow(context, message.mailboxId);
  const came = { mailbox: mailbox.title, address: mailbox.address };
  const steps: MessageStep[] = [{ at: message.receivedAt, type: 'came', words: say(language, 'came', came) }];
  if (message.proof !== undefined) {
    const { verdict, reason } = message.proof;
    const words = say(language, `proof.${verdict}`, { reason });
    steps.push({ at: message.receivedAt, type: 'proof', words });
  }
  const events = [...ofMessage, ...replies].sort((left, right) => left.at.getTime() - right.at.getTime());
  if (!events.some(({ type }) => OUTCOMES[type] !== undefined)) {
    steps.push(tellOutcome(message, language, { ...message, at: message.receivedAt }));
  }
  for (const event of events) steps.push(...tellEvent(message, event, language));
  return steps;
}

/** Replies leave by the outbox, where they can also wait or fail. */
async function readReplies(context: Context, events: readonly JournalEvent[]): Promise<readonly JournalEvent[]> {
  const ids = events.flatMap(({ type, data }) =>
    type === 'message-answered' && typeof data.outboxMessageId === 'string' ? [data.outboxMessageId] : [],
  );
  const stories = await Promise.all(
    ids.map((subjectId) => readJournal(context, { subjectId, type: 'outbox-message-state-changed', limit: 50 })),
  );
  return stories.flat();
}

function tellEvent(message: IncomingMessage, event: JournalEvent, language: Language): MessageStep[] {
  const { at, type, data } = event;
  const outcome = OUTCOMES[type];
  if (outcome !== undefined) {
    const reason = typeof data.reason === 'string' ? data.reason : undefined;
    const told = tellOutcome(message, language, { at, outcome, reason });
    return [told, ...tellSilence(data, { at, outcome }, language)];
  }
  if (!hasText(language, `intake.story.${type}`)) return [];
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  const state = text('to');
  const stateText = `web.message.${state}`;
  const values = {
    folder: text('folder'),
    recipient: text('recipient'),
    state: /^[a-z]{1,20}$/.test(state) && hasText(language, stateText) ? textFor(language, stateText) : state,
  };
  return [{ at, type, words: say(language, type, values) }];
}

type Decided = { readonly at: Date } & Pick<IncomingMessage, 'outcome' | 'reason'>;

function tellOutcome(message: IncomingMessage, language: Language, { at, outcome, reason }: Decided): MessageStep {
  const why = reason === undefined ? '' : reasonFor(language, reason).text;
  const values = { reason: why, count: message.jobCount };
  return { at, type: outcome, words: say(language, outcome, values).trim() };
}

/** Why nobody hears of what was not taken: a silence that is meant looks like one that is not. */
function tellSilence(
  data: JournalEvent['data'],
  { at, outcome }: Pick<Decided, 'at' | 'outcome'>,
  language: Language,
): MessageStep[] {
  if (outcome !== 'refused' && outcome !== 'failed') return [];
  const isStranger = NO_USERS.includes(String(data.reason));
  if (data.mayReply !== false && !isStranger) return [];
  const isProgram = data.isAutomatic === true && data.proof === 'proven';
  const because = isStranger ? 'unansweredStranger' : isProgram ? 'unansweredProgram' : 'unanswered';
  return [{ at, type: 'unanswered', words: say(language, because) }];
}

function say(language: Language, key: string, values: Readonly<Record<string, string | number>> = {}): string {
  return textFor(language, `intake.story.${key}`, values);
}

/** `outbox`: mail on its way out, what the other server said of it, and what is done about it by hand. */
import { z } from 'zod';
import { hasText } from '../locales/locales.ts';
import { type Call, type Command, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { explainKept, type KeptProblem, showProblem } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import { type Cell, NOTHING, type Screen } from './screen.ts';
import { type Attempt, anything, attempt, type Outgoing, outboxSummary, outgoing } from './shapes.ts';
import { instant, shortId, size, state } from './words.ts';

const STATES = ['queued', 'active', 'deferred', 'held', 'sent', 'failed', 'uncertain'];
const MAX_LIST = 10_000;
const DEFAULT_LIST = 50;

const list: Command = {
  words: ['outbox', 'list'],
  options: {
    state: { value: 'text', choices: STATES, about: 'outgoing-state' },
    device: { value: 'id', about: 'outgoing-device' },
    search: { value: 'text', about: 'outgoing-search' },
    limit: { value: 'number' },
  },
  async run(call) {
    const { screen, language, find } = call;
    const limit = readNumber(call, 'limit', { min: 1, max: MAX_LIST }) ?? DEFAULT_LIST;
    const client = await call.openClient();
    const named = find('device');
    const device = named === undefined ? undefined : await findId(client, screen, { kind: 'device', text: named });
    const items = await client.list(outgoing, '/outbox', { state: find('state'), device, q: find('search') }, limit);
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('outbox.none');
    screen.table(
      ['id', 'created', 'state', 'recipients', 'subject'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        shortId(item.id),
        instant(language, item.createdAt),
        outgoingState(screen, item),
        item.recipients.map(({ address }) => address).join(', '),
        item.subject ?? NOTHING,
      ]),
    );
  },
};

const show: Command = {
  words: ['outbox', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'outgoing', text: operands[0] ?? '' });
    const item = await client.get(outgoing.extend({ tries: z.array(attempt).default([]) }), pathOf('outgoing', id));
    if (screen.isJson) return screen.json(item);
    showOutgoing(screen, item);
    showTries(screen, item.tries);
  },
};

const status: Command = {
  words: ['outbox', 'status'],
  async run({ openClient, screen, language }) {
    const client = await openClient();
    const summary = await client.get(outboxSummary, '/outbox/summary');
    if (screen.isJson) return screen.json(summary);
    const { headroom } = summary;
    const outside = headroom?.outside;
    const name = (key: string) => screen.text(`names.${key}`);
    screen.details([
      ...STATES.map((one) => [wordOf(state(language, 'outgoing', one)), String(summary.states[one] ?? 0)] as const),
      [name('oldest-waiting'), `${summary.oldestWaitingSeconds} s`],
      [name('mailbox'), headroom?.mailbox],
      [name('messages-now'), numberOf(headroom?.messagesNow)],
      [name('messages-per-minute'), numberOf(headroom?.messagesPerMinute)],
      [name('recipients-left'), numberOf(headroom?.recipientsLeftToday)],
      [name('paused'), pauseOf(headroom?.pausedForSeconds)],
      [name('outside-next'), outside == null ? undefined : instant(language, outside.nextAt)],
    ]);
    showKept(screen, headroom?.problem ?? outside?.problem);
  },
};

const retry = action('retry');
const hold = action('hold');

function action(name: 'retry' | 'hold'): Command {
  return {
    words: ['outbox', name],
    operands: ['id'],
    async run({ openClient, screen, operands }) {
      const client = await openClient();
      const id = await findId(client, screen, { kind: 'outgoing', text: operands[0] ?? '' });
      const item = await client.ask(outgoing, { method: 'POST', path: `${pathOf('outgoing', id)}/${name}` });
      if (screen.isJson) return screen.json(item);
      screen.line(`${shortId(item.id)}  ${item.subject ?? NOTHING}  `, outgoingState(screen, item));
    },
  };
}

const drop: Command = {
  words: ['outbox', 'drop'],
  operands: ['id'],
  options: { yes: {} },
  run: async (call) => await dropMessage(call),
};

async function dropMessage({ openClient, screen, operands, has }: Call): Promise<void> {
  const client = await openClient();
  const id = await findId(client, screen, { kind: 'outgoing', text: operands[0] ?? '' });
  const item = await client.get(outgoing, pathOf('outgoing', id));
  const what = `${shortId(id)} ${item.subject ?? ''}`.trim();
  await confirmRemoval(screen, { what, isSure: has('yes') });
  await client.ask(anything, { method: 'POST', path: `${pathOf('outgoing', id)}/drop` });
  if (screen.isJson) screen.json({ id });
  else screen.say('outbox.dropped', { what });
}

/** A message that was accepted a second time says so. */
export function outgoingState(screen: Screen, item: Pick<Outgoing, 'state' | 'possiblyTwice'>): Cell {
  const cell = state(screen.language, 'outgoing', item.state);
  if (!item.possiblyTwice || typeof cell === 'string') return cell;
  return { text: `${cell.text} (${screen.text('outbox.possibly-twice')})`, tone: cell.tone };
}

export function showOutgoing(screen: Screen, item: Outgoing): void {
  const { language } = screen;
  const name = (key: string) => screen.text(`names.${key}`);
  const at = (iso: string | null | undefined) =>
    iso === null || iso === undefined ? undefined : instant(language, iso);
  screen.details([
    [name('subject'), item.subject ?? undefined],
    [name('id'), item.id],
    [name('state'), outgoingState(screen, item)],
    [name('sender'), item.sender === '' ? '<>' : item.sender],
    [name('message-id'), item.messageIdHeader ?? undefined],
    [name('size'), size(language, item.bytes)],
    [name('tries'), numberOf(item.attempts)],
    [name('created'), at(item.createdAt)],
    [name('due'), at(item.dueAt)],
    [name('sent'), at(item.sentAt)],
    [name('remote-answer'), item.remoteAnswer ?? undefined],
  ]);
  const own = JSON.stringify(item.problem ?? null);
  for (const recipient of item.recipients) {
    screen.line(`${recipient.address}  `, state(language, 'outgoing', recipient.state));
    // What is wrong with the whole message is told once.
    if (JSON.stringify(recipient.problem ?? null) !== own) showKept(screen, recipient.problem);
  }
  showKept(screen, item.problem);
}

function showTries(screen: Screen, tries: readonly Attempt[]): void {
  if (tries.length === 0) return;
  screen.line('');
  screen.line({ text: screen.text('outbox.tries'), tone: 'strong' });
  for (const { startedAt, verdict, code, enhanced, words } of tries) {
    const answer = words ?? [code, enhanced].filter((part) => part !== null && part !== undefined).join(' ');
    screen.line({ text: instant(screen.language, startedAt), tone: 'strong' }, `  ${verdictOf(screen, verdict)}`);
    if (answer !== '') screen.line(`${' '.repeat(4)}${screen.text('problem.remote')} ${answer}`);
  }
}

/** What a try came to; a verdict that this version does not know is shown as it came. */
function verdictOf(screen: Screen, verdict: string | null | undefined): string {
  if (verdict === null || verdict === undefined) return screen.text('outbox.verdicts.running');
  const isKnown = /^[a-z-]{1,40}$/.test(verdict) && hasText(screen.language, `cli.outbox.verdicts.${verdict}`);
  return isKnown ? screen.text(`outbox.verdicts.${verdict}`) : verdict;
}

function showKept(screen: Screen, problem: KeptProblem): void {
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(screen.language, problem), 'result');
}

function numberOf(value: number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function pauseOf(seconds: number | null | undefined): Cell | undefined {
  if (seconds === null || seconds === undefined) return undefined;
  return { text: `${seconds} s`, tone: 'warning' };
}

function wordOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

export const outboxCommands: readonly Command[] = [list, status, show, retry, hold, drop];

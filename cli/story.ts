/** The story of a document or a message: each event of the journal as a line with its time, in plain words. */
import { hasText, textFor } from '../locales/locales.ts';
import type { Names } from './names.ts';
import { optionWords } from './options.ts';
import { NOTHING, type Screen } from './screen.ts';
import type { TimelineEvent } from './shapes.ts';
import { instant, jobState, reasons, shortId } from './words.ts';

export function showStory(screen: Screen, events: readonly TimelineEvent[], names: Names): void {
  if (events.length === 0) screen.say('story.none');
  for (const event of events) {
    screen.line({ text: instant(screen.language, event.at), tone: 'strong' }, `  ${tellEvent(screen, event, names)}`);
    const words = wordsOf(event);
    for (const line of wishesOf(screen, event)) screen.line(`${' '.repeat(4)}${line}`);
    if (words !== undefined) screen.line(`${' '.repeat(4)}${screen.text('problem.remote')} ${words}`);
  }
}

function tellEvent(screen: Screen, event: TimelineEvent, names: Names): string {
  const { language } = screen;
  const key = `story.${event.type}`;
  if (!/^[a-z-]{1,60}$/.test(event.type) || !hasText(language, `cli.${key}`))
    return `${event.type}${byWhom(screen, event)}`;
  return screen.text(key, valuesOf(screen, event, names)) + byWhom(screen, event);
}

/** What an event's text may mention; a text that mentions nothing of it is as good. */
function valuesOf(screen: Screen, { data }: TimelineEvent, names: Names): Record<string, string> {
  const text = (key: string) => textOf(data[key]);
  const keywords = Array.isArray(data.reasons) ? data.reasons.filter((reason) => typeof reason === 'string') : [];
  const to = textOf(data.to ?? data.state);
  const because = reasons(screen.language, keywords);
  return {
    title: text('title') ?? NOTHING,
    sender: text('sender') ?? NOTHING,
    subject: text('subject') ?? NOTHING,
    folder: text('folder') ?? NOTHING,
    reason: reasonOf(screen, text('reason')),
    queue: nameOf(names, text('queueId')),
    printer: nameOf(names, text('printerId')),
    printerJob: text('printerJobId') ?? NOTHING,
    outcome: outcomeOf(screen, text('outcome')),
    state: to === undefined ? NOTHING : stateWord(screen, to, keywords),
    because: because === '' ? '' : ` (${because})`,
    mailbox: text('mailbox') ?? NOTHING,
    recipient: text('recipient') ?? NOTHING,
    via: viaOf(screen, text('via')),
  };
}

/** How it is to be printed, and what of the wishes was not understood or is not in the power of the printer. */
function wishesOf(screen: Screen, { data }: TimelineEvent): string[] {
  const { options, ignoredWords, ignoredOptions } = data;
  const asked = isRecord(options) ? optionWords(options) : '';
  const words = listOf(ignoredWords).flatMap((ignored) => (isRecord(ignored) ? (textOf(ignored.word) ?? []) : []));
  const left = listOf(ignoredOptions).flatMap((name) => textOf(name) ?? []);
  return [
    ...(asked === '' ? [] : [screen.text('story.options', { options: asked })]),
    ...(words.length === 0 ? [] : [screen.text('story.ignored-words', { words: words.join(', ') })]),
    ...(left.length === 0 ? [] : [screen.text('story.ignored-options', { options: left.join(', ') })]),
  ];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function viaOf(screen: Screen, via: string | undefined): string {
  const key = `story.via.${via}`;
  return via !== undefined && /^[a-z]{1,20}$/.test(via) && hasText(screen.language, `cli.${key}`)
    ? ` ${screen.text(key)}`
    : '';
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function nameOf(names: Names, id: string | undefined): string {
  return id === undefined ? NOTHING : (names.get(id) ?? shortId(id));
}

function stateWord(screen: Screen, value: string, keywords: readonly string[]): string {
  const cell = jobState(screen.language, { state: value, reasons: keywords });
  return typeof cell === 'string' ? cell : cell.text;
}

function outcomeOf(screen: Screen, outcome: string | undefined): string {
  const key = `cli.story.outcomes.${outcome}`;
  const isKnown = outcome !== undefined && /^[a-z-]{1,40}$/.test(outcome) && hasText(screen.language, key);
  return isKnown ? screen.text(`story.outcomes.${outcome}`) : (outcome ?? NOTHING);
}

/** Why a message was refused or could not be read: a known reason in words, any other as it was recorded. */
export function reasonOf(screen: Screen, reason: string | null | undefined): string {
  if (reason === null || reason === undefined) return NOTHING;
  const key = `intake.reasons.${reason}`;
  return /^[a-z0-9-]{1,60}$/.test(reason) && hasText(screen.language, key) ? textFor(screen.language, key) : reason;
}

/** The other side's own words, wherever the event keeps them. */
function wordsOf({ data }: TimelineEvent): string | undefined {
  const { problem, words } = data;
  const remote = typeof problem === 'object' && problem !== null ? (problem as { remote?: unknown }).remote : undefined;
  return textOf(words) ?? textOf(remote);
}

function byWhom(screen: Screen, { actor }: TimelineEvent): string {
  if (actor === null || actor === undefined || actor === '') return '';
  const name = actor.startsWith('token:') ? actor.slice('token:'.length) : actor;
  const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name);
  return ` ${screen.text('story.by', { name: isId ? shortId(name) : name })}`;
}

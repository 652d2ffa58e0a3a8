/** What an alarm says. Pure; the texts stand in `locales/`. */
import { adviceFor, hasText, textFor, titleFor } from '../../locales/locales.ts';
import type { AlarmFacts, Language } from '../store/schema.ts';
import { cut, timeOf, wrap } from './letters/blocks.ts';

export type Alarm = {
  readonly id: string;
  readonly kind: 'connection' | 'outbox' | 'expiry' | 'notice' | 'test';
  readonly subjectId: string;
  readonly facts: AlarmFacts;
  readonly raisedAt: Date;
  readonly solvedAt: Date | null;
};

export type AlarmPhase = 'raised' | 'reminder' | 'solved';

const MAX_WORDS_CHARACTERS = 500;

/** Where the cure begins. */
export function pageOf({ kind, subjectId, facts }: Alarm, publicUrl: string): string {
  if (facts.path !== undefined) return `${publicUrl}${facts.path}`;
  if (kind === 'connection' || kind === 'expiry') return `${publicUrl}/settings/connections/${subjectId}`;
  return kind === 'outbox' ? `${publicUrl}/outbox` : `${publicUrl}/settings/notices`;
}

/** Writes an alarm in one language. */
export function writeAlarm(
  language: Language,
  alarm: Alarm,
  telling: { readonly phase: AlarmPhase; readonly publicUrl: string },
): { readonly subject: string; readonly text: string } {
  const { kind, facts } = alarm;
  const { phase, publicUrl } = telling;
  const words = facts.words?.[language];
  if (words !== undefined) return writeTold(language, alarm, { words, host: new URL(publicUrl).host });
  const values = {
    title: cut(facts.title ?? '', 100),
    account: cut(facts.account ?? '?', 200),
    time: timeOf(language, alarm.solvedAt ?? alarm.raisedAt),
    end: facts.endsAt === undefined ? '' : timeOf(language, new Date(facts.endsAt)),
    host: new URL(publicUrl).host,
  };
  const texts = `notices.alarm.${kind}.${phase === 'solved' ? 'solved' : 'raised'}`;
  const subject = cut(textFor(language, `${texts}.subject`, values), 200);
  const paragraphs = [textFor(language, `${texts}.text`, values)];
  const isNews = phase !== 'solved' && kind !== 'test';
  const details = isNews ? detailsOf(language, alarm, publicUrl).map((line) => wrap(line, '  ')) : [];
  if (isNews && kind !== 'expiry') paragraphs.push(textFor(language, 'notices.alarm.repeats'));
  paragraphs.push(textFor(language, 'notices.alarm.reference', { id: alarm.id }));
  const [first = '', ...rest] = paragraphs.map((paragraph) => wrap(paragraph));
  const blocks = [first, ...(details.length === 0 ? [] : [details.join('\n')]), ...rest];
  return { subject, text: `${blocks.join('\n\n')}\n` };
}

/** A notice over the second way: its words as they were written, with the reference of the alarm. */
function writeTold(
  language: Language,
  { id }: Alarm,
  { words, host }: { readonly words: { readonly subject: string; readonly text: string }; readonly host: string },
): { readonly subject: string; readonly text: string } {
  const subject = cut(textFor(language, 'notices.alarm.notice.raised.subject', { title: words.subject, host }), 200);
  return {
    subject,
    text: `${words.text.trimEnd()}\n\n${wrap(textFor(language, 'notices.alarm.reference', { id }))}\n`,
  };
}

function detailsOf(language: Language, alarm: Alarm, publicUrl: string): string[] {
  const { facts, raisedAt } = alarm;
  const { problem } = facts;
  const lines: string[] = [];
  const add = (label: string, text: string | undefined) => {
    const words = cut(text ?? '', MAX_WORDS_CHARACTERS);
    if (words !== '') lines.push(`${textFor(language, `notices.labels.${label}`)}: ${words}`);
  };
  if (facts.endsAt === undefined) add('since', timeOf(language, raisedAt));
  else add('expectedEnd', timeOf(language, new Date(facts.endsAt)));
  if (problem !== undefined && hasText(language, `errors.${problem.code}.title`)) {
    const values = { title: facts.title ?? '', ...problem.values };
    add('why', titleFor(language, problem.code, values));
    add('whatToDo', adviceFor(language, problem.code, values));
  }
  add('stops', facts.uses?.map((use) => textFor(language, `notices.alarm.uses.${use}`)).join(', '));
  if (facts.held !== undefined) add('held', textFor(language, 'notices.alarm.held', { count: facts.held }));
  add('itsWords', problem?.remote);
  add('open', pageOf(alarm, publicUrl));
  return lines;
}

/** What a notice says: a letter in plain text, and the same words as HTML. Pure; the texts stand in `locales/`. */
import { adviceFor, hasText, reasonFor, textFor, titleFor } from '../../locales/locales.ts';
import type { Language, Problem } from '../store/schema.ts';
import type { Story } from './facts.ts';
import {
  asHtml,
  asText,
  type Block,
  cut,
  documentName,
  greetingOf,
  type Item,
  MAX_NAME_CHARACTERS,
  type Row,
  refusedItem,
  severalNames,
  timeOf,
} from './letters/blocks.ts';
import type { Receiver } from './notice.ts';
import type { Occurrence } from './rules.ts';

/** Stories that are told to one receiver in one message: all of one kind, and of one message where there is one. */
export type Notice = { readonly receiver: Receiver; readonly stories: readonly [Story, ...Story[]] };

export type Written = { readonly subject: string; readonly text: string; readonly html: string };

const MAX_WORDS_CHARACTERS = 300;
const MAX_NAMES = 20;

/** Which of its texts an occurrence uses: of a job that may have been printed nobody says that it was not. */
export function variantOf({ occurrence, problem, reason }: Story): string {
  if (occurrence.event === 'sender-confirmation' && reason === 'ambiguous-structure') return 'message-ambiguous';
  return occurrence.event === 'job-failed' && problem?.code === 'outcome-unknown' ? 'job-uncertain' : occurrence.event;
}

/** Writes a notice in the receiver's language. A third person finds no name that a stranger chose in the subject. */
export function writeNotice({ receiver, stories }: Notice, publicUrl: string, deedUrl?: string): Written {
  const [first] = stories;
  const { language, isOwner } = receiver;
  const texts = `notices.events.${variantOf(first)}`;
  const owner = cut(first.ownerName ?? '', MAX_NAME_CHARACTERS);
  const name = severalNames(
    language,
    stories.map(({ title }) => title),
  );
  const values = { count: stories.length, owner, name, title: documentName(language, first.title) };
  const link = linkOf(language, { first, isSingle: stories.length === 1, publicUrl, deedUrl });
  const blocks: Block[] = [
    { kind: 'paragraph', text: greetingOf(receiver) },
    { kind: 'paragraph', text: textFor(language, `${texts}.${isOwner ? 'intro' : 'staff'}`, values) },
    { kind: 'list', items: listOf(language, stories) },
    { kind: 'rows', rows: detailsOf(language, first) },
    ...(link === undefined ? [] : [{ kind: 'act', ...link } as const]),
    { kind: 'footer', text: textFor(language, 'notices.footer', { url: publicUrl }) },
  ];
  const subject = textFor(language, `${texts}.${isOwner ? 'subject' : 'staffSubject'}`, values);
  return { subject: cut(subject, 200), text: asText(blocks), html: asHtml(language, blocks) };
}

const NAMED_IN_ITS_SENTENCE: readonly Occurrence['kind'][] = ['printer', 'thing', 'connection', 'welcome'];

function listOf(language: Language, stories: Notice['stories']): Item[] {
  const [{ occurrence, refused = [] }] = stories;
  // Of a printer or a connection the sentence itself says the name.
  if (NAMED_IN_ITS_SENTENCE.includes(occurrence.kind)) return [];
  // Each document of a message of which nothing can be printed has its own reason.
  if (refused.length > 0) return listedOf(refused.map((document) => refusedItem(language, document)));
  return listedOf(stories.map(({ title }) => ({ name: documentName(language, title) })));
}

function listedOf(items: readonly Item[]): Item[] {
  return items.length > MAX_NAMES ? [...items.slice(0, MAX_NAMES), { name: '…' }] : [...items];
}

function detailsOf(language: Language, story: Story): Row[] {
  const { occurrence, reason, problem, account, expiry } = story;
  const details: [string, string][] = [];
  const add = (label: string, text: string | undefined) => {
    const words = cut(text ?? '', MAX_WORDS_CHARACTERS);
    if (words !== '') details.push([textFor(language, `notices.labels.${label}`), words]);
  };
  if (occurrence.kind === 'printer') add('printerSays', occurrence.words);
  if (account !== undefined) add('account', account);
  if (expiry !== undefined) {
    add('expectedEnd', timeOf(language, expiry.at));
    add('why', textFor(language, `expiry.reasons.${expiry.reason}`, expiry.values));
  }
  if (reason !== undefined) {
    const { text, advice } = reasonFor(language, reason);
    add('why', text);
    add('whatToDo', advice);
  }
  if (problem !== undefined) addProblem(language, { problem, title: story.title }, add);
  add('when', timeOf(language, occurrence.at));
  return details;
}

function addProblem(
  language: Language,
  { problem, title }: { readonly problem: Problem; readonly title: string },
  add: (label: string, text: string | undefined) => void,
): void {
  const values = { title, ...problem.values };
  if (hasText(language, `errors.${problem.code}.title`)) {
    add('why', titleFor(language, problem.code, values));
    add('whatToDo', adviceFor(language, problem.code, values));
  }
  add('itsWords', problem.remote);
}

/** The page of what it is about; none where only its receiver's link leads on. */
export function pathOf({ occurrence }: Story): string | undefined {
  switch (occurrence.kind) {
    case 'job':
      return `/jobs/${occurrence.jobId}`;
    case 'printer':
      return `/printers/${occurrence.printerId}`;
    case 'connection':
      return `/settings/connections/${occurrence.connectionId}`;
    case 'thing':
      return occurrence.event === 'message-not-sent'
        ? `/outbox/${occurrence.thingId}`
        : `/settings/jobs/mailboxes/${occurrence.thingId}`;
    default:
      return undefined;
  }
}

function linkOf(
  language: Language,
  of: {
    readonly first: Story;
    readonly isSingle: boolean;
    readonly publicUrl: string;
    readonly deedUrl: string | undefined;
  },
): { readonly words: string; readonly url: string } | undefined {
  const { occurrence } = of.first;
  const own = pathOf(of.first) ?? '';
  const page = (path: string, words: string) => ({
    words: textFor(language, `notices.links.${words}`),
    url: `${of.publicUrl}${path}`,
  });
  switch (occurrence.kind) {
    case 'job': {
      return page(of.isSingle ? own : '/jobs', occurrence.event === 'job-held' ? 'release' : 'job');
    }
    case 'printer':
      return page(own, 'printer');
    case 'connection':
      return page(own, 'connection');
    case 'thing':
      return page(own, occurrence.event === 'message-not-sent' ? 'outgoing' : 'mailbox');
    case 'message':
      return of.deedUrl === undefined
        ? undefined
        : { words: textFor(language, 'notices.links.confirm'), url: of.deedUrl };
    default:
      return undefined;
  }
}

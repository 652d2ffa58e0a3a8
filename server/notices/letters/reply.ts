/**
 * The reply to a message: what became of each of its documents, and what its sender can do about it. One for each message,
 * to whoever is proven to have sent it. Pure; what the journal says under `message-finished` is read here.
 */
import { z } from 'zod';
import { hasText, reasonFor, textFor } from '../../../locales/locales.ts';
import type { Language } from '../../store/schema.ts';
import type { Receiver } from '../notice.ts';
import {
  asHtml,
  asText,
  type Block,
  cut,
  documentName,
  greetingOf,
  type Item,
  refusedItem,
  severalNames,
  timeOf,
} from './blocks.ts';

const range = z.object({ from: z.number(), to: z.number() });

const finished = z.object({
  jobs: z.array(
    z.object({
      jobId: z.string(),
      number: z.number(),
      title: z.string(),
      outcome: z.enum(['printed', 'held', 'failed', 'uncertain', 'canceled', 'waiting']),
      pages: z.number().nullable(),
      printer: z.string().nullable(),
      heldUntil: z.string().nullable(),
      options: z.object({
        copies: z.number().optional(),
        sides: z.string().optional(),
        color: z.string().optional(),
        media: z.string().optional(),
        pageRanges: z.array(range).optional(),
        finishings: z.array(z.string()).optional(),
      }),
      ignoredOptions: z.array(z.string()),
      problem: z
        .object({
          code: z.string(),
          remote: z.string().optional(),
          values: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        })
        .nullable(),
    }),
  ),
  refused: z.array(z.object({ title: z.string(), reason: z.string() })),
  ignoredWords: z.array(z.object({ word: z.string(), reason: z.string() })).default([]),
  replies: z.object({ printed: z.boolean(), held: z.boolean(), refused: z.boolean() }),
});

export type Reply = z.infer<typeof finished>;
type ToldJob = Reply['jobs'][number];
type Outcome = ToldJob['outcome'];

/** What an event says; undefined where it is not of the form of today. */
export function readReply(data: unknown): Reply | undefined {
  return finished.safeParse(data).data;
}

/** Whether the mailbox wants a reply about any of it. What its owner has canceled needs none. */
export function isWanted({ jobs, refused, replies }: Reply): boolean {
  const some = (...outcomes: readonly Outcome[]) => jobs.some(({ outcome }) => outcomes.includes(outcome));
  return (
    (replies.held && some('held')) ||
    (replies.printed && some('printed', 'waiting')) ||
    (replies.refused && (refused.length > 0 || some('failed', 'uncertain')))
  );
}

/** The ways in which held documents are released; none when nothing is held any more. */
export type Keys = {
  readonly pin: string | undefined;
  readonly print: string | undefined;
  readonly cancel: string | undefined;
};

export type ReplyLetter = {
  readonly reply: Reply;
  readonly receiver: Receiver;
  readonly keys: Keys;
  readonly publicUrl: string;
  /** No more replies are written today to messages with this subject. */
  readonly isLast?: boolean;
};

const MAX_ITEMS = 50;
const MAX_WORDS_CHARACTERS = 300;
const ORDER: readonly Outcome[] = ['held', 'printed', 'waiting', 'uncertain', 'failed', 'canceled'];

/** Writes the reply in the receiver's language. */
export function writeReply({ reply, receiver, keys, publicUrl, isLast }: ReplyLetter) {
  const { language } = receiver;
  const blocks: Block[] = [
    { kind: 'paragraph', text: greetingOf(receiver) },
    ...ORDER.flatMap((outcome) => sectionOf(language, outcome, reply)),
    ...refusedSection(language, reply),
    ...keyBlocks(language, reply, keys),
    ...ignoredBlocks(language, reply),
    ...(isLast === true ? [{ kind: 'paragraph', text: textFor(language, 'notices.reply.last') } as const] : []),
    { kind: 'footer', text: textFor(language, 'notices.footer', { url: publicUrl }) },
  ];
  return { subject: subjectOf(language, reply), text: asText(blocks), html: asHtml(language, blocks) };
}

/** What asks most of the reader comes first: the subject says one thing. */
function subjectOf(language: Language, { jobs, refused }: Reply): string {
  const titles = (...outcomes: readonly Outcome[]) =>
    jobs.filter(({ outcome }) => outcomes.includes(outcome)).map(({ title }) => title);
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['held', titles('held')],
    ['uncertain', titles('uncertain')],
    ['refused', [...titles('failed'), ...refused.map(({ title }) => title)]],
    ['waiting', titles('waiting')],
    ['printed', titles('printed')],
    ['canceled', titles('canceled')],
  ];
  const [kind, names] = kinds.find(([, found]) => found.length > 0) ?? ['printed', []];
  return cut(textFor(language, `notices.reply.${kind}.subject`, { name: severalNames(language, names) }), 200);
}

/** The documents of one outcome; those that were printed under the printer that did it. */
function sectionOf(language: Language, outcome: Outcome, { jobs }: Reply): Block[] {
  const all = jobs.filter((job) => job.outcome === outcome);
  const groups = Map.groupBy(all, ({ printer }) => (outcome === 'printed' || outcome === 'waiting' ? printer : null));
  return [...groups].flatMap(([printer, group]) => {
    const key = printer === null ? 'intro' : 'introOf';
    const text = textFor(language, `notices.reply.${outcome}.${key}`, {
      count: group.length,
      printer: cut(printer ?? '', 60),
    });
    return [
      { kind: 'paragraph', text },
      { kind: 'list', items: group.slice(0, MAX_ITEMS).map((job) => itemOf(language, job)) },
    ] satisfies Block[];
  });
}

function itemOf(language: Language, job: ToldJob): Item {
  const { problem, heldUntil, number, ignoredOptions } = job;
  const notes = [[...looksOf(language, job), textFor(language, 'notices.reply.job', { number })].join(', ')];
  if (job.outcome === 'held' && heldUntil !== null) {
    notes.push(textFor(language, 'notices.reply.keptUntil', { until: timeOf(language, new Date(heldUntil)) }));
  }
  if (problem !== null && job.outcome !== 'held') {
    const { text, advice } = reasonFor(language, problem.code, { title: job.title, ...problem.values });
    notes.push(text, ...(advice === undefined ? [] : [advice]));
    const words = cut(problem.remote ?? '', MAX_WORDS_CHARACTERS);
    if (words !== '') notes.push(`${textFor(language, 'notices.labels.itsWords')}: ${words}`);
  }
  if (ignoredOptions.length > 0) {
    const options = ignoredOptions.map((name) => attributeName(language, name)).join(', ');
    notes.push(textFor(language, 'notices.reply.notPossible', { options }));
  }
  return { name: documentName(language, job.title), notes };
}

function attributeName(language: Language, name: string): string {
  const key = `notices.reply.attributes.${name}`;
  return hasText(language, key) ? textFor(language, key) : name;
}

/** How many pages it has, and how it is printed where that is not how everything is. */
function looksOf(language: Language, { pages, options }: ToldJob): string[] {
  const words: string[] = [];
  const add = (key: string, values: Readonly<Record<string, string | number>> = {}) =>
    words.push(textFor(language, `notices.reply.options.${key}`, values));
  const { copies = 1, sides, color, media, pageRanges = [], finishings = [] } = options;
  if (pages !== null) add('pages', { count: pages });
  if (copies > 1) add('copies', { count: copies });
  if (sides?.startsWith('two-sided') === true) add(sides);
  if (color !== undefined) add(color);
  if (pageRanges.length > 0) {
    add('only', { pages: pageRanges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ') });
  }
  if (media !== undefined) words.push(mediaName(media));
  for (const finishing of finishings) add(finishing);
  return words;
}

/** `iso_a4_210x297mm` as people say it (PWG 5101.1). */
function mediaName(media: string): string {
  const [, name = media] = media.split('_');
  return /^[ab]\d$/.test(name) ? name.toUpperCase() : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function refusedSection(language: Language, { refused }: Reply): Block[] {
  if (refused.length === 0) return [];
  const items = refused.slice(0, MAX_ITEMS).map((document) => refusedItem(language, document));
  const text = textFor(language, 'notices.reply.refused.intro', { count: refused.length });
  return [
    { kind: 'paragraph', text },
    { kind: 'list', items },
  ];
}

function keyBlocks(language: Language, { jobs }: Reply, { pin, print, cancel }: Keys): Block[] {
  const countOf = (...outcomes: readonly Outcome[]) => jobs.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const act = (url: string | undefined, key: string, count: number): Block[] =>
    url === undefined ? [] : [{ kind: 'act', words: textFor(language, `notices.reply.${key}`, { count }), url }];
  const pinBlock: Block[] =
    pin === undefined ? [] : [{ kind: 'paragraph', text: textFor(language, 'notices.reply.atPrinter', { pin }) }];
  const acts = [
    ...pinBlock,
    ...act(print, 'print', countOf('held')),
    ...act(cancel, 'cancel', countOf('held', 'waiting')),
  ];
  if (acts.length === 0) return [];
  const warning = pin === undefined && print === undefined ? 'once' : 'secret';
  return [...acts, { kind: 'paragraph', text: textFor(language, `notices.reply.${warning}`) }];
}

function ignoredBlocks(language: Language, { ignoredWords }: Reply): Block[] {
  if (ignoredWords.length === 0) return [];
  const items = ignoredWords.slice(0, MAX_ITEMS).map(({ word, reason }) => {
    const key = `notices.reply.ignored.${reason}`;
    return { name: cut(word, 60), notes: hasText(language, key) ? [textFor(language, key)] : [] };
  });
  return [
    { kind: 'paragraph', text: textFor(language, 'notices.reply.ignored.intro') },
    { kind: 'list', items },
  ];
}

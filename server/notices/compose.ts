/** What a notice says: a letter in plain text, and the same words as HTML. Pure; the texts stand in `locales/`. */
import { adviceFor, hasText, textFor, titleFor } from '../../locales/locales.ts';
import type { Language, Problem } from '../store/schema.ts';
import type { Story } from './facts.ts';
import type { Receiver } from './notice.ts';

/** Stories that are told to one receiver in one message: all of one kind, and of one message where there is one. */
export type Notice = { readonly receiver: Receiver; readonly stories: readonly [Story, ...Story[]] };

export type Written = { readonly subject: string; readonly text: string; readonly html: string };

/** Names that strangers have chosen are cut, so that they cannot fill a screen or push the rest out of sight. */
const MAX_NAME_CHARACTERS = 60;
const MAX_WORDS_CHARACTERS = 300;
const MAX_NAMES = 20;
const LINE_CHARACTERS = 72;

type Letter = {
  readonly language: Language;
  readonly greeting: string;
  readonly intro: string;
  readonly names: readonly string[];
  readonly details: readonly (readonly [label: string, text: string])[];
  readonly link: { readonly words: string; readonly url: string } | undefined;
  readonly footer: string;
};

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
  const values = { count: stories.length, owner, name: namesOf(language, stories), title: nameOf(language, first) };
  const letter: Letter = {
    language,
    greeting: greetingOf(receiver),
    intro: textFor(language, `${texts}.${isOwner ? 'intro' : 'staff'}`, values),
    names: listOf(language, stories),
    details: detailsOf(language, first),
    link: linkOf(language, { first, isSingle: stories.length === 1, publicUrl, deedUrl }),
    footer: textFor(language, 'notices.footer', { url: publicUrl }),
  };
  const subject = textFor(language, `${texts}.${isOwner ? 'subject' : 'staffSubject'}`, values);
  return { subject: cut(subject, 200), text: asText(letter), html: asHtml(letter) };
}

function greetingOf({ language, name }: Receiver): string {
  if (name === undefined) return textFor(language, 'notices.helloAll');
  return textFor(language, 'notices.hello', { name: cut(name, MAX_NAME_CHARACTERS) });
}

function nameOf(language: Language, { title }: Story): string {
  const name = cut(title, MAX_NAME_CHARACTERS);
  return name === '' ? textFor(language, 'notices.noName') : name;
}

function namesOf(language: Language, stories: Notice['stories']): string {
  const document = nameOf(language, stories[0]);
  return stories.length === 1
    ? document
    : textFor(language, 'notices.several', { document, count: stories.length - 1 });
}

function listOf(language: Language, stories: Notice['stories']): string[] {
  const { kind } = stories[0].occurrence;
  // Of a printer or a connection the sentence itself says the name.
  if (kind === 'printer' || kind === 'connection' || kind === 'welcome') return [];
  const names = stories.slice(0, MAX_NAMES).map((story) => nameOf(language, story));
  return stories.length > MAX_NAMES ? [...names, '…'] : names;
}

function detailsOf(language: Language, story: Story): Letter['details'] {
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
    add('why', knownText(language, `intake.reasons.${reason}`));
    add('whatToDo', knownText(language, `notices.advice.${reason}`));
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

function knownText(language: Language, key: string): string | undefined {
  return hasText(language, key) ? textFor(language, key) : undefined;
}

/** A day and an hour with the zone, because a server and its readers need not share one. */
export function timeOf(language: Language, at: Date): string {
  return new Intl.DateTimeFormat(language === 'it' ? 'it-IT' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(at);
}

function linkOf(
  language: Language,
  of: {
    readonly first: Story;
    readonly isSingle: boolean;
    readonly publicUrl: string;
    readonly deedUrl: string | undefined;
  },
): Letter['link'] {
  const { occurrence } = of.first;
  const page = (path: string, words: string) => ({
    words: textFor(language, `notices.links.${words}`),
    url: `${of.publicUrl}${path}`,
  });
  switch (occurrence.kind) {
    case 'job': {
      const path = of.isSingle ? `/jobs/${occurrence.jobId}` : '/jobs';
      return page(path, occurrence.event === 'job-held' ? 'release' : 'job');
    }
    case 'printer':
      return page(`/printers/${occurrence.printerId}`, 'printer');
    case 'connection':
      return page(`/settings/connections/${occurrence.connectionId}`, 'connection');
    case 'message':
      return of.deedUrl === undefined
        ? undefined
        : { words: textFor(language, 'notices.links.confirm'), url: of.deedUrl };
    case 'welcome':
      return undefined;
  }
}

/** One line without control characters and signs that turn the direction of what follows. */
export function cut(text: string, maxCharacters: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

function asText(letter: Letter): string {
  const { names, details, link } = letter;
  const blocks = [
    letter.greeting,
    wrap(letter.intro),
    names.map((name) => `  ${name}`).join('\n'),
    details.map(([label, text]) => wrap(`${label}: ${text}`, '  ')).join('\n'),
    link === undefined ? '' : `${wrap(link.words)}\n${link.url}`,
    letter.footer,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Breaks at blanks; what follows the first line can be set in, so that a label stands out. */
export function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_CHARACTERS) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

function asHtml(letter: Letter): string {
  const { language, names, details, link } = letter;
  const rows = details.map(
    ([label, text]) =>
      `<tr><td style="padding:2px 12px 2px 0;vertical-align:top;color:#555">${escaped(label)}</td><td>${escaped(text)}</td></tr>`,
  );
  const parts = [
    `<p>${escaped(letter.greeting)}</p>`,
    `<p>${escaped(letter.intro)}</p>`,
    names.length === 0 ? '' : `<ul>${names.map((name) => `<li>${escaped(name)}</li>`).join('')}</ul>`,
    rows.length === 0 ? '' : `<table role="presentation">${rows.join('')}</table>`,
    link === undefined ? '' : `<p><a href="${escaped(link.url)}">${escaped(link.words)}</a></p>`,
    `<p style="color:#555;font-size:13px">${escaped(letter.footer)}</p>`,
  ].filter((part) => part !== '');
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head>`,
    '<body style="font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5">',
    ...parts,
    '</body></html>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

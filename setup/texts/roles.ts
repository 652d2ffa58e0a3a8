/** What each text of `locales/` is for: the title of something that happened, a detail, advice, or the words of a button. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };
import type { Language } from '../../locales/locales.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Role = 'title' | 'detail' | 'advice' | 'button';
export type Text = {
  readonly key: string;
  readonly role: Role;
  /** With its placeholders. */
  readonly text: string;
  /** As it is shown, with names in their places. */
  readonly shown: string;
};

const TEXTS: Readonly<Record<Language, ReadonlyMap<string, string>>> = { en: flatten(en), it: flatten(it) };

const ROLES: readonly (readonly [RegExp, Role])[] = [
  // A title of the calendar is a field of a file, and a name of a field is no title either.
  [/^(?:errors|readiness|cli\.problem)\..*\.title$/, 'title'],
  [/^web\.(?:nav|overview\.fault)\.|^web\..*[a-z](?:Title)$/, 'title'],
  [/^(?:aadsts|answers|causes)\..*\.meaning$/, 'detail'],
  [/^(?:intake\.reasons|relay\.refusals|connections\.flaws|expiry\.reasons|expiry\.risks)\./, 'detail'],
  [/^web\..*(?:[a-z](?:Detail|Means|Stops)$|\.(?:detail$|(?:details|means|stops|because)\.))/, 'detail'],
  [/^(?:aadsts|answers|causes)\..*\.(?:action|how)$|^(?:notices\.advice|registration\.steps)\./, 'advice'],
  [/^(?:errors|readiness|cli\.problem)\..*\.advice$|^web\..*(?:[a-z](?:Advice|Hint)$|\.(?:hint$|advice\.))/, 'advice'],
];

/** Every text with a role, in one language; `$t(…)` only puts others in its place, which are measured themselves. */
export function textsWithRoles(language: Language): readonly Text[] {
  const buttons = keysOfButtons();
  return [...TEXTS[language]].flatMap(([key, text]) => {
    if (text.startsWith('$t(')) return [];
    const role = roleOf(key, buttons);
    return role === undefined ? [] : [{ key, role, text, shown: filled(text) }];
  });
}

function roleOf(key: string, buttons: readonly string[]): Role | undefined {
  const named = key.replace(/_(?:one|other)$/, '');
  if (buttons.includes(named)) return 'button';
  const role = ROLES.find(([pattern]) => pattern.test(key))?.[1];
  return role ?? (buttons.some((one) => one.endsWith('.') && named.startsWith(one)) ? 'button' : undefined);
}

/**
 * The texts that stand inside a button of the web interface, and those that are handed over to be its words; `act.` stands
 * for each text below it. Every `action.` is one, also where it comes in a variable.
 */
function keysOfButtons(): readonly string[] {
  const sources = globSync('web/**/*.tsx', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const inside = sources.flatMap((text) =>
    [...text.matchAll(/<Button\b/g)].map(({ index }) => {
      const start = endOfTag(text, index);
      return text.slice(start, text.indexOf('</Button>', start));
    }),
  );
  const handed = sources.flatMap((text) => text.match(/\bact=\{[^}]*\}|<CopyButton\b[^/]*\/>/g) ?? []);
  const keys = [...inside, ...handed].flatMap((piece) =>
    [...piece.matchAll(/\bt\([`']([\w.-]+?)(?:[`']|\$\{)/g)].map((match) => `web.${match[1] ?? ''}`),
  );
  return [...new Set([...keys, 'web.action.'])].sort();
}

/** Where the children of an element begin: a tag ends with the first bracket that stands in no braces. */
function endOfTag(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '{') depth += 1;
    if (sign === '}') depth -= 1;
    if (sign === '>' && depth === 0) return at + 1;
  }
  return text.length;
}

/** What stands in the place of a name: as long as such things are in a company with a long name, not longer. */
const VALUES: Readonly<Record<string, string>> = {
  name: 'Printer 2F',
  title: 'MS Exchange Online',
  mailbox: 'print@contoso.example',
  account: 'print@contoso.example',
  expected: 'print@contoso.example',
  sender: 'scan@contoso.example',
  address: '192.0.2.10',
  host: 'smtp.office365.com',
  url: 'https://platen.contoso.example',
  device: 'Copier 2F',
  count: '12',
  days: '90',
  minutes: '15',
  seconds: '30',
  port: '587',
  number: '1042',
};
const OF_ANOTHER_NAME = 'Contoso GmbH';

export function filled(text: string): string {
  return text.replaceAll(/\{\{\s*(\w+)[^}]*\}\}/g, (_, name: string) => VALUES[name] ?? OF_ANOTHER_NAME);
}

function flatten(texts: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') flat.set(prefix + key, value);
    else for (const [inner, text] of flatten(value as object, `${prefix}${key}.`)) flat.set(inner, text);
  }
  return flat;
}

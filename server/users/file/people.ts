/** Reads a list of people from a file of a spreadsheet or of Microsoft 365: CSV (RFC 4180) with a first line of names. */
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { PlatenError } from '../../base/errors.ts';
import type { Language, Role } from '../../store/schema.ts';
import { MAX_GROUP_CHARS } from '../shapes.ts';

export const fileLimits = {
  maxBytes: 1_000_000,
  maxPeople: 2_000,
  maxAddresses: 50,
  maxNameChars: 200,
  maxGroupChars: MAX_GROUP_CHARS,
  maxRecordChars: 20_000,
} as const;

export type PersonInFile = {
  /** Of the file, from 1; a field in quotes may go over several. */
  readonly line: number;
  readonly name: string;
  readonly email: string;
  readonly addresses: readonly string[];
  readonly role: Role;
  readonly language: Language | undefined;
  readonly group: string | undefined;
  /** Why this person cannot be added, if so. */
  readonly reason: PersonReason | undefined;
};

export const PERSON_REASONS = [
  'address-missing',
  'address-unusable',
  'address-taken',
  'too-many-addresses',
  'twice-in-file',
  'name-unusable',
  'role-unknown',
  'role-not-by-file',
  'language-unknown',
  'group-unusable',
] as const;
export type PersonReason = (typeof PERSON_REASONS)[number];

type Field = 'email' | 'name' | 'role' | 'language' | 'addresses' | 'group';

/** What the columns may be called, in small letters; the first of each that a file has is taken. */
const COLUMNS: Readonly<Record<Field, readonly string[]>> = {
  email: [
    ...['e-mail', 'email', 'mail', 'e-mail address', 'email address', 'user principal name', 'userprincipalname'],
    ...['posta elettronica', 'indirizzo e-mail', 'indirizzo email', 'nome entità utente', 'nome dell’entità utente'],
    "nome dell'entità utente",
  ],
  name: ['name', 'full name', 'display name', 'displayname', 'nome', 'nome e cognome', 'nome visualizzato'],
  role: ['role', 'ruolo'],
  language: ['language', 'preferred language', 'preferredlanguage', 'lingua', 'lingua preferita'],
  addresses: [
    ...['addresses', 'further addresses', 'other addresses', 'proxy addresses', 'proxyaddresses'],
    ...['indirizzi', 'altri indirizzi', 'indirizzi proxy'],
  ],
  // What Microsoft 365 exports is the department.
  group: ['group', 'gruppo', 'department', 'reparto', 'ufficio'],
};

const ROLES: Readonly<Record<string, Role>> = {
  ...{ '': 'user', user: 'user', utente: 'user' },
  ...{ operator: 'operator', operatore: 'operator' },
  ...{ administrator: 'administrator', amministratore: 'administrator', admin: 'administrator' },
};
const LANGUAGES: Readonly<Record<string, Language>> = {
  ...{ en: 'en', english: 'en', inglese: 'en' },
  ...{ it: 'it', italian: 'it', italiano: 'it' },
};

const MAX_ADDRESS_CHARS = 254;
const anAddress = z.email().max(MAX_ADDRESS_CHARS).toLowerCase();
const DELIMITERS = [',', ';', '\t'] as const;
const WINDOWS_BYTES = 'windows-1252';

/**
 * The people of a file, in its order; nothing is asked of the database. Throws `file-unreadable` when it is no such list,
 * or is too long.
 */
export function readPeople(file: Buffer): PersonInFile[] {
  if (file.length > fileLimits.maxBytes) throw unreadable(`the file has ${file.length} bytes`);
  const [head, ...rows] = readRecords(decode(file));
  const places = findColumns(head?.record ?? []);
  if (rows.length > fileLimits.maxPeople) throw unreadable(`the file has ${rows.length} lines`);
  const seen = new Set<string>();
  return rows.map(({ record, line }) => {
    const given = (field: Field) => record[places[field] ?? -1]?.trim() ?? '';
    const person = readPerson(given);
    const addresses = [person.email, ...person.addresses];
    const isAgain = addresses.some((one) => seen.has(one));
    for (const address of addresses) seen.add(address);
    return { ...person, line, reason: person.reason ?? (isAgain ? 'twice-in-file' : undefined) };
  });
}

function readPerson(given: (field: Field) => string): Omit<PersonInFile, 'line'> {
  const email = anAddress.safeParse(given('email'));
  const name = given('name');
  const role = ROLES[given('role').toLowerCase()];
  const wish = given('language').toLowerCase();
  const language = LANGUAGES[wish.split(/[-_ (]/)[0] ?? ''];
  const addresses = splitAddresses(given('addresses'));
  const group = given('group');
  const reason = (): PersonReason | undefined => {
    if (given('email') === '') return 'address-missing';
    if (!email.success || addresses.some((one) => !anAddress.safeParse(one).success)) return 'address-unusable';
    if (addresses.length > fileLimits.maxAddresses) return 'too-many-addresses';
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) || name.length > fileLimits.maxNameChars) return 'name-unusable';
    if (role === undefined) return 'role-unknown';
    // Whoever can make administrators shows a password for each of them.
    if (role === 'administrator') return 'role-not-by-file';
    if (wish !== '' && language === undefined) return 'language-unknown';
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(group) || group.length > fileLimits.maxGroupChars) return 'group-unusable';
    return undefined;
  };
  const address = email.data ?? given('email').slice(0, MAX_ADDRESS_CHARS);
  return {
    name: name === '' ? address : name.slice(0, fileLimits.maxNameChars),
    email: address,
    addresses: addresses.filter((one) => one !== address),
    role: role ?? 'user',
    language,
    group: group === '' ? undefined : group.slice(0, fileLimits.maxGroupChars),
    reason: reason(),
  };
}

/** Between spaces, commas, semicolons or bars; Microsoft 365 writes `SMTP:` before each and a plus sign between them. */
function splitAddresses(text: string): string[] {
  const parts = text.split(/[\s,;|]+|\+(?=[a-z0-9]+:)/i).filter((one) => one !== '');
  const ofMail = parts.filter((one) => !/^(?!smtp:)[a-z0-9]+:/i.test(one));
  return [...new Set(ofMail.map((one) => one.replace(/^smtp:/i, '').toLowerCase()))];
}

type Row = { readonly record: readonly string[]; readonly line: number };

function readRecords(text: string): Row[] {
  const [firstLine = ''] = text.split(/\r\n|\r|\n/, 1);
  const countOf = (delimiter: string) => firstLine.split(delimiter).length;
  const [delimiter = ','] = [...DELIMITERS].sort((left, right) => countOf(right) - countOf(left));
  try {
    const rows = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: fileLimits.maxRecordChars,
    }) as unknown as { readonly record: string[]; readonly info: { readonly lines: number } }[];
    return rows.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Spreadsheets on Windows still write the code page of the country. */
function decode(file: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file);
  } catch {
    return new TextDecoder(WINDOWS_BYTES).decode(file);
  }
}

function findColumns(head: readonly string[]): Readonly<Partial<Record<Field, number>>> {
  const names = head.map((name) => name.trim().toLowerCase());
  const placeOf = (field: Field) => {
    const name = COLUMNS[field].find((one) => names.includes(one));
    return name === undefined ? [] : [[field, names.indexOf(name)] as const];
  };
  const places = Object.fromEntries((Object.keys(COLUMNS) as Field[]).flatMap(placeOf));
  if (places.email === undefined) throw unreadable('the first line names no column for the e-mail address');
  return places;
}

function unreadable(words: string, cause?: unknown): PlatenError {
  return new PlatenError('file-unreadable', `the list of people cannot be read: ${words}`, {
    values: { most: fileLimits.maxPeople, kilobytes: fileLimits.maxBytes / 1000 },
    cause,
  });
}

/** Values in the words of the reader: instants, sizes, states with their tone, short ids. */
import { hasText, type Language, textFor } from '../locales/locales.ts';
import { type Cell, NOTHING, type Tone } from './screen.ts';

const INSTANTS: Readonly<Record<Language, Intl.DateTimeFormat>> = {
  en: instantFormat('en-GB', 'short'),
  it: instantFormat('it-IT', '2-digit'),
};

function instantFormat(locale: string, month: 'short' | '2-digit'): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, {
    day: '2-digit',
    month,
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

/** A local time with seconds; what is not an instant is shown as it came. */
export function instant(language: Language, iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return NOTHING;
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : INSTANTS[language].format(at);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function size(language: Language, bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return NOTHING;
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const unit = UNITS[step] ?? 'byte';
  const format = { style: 'unit', unit, unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, format).format(bytes / 1000 ** step);
}

/** Minutes and seconds, as a clock that runs down. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const SHORT_ID_CHARS = 8;

/** The end of an id: ids that were made in the same minute begin alike. */
export function shortId(id: string): string {
  return id.slice(-SHORT_ID_CHARS);
}

const TONES: Readonly<Record<string, Readonly<Record<string, Tone>>>> = {
  connection: {
    'awaiting-confirmation': 'waiting',
    connected: 'good',
    degraded: 'warning',
    'needs-confirmation': 'broken',
  },
  login: {
    pending: 'waiting',
    granted: 'good',
    declined: 'broken',
    expired: 'warning',
    'wrong-account': 'broken',
    refused: 'broken',
    canceled: 'faint',
  },
  job: {
    pending: 'waiting',
    'pending-held': 'held',
    processing: 'waiting',
    'processing-stopped': 'warning',
    canceled: 'faint',
    aborted: 'broken',
    completed: 'good',
    attention: 'warning',
  },
  printer: { idle: 'good', processing: 'waiting', stopped: 'broken', unreachable: 'broken', unknown: 'waiting' },
  mailbox: { waiting: 'waiting', connected: 'good', failing: 'broken', disabled: 'faint' },
  message: { done: 'good', refused: 'warning', failed: 'broken', ignored: 'faint' },
  outgoing: {
    queued: 'waiting',
    active: 'waiting',
    deferred: 'warning',
    held: 'held',
    sent: 'good',
    failed: 'broken',
    uncertain: 'warning',
  },
};

export type StateKind = 'connection' | 'login' | 'job' | 'printer' | 'mailbox' | 'message' | 'outgoing';

/** A state with its tone; one that this version does not know is shown as it came. */
export function state(language: Language, kind: StateKind, value: string): Cell {
  const key = `cli.state.${kind}.${value}`;
  const text = hasText(language, key) ? textFor(language, key) : value;
  return { text, tone: TONES[kind]?.[value] ?? 'plain' };
}

/** A job that waits for a person has a word of its own. */
export function jobState(
  language: Language,
  job: { readonly state: string; readonly reasons: readonly string[] },
): Cell {
  return state(language, 'job', job.reasons.includes('outcome-unknown') ? 'attention' : job.state);
}

/** Reasons of RFC 8011 sections 5.3.8 and 5.4.12 in words; a suffix tells how serious it is. */
export function reasons(language: Language, keywords: readonly string[]): string {
  return keywords.map((keyword) => reason(language, keyword)).join(', ');
}

function reason(language: Language, keyword: string): string {
  const name = /^[a-z0-9-]{1,100}$/.test(keyword) ? keyword : undefined;
  const base = name?.replace(/-(?:error|warning|report)$/, '');
  for (const candidate of [name, base]) {
    if (candidate !== undefined && hasText(language, `cli.reason.${candidate}`)) {
      return textFor(language, `cli.reason.${candidate}`);
    }
  }
  return keyword;
}

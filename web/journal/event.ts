/** An event of the journal in words; what strangers have written is shown as text. */
import type { TFunction } from 'i18next';
import type { paths } from '../api/schema.ts';
import { needWords } from '../printers/printer.ts';
import { plain } from '../ui/words.ts';

export type JournalEvent = paths['/journal']['get']['responses'][200]['content']['application/json']['items'][number];

type Told = Pick<JournalEvent, 'type' | 'data'>;

export function tell(t: TFunction, { type, data }: Told): string {
  const text = (name: string) => (typeof data[name] === 'string' ? plain(data[name] as string) : '');
  const first = (...names: readonly string[]) => names.map(text).find((found) => found !== '') ?? '–';
  const needs = Array.isArray(data.waitsFor) ? needWords(t, data.waitsFor.map(String)) : '';
  if (needs !== '' && type === 'job-state-changed') return needs;
  if (needs !== '' && data.state === 'processing') return `${text('name')}: ${needs}`;
  const state = stateWord(t, type, first('to', 'state'));
  if (type === 'job-state-changed' && data.from === data.to && data.to === 'processing') {
    // Still printing: what has changed is what the printer does with it.
    const reasons = Array.isArray(data.reasons) ? data.reasons : [];
    return t(reasons.includes('printer-takes-nothing') ? 'jobs.takesNothing' : 'jobs.atWork');
  }
  const values = {
    name: first('title', 'name', 'email', 'address', 'remoteAddress', 'subject'),
    sender: text('sender'),
    subject: text('subject'),
    folder: text('folder'),
    recipient: text('recipient'),
    to: state,
    state,
  };
  return t(`journal.event.${type}`, { ...values, defaultValue: type });
}

const MAILBOX_WORDS: Readonly<Record<string, string>> = { connected: 'watching' };

/** The word that the pages of its kind have for a state. */
function stateWord(t: TFunction, type: string, state: string): string {
  const other = { defaultValue: state };
  if (type === 'job-state-changed') return t(`jobState.${state}`, other);
  if (type === 'outbox-message-state-changed') return t(`message.${state}`, other);
  if (type === 'printer-state-changed') return t(`printerState.${state}`, other);
  if (type === 'mailbox-state-changed') return t(`mailboxes.${MAILBOX_WORDS[state] ?? state}`, other);
  if (type === 'login-ended') return t(`loginState.${state}`, other);
  return type === 'connection-state-changed' ? t(`connection.${state}`, other) : state;
}

const PAGES: Readonly<Record<string, string>> = {
  job: '/jobs/',
  message: '/messages/',
  printer: '/printers/',
  connection: '/settings/connections/',
  mailbox: '/settings/jobs/mailboxes/',
  'outbox-message': '/outbox/',
  device: '/devices/',
};

export type PageOfThing = { readonly to: string; readonly search?: { readonly q: string } };

/** Where the thing of an event is shown, as long as it is there. */
export function pageOf({ subjectKind, subjectId, subjectName }: JournalEvent): PageOfThing | undefined {
  if (subjectName === null) return undefined;
  if (subjectKind === 'queue') return { to: '/queues' };
  if (subjectKind === 'user') return { to: '/users', search: { q: subjectName } };
  const page = PAGES[subjectKind];
  return page === undefined ? undefined : { to: `${page}${subjectId}` };
}

/** As it is called now, or as it was called then; of what has no name, what it is. */
export function nameOfThing(t: TFunction, { subjectKind, subjectName, data }: JournalEvent): string {
  const known = [subjectName, data.name, data.title, data.email].find((one) => typeof one === 'string' && one !== '');
  return typeof known === 'string' ? plain(known) : t(`journal.kinds.${subjectKind}`, { defaultValue: subjectKind });
}

const ID = /^[0-9a-f-]{36}$/;

/** Who did it; a person who was removed has no name any more. */
export function nameOfActor(t: TFunction, { actor, actorName }: JournalEvent): string {
  if (actor === null) return t('journal.platen');
  if (actorName !== null && actorName !== '') return plain(actorName);
  return ID.test(actor) ? t('journal.gone') : plain(actor);
}

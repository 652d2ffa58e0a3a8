/** What of the journal is shown: of a kind or of one thing, from when to when; and the same as a file. All in the address. */
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { paths } from '../api/schema.ts';

export type Kind = NonNullable<NonNullable<paths['/journal']['get']['parameters']['query']>['kind']>;
export type Narrowing = {
  readonly kind?: Kind;
  readonly subject?: string;
  readonly actor?: string;
  /** Moments as the server is asked; the fields show them in the zone of the reader. */
  readonly from?: string;
  readonly to?: string;
};

const KINDS: readonly Kind[] = [
  'job',
  'message',
  'outbox-message',
  'outbox',
  'connection',
  'mailbox',
  'printer',
  'queue',
  'device',
  'relay',
  'user',
  'api-token',
  'link',
  'network',
  'notices',
  'alarm',
  'node',
];
const FORMATS = ['csv', 'ndjson'] as const;

export function useNarrowing(): Narrowing {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const kind = KINDS.find((one) => one === search.kind);
  const moments = { from: momentOf(search.from), to: momentOf(search.to) };
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(search.subject === undefined ? {} : { subject: String(search.subject) }),
    ...(search.actor === undefined ? {} : { actor: String(search.actor) }),
    ...(moments.from === undefined ? {} : { from: moments.from }),
    ...(moments.to === undefined ? {} : { to: moments.to }),
  };
}

export function NarrowingFields() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const narrowing = useNarrowing();
  const show = (next: Narrowing) => void navigate({ to: '/journal', search: next as never, replace: true });
  const { kind, from, to, ...one } = narrowing;
  const isOfOne = Object.keys(one).length > 0;
  return (
    <Group gap="sm" align="flex-end">
      {isOfOne ? (
        <span>{t('journal.one')}</span>
      ) : (
        <Select
          label={t('journal.kind')}
          placeholder={t('journal.anyKind')}
          clearable
          clearButtonProps={{ 'aria-label': t('journal.clear') }}
          value={kind ?? null}
          data={KINDS.map((value) => ({ value, label: t(`journal.kinds.${value}`) }))}
          onChange={(chosen) =>
            show({ ...without(narrowing, 'kind'), ...(chosen === null ? {} : { kind: chosen as Kind }) })
          }
        />
      )}
      {(['from', 'to'] as const).map((end) => (
        <TextInput
          key={end}
          type="datetime-local"
          label={t(`journal.${end}`)}
          value={fieldOf(narrowing[end])}
          onChange={({ currentTarget }) => {
            const moment = momentOf(currentTarget.value);
            show({ ...without(narrowing, end), ...(moment === undefined ? {} : { [end]: moment }) });
          }}
        />
      ))}
      {Object.keys(narrowing).length === 0 ? null : (
        <Button variant="default" onClick={() => show({})}>
          {t('journal.clear')}
        </Button>
      )}
      <Group gap={0}>
        {FORMATS.map((format) => (
          <Button key={format} variant="subtle" component="a" href={exportOf(narrowing, format)} download>
            {t(`journal.export.${format}`)}
          </Button>
        ))}
      </Group>
    </Group>
  );
}

function without(narrowing: Narrowing, name: keyof Narrowing): Narrowing {
  const { [name]: _gone, ...rest } = narrowing;
  return rest;
}

function exportOf(narrowing: Narrowing, format: string): string {
  return `/api/v1/journal/export?${new URLSearchParams({ ...narrowing, format })}`;
}

/** A moment as the server reads it; `undefined` when it is none. */
function momentOf(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** The same as the field wants it: in the zone of the reader, to the minute. */
function fieldOf(moment: string | undefined): string {
  if (moment === undefined) return '';
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

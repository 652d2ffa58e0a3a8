/** What of the journal is shown: of which kind, of one thing, by whom, from when to when; and the same as a file. All in the address. */
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { paths } from '../api/schema.ts';
import { Fold } from '../find/fold.tsx';
import { ByWhom, OfThing } from './choice.tsx';

export type Kind = NonNullable<NonNullable<paths['/journal']['get']['parameters']['query']>['kind']>;
export type By = (typeof BY)[number];
export type Narrowing = {
  readonly kind?: Kind;
  readonly subject?: string;
  readonly actor?: string;
  readonly by?: By;
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
const BY = ['people', 'platen'] as const;
const FORMATS = ['csv', 'ndjson'] as const;

export function useNarrowing(): Narrowing {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const kind = KINDS.find((one) => one === search.kind);
  const by = BY.find((one) => one === search.by);
  const moments = { from: momentOf(search.from), to: momentOf(search.to) };
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(search.subject === undefined ? {} : { subject: String(search.subject) }),
    ...(search.actor === undefined ? {} : { actor: String(search.actor) }),
    ...(by === undefined ? {} : { by }),
    ...(moments.from === undefined ? {} : { from: moments.from }),
    ...(moments.to === undefined ? {} : { to: moments.to }),
  };
}

export function NarrowingFields() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const narrowing = useNarrowing();
  /** Without what was there of these names; `undefined` is nothing. */
  const change = (next: { readonly [name in keyof Narrowing]: Narrowing[name] | undefined }) => {
    const all = Object.entries({ ...narrowing, ...next }).filter(([, value]) => value !== undefined);
    void navigate({ to: '/journal', search: Object.fromEntries(all) as never, replace: true });
  };
  return (
    <Group gap="sm" align="flex-end" className="filters">
      <Fold active={Object.keys(narrowing).length}>
        <Select
          label={t('journal.kind')}
          placeholder={t('journal.anyKind')}
          clearable
          clearButtonProps={{ 'aria-label': t('journal.clear') }}
          value={narrowing.kind ?? null}
          data={KINDS.map((value) => ({ value, label: t(`journal.kinds.${value}`) }))}
          onChange={(chosen) => change({ kind: (chosen ?? undefined) as Kind | undefined })}
        />
        <OfThing id={narrowing.subject} onChange={(subject) => change({ subject })} />
        <ByWhom {...narrowing} onChange={change} />
        {(['from', 'to'] as const).map((end) => (
          <TextInput
            key={end}
            type="datetime-local"
            label={t(`journal.${end}`)}
            value={fieldOf(narrowing[end])}
            onChange={({ currentTarget }) => change({ [end]: momentOf(currentTarget.value) })}
          />
        ))}
        {Object.keys(narrowing).length === 0 ? null : (
          <Button
            variant="default"
            onClick={() => void navigate({ to: '/journal', search: {} as never, replace: true })}
          >
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
      </Fold>
    </Group>
  );
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

/** What is looked for among the jobs. It stands in the address of the page, so that it can be kept and sent to somebody. */
import { Button, Group, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useMay } from '../app/session.tsx';
import { FindField, useAskedText } from '../find/find-field.tsx';
import { Fold } from '../find/fold.tsx';
import { plain } from '../ui/words.ts';
import { JOB_STATES, type JobState } from './job.ts';

/** Since the beginning of this day, of the week up to it, or of the month. */
const SINCE_DAYS = { today: 0, week: 6, month: 29 } as const;
/** `ever`: said of own jobs, of which those of a month are shown when nothing is said. */
type Since = keyof typeof SINCE_DAYS | 'ever';
const SINCES: readonly Since[] = ['today', 'week', 'month', 'ever'];

export type Filter = {
  readonly q?: string | undefined;
  readonly state?: JobState | undefined;
  readonly queue?: string | undefined;
  readonly printer?: string | undefined;
  readonly owner?: string | undefined;
  readonly since?: Since | undefined;
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function useFilter(): Filter {
  const found = useSearch({ strict: false }) as Record<string, unknown>;
  const q = useAskedText();
  const id = (value: unknown) => (typeof value === 'string' && UUID.test(value) ? value : undefined);
  return {
    q,
    state: JOB_STATES.find((one) => one === found.state),
    queue: id(found.queue),
    printer: id(found.printer),
    owner: id(found.owner),
    since: SINCES.find((one) => one === found.since),
  };
}

/** What is shown: who prints sees what came lately as long as nothing is looked for. */
export function useShownFilter(): Filter {
  const filter = useFilter();
  return useMay('operator') || isFiltered(filter) ? filter : { since: 'month' };
}

export const isFiltered = (filter: Filter): boolean => Object.values(filter).some((value) => value !== undefined);

/** As the server is asked; a day begins where the reader is. */
export function queryOf({ since, ...filter }: Filter) {
  if (since === undefined || since === 'ever') return given(filter);
  const start = new Date();
  start.setHours(0, 0, 0, 0);
  start.setDate(start.getDate() - SINCE_DAYS[since]);
  return { ...given(filter), since: start.toISOString() };
}

export function useGo(): (next: Filter) => void {
  const navigate = useNavigate();
  return (next) => void navigate({ to: '/jobs', search: given(next) as never, replace: true });
}

export function Filters({ ownerName }: { readonly ownerName: string | undefined }) {
  const { t } = useTranslation();
  const go = useGo();
  const filter = useFilter();
  const seesAll = useMay('operator');
  const places = useQuery({ queryKey: ['queues'], queryFn: () => need(api.GET('/queues')) });
  const { state, queue, printer, owner } = filter;
  const { since } = useShownFilter();
  const asked = since === 'ever' ? undefined : since;
  return (
    <Group gap="sm" mb="md" align="flex-end" className="filters">
      <FindField
        label={t('jobs.find')}
        description={t('jobs.findHint')}
        text={filter.q}
        onFind={(text) => go({ ...filter, q: text })}
      />
      <Fold active={[state, queue, printer, asked].filter((one) => one !== undefined).length}>
        <Choice
          label={t('jobs.state')}
          any={t('jobs.anyState')}
          choices={JOB_STATES.map((value) => ({ value, label: t(`jobState.${value}`) }))}
          value={state}
          onChange={(value) => go({ ...filter, state: value as JobState | undefined })}
        />
        <Choice
          label={t('jobs.queue')}
          any={t('jobs.anyQueue')}
          choices={(places.data?.items ?? []).map(({ id, name }) => ({ value: id, label: plain(name) }))}
          value={queue}
          onChange={(value) => go({ ...filter, queue: value })}
        />
        {seesAll ? <Printers value={printer} onChange={(value) => go({ ...filter, printer: value })} /> : null}
        <Choice
          label={t('jobs.since')}
          any={t('jobs.anyTime')}
          choices={SINCES.flatMap((value) => (value === 'ever' ? [] : [{ value, label: t(`jobs.sinceOf.${value}`) }]))}
          value={asked}
          onChange={(value) => go({ ...filter, since: (value as Since | undefined) ?? (seesAll ? undefined : 'ever') })}
        />
      </Fold>
      {owner === undefined || ownerName === undefined ? null : (
        <Button variant="default" onClick={() => go({ ...filter, owner: undefined })}>
          {t('jobs.onlyOf', { name: plain(ownerName) })} ✕
        </Button>
      )}
      {isFiltered(filter) ? (
        <Button variant="subtle" onClick={() => go({})}>
          {t('jobs.clear')}
        </Button>
      ) : null}
    </Group>
  );
}

function Printers({ value, onChange }: Pick<ChoiceProps, 'value' | 'onChange'>) {
  const { t } = useTranslation();
  const printers = useQuery({
    queryKey: ['printers', 'names'],
    queryFn: () => need(api.GET('/printers', { params: { query: { limit: 500 } } })),
  });
  const choices = (printers.data?.items ?? []).map(({ id, name }) => ({ value: id, label: plain(name) }));
  return (
    <Choice label={t('jobs.printer')} any={t('jobs.anyPrinter')} choices={choices} value={value} onChange={onChange} />
  );
}

type ChoiceProps = {
  readonly label: string;
  readonly any: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
};

function Choice({ label, any, choices, value, onChange }: ChoiceProps) {
  return (
    <NativeSelect
      label={label}
      data={[{ value: '', label: any }, ...choices]}
      value={value ?? ''}
      onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
    />
  );
}

/** Without what is not there: an empty filter is no filter. */
export function given<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

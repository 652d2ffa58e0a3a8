/** How a job that waits is to be printed: what its printers can do, and what was asked for before. */
import { Checkbox, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import type { paths } from '../../api/schema.ts';
import { Loaded } from '../../ui/content.tsx';
import { Dialog, FormEnd } from '../../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../../ui/form.tsx';
import type { PlacedJob } from '../job.ts';
import { Looks, type LooksWished, looksOf, readPages } from '../upload/wishes.tsx';

type Choices = paths['/jobs/{id}/choices']['get']['responses'][200]['content']['application/json'];
type Change = NonNullable<
  NonNullable<paths['/jobs/{id}']['patch']['requestBody']>['content']['application/json']['options']
>;
type Values = LooksWished & { readonly pages: string; readonly staple: boolean; readonly punch: boolean };

type ChangeOptionsProps = {
  readonly job: PlacedJob;
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
};

export function ChangeOptions({ job, onClose, onDone }: ChangeOptionsProps) {
  const { t } = useTranslation();
  const choices = useQuery({
    queryKey: ['choices', job.id],
    queryFn: () => need(api.GET('/jobs/{id}/choices', { params: { path: { id: job.id } } })),
    // What was asked for when the dialog opened is changed, not what somebody else asks for meanwhile.
    gcTime: 0,
  });
  return (
    <Dialog onClose={onClose} title={t('jobs.changeOptions')}>
      <Loaded query={choices}>{(can) => <OptionsForm job={job} can={can} onClose={onClose} onDone={onDone} />}</Loaded>
    </Dialog>
  );
}

function OptionsForm({ job, can, onClose, onDone }: ChangeOptionsProps & { readonly can: Choices }) {
  const { t } = useTranslation();
  const before = valuesOf(job.options);
  const form = usePlatenForm<Values>(
    { initialValues: before, validate: { pages: (pages) => faultOf(t, pages, job.pages) } },
    async (values) => {
      const body = { options: changeOf(before, values) };
      await need(api.PATCH('/jobs/{id}', { params: { path: { id: job.id } }, body }));
      await onDone();
      onClose();
    },
  );
  const finishings = (['staple', 'punch'] as const).filter((one) => can.finishings.includes(one) || before[one]);
  return (
    <form onSubmit={form.submit}>
      <Stack gap="md">
        <Looks
          unset={t('queues.copiesLeft')}
          can={can}
          looks={form.values}
          onChange={(change) => form.setValues(change)}
        />
        {can.pageRanges || before.pages !== '' ? (
          <TextInput
            label={t('upload.pages')}
            description={t('upload.pagesHint')}
            autoComplete="off"
            {...fieldOf(form, 'pages')}
          />
        ) : null}
        {finishings.map((one) => (
          <Checkbox
            key={one}
            label={t(`jobs.finishing.${one}`)}
            checked={form.values[one]}
            onChange={({ currentTarget }) => form.setFieldValue(one, currentTarget.checked as never)}
          />
        ))}
        <FormEnd form={form} onClose={onClose} />
      </Stack>
    </form>
  );
}

function valuesOf({ copies, sides, color, media, pageRanges, finishings }: PlacedJob['options']): Values {
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  const ranges = Array.isArray(pageRanges) ? (pageRanges as readonly { from: number; to: number }[]) : [];
  const asked: readonly unknown[] = Array.isArray(finishings) ? finishings : [];
  return {
    copies: typeof copies === 'number' ? copies : '',
    ...{ sides: word(sides), color: word(color), media: word(media) },
    pages: ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', '),
    staple: asked.includes('staple'),
    punch: asked.includes('punch'),
  };
}

function faultOf(t: TFunction, pages: string, most: number | null): string | null {
  if (pages.trim() === '') return null;
  const ranges = readPages(pages);
  if (ranges === undefined) return t('upload.pagesWrong');
  return most !== null && ranges.some(({ to }) => to > most) ? t('jobs.pagesBeyond', { count: most }) : null;
}

/** Only what is different: an empty field takes back what was asked for. */
function changeOf(before: Values, now: Values): Change {
  const looks = ['copies', 'sides', 'color', 'media'] as const;
  const asked = looksOf(now);
  const changed = looks.filter((name) => now[name] !== before[name]);
  const isFinished = now.staple !== before.staple || now.punch !== before.punch;
  return {
    ...Object.fromEntries(changed.map((name) => [name, asked[name] ?? null])),
    ...(now.pages === before.pages
      ? {}
      : { pageRanges: now.pages.trim() === '' ? null : [...(readPages(now.pages) ?? [])] }),
    ...(isFinished ? { finishings: (['staple', 'punch'] as const).filter((one) => now[one]) } : {}),
  };
}

/** How the documents are to be printed: queue, copies, sides, color, paper, pages. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { paths } from '../../api/schema.ts';
import { paperName, plain } from '../../ui/words.ts';
import { Copies } from '../copies.tsx';

export type Queue = paths['/queues']['get']['responses'][200]['content']['application/json']['items'][number];

export type Wishes = {
  readonly queueId: string;
  readonly copies: number | string;
  readonly sides: string;
  readonly color: string;
  readonly media: string;
  readonly pages: string;
};

export const NO_WISHES: Wishes = { queueId: '', copies: '', sides: '', color: '', media: '', pages: '' };

const SIDES = ['one-sided', 'two-sided-long-edge', 'two-sided-short-edge'] as const;
const COLORS = ['color', 'monochrome'] as const;
/** What offices have, by the names of PWG 5101.1. */
const PAPERS = {
  iso_a4_210x297mm: 'A4',
  iso_a3_297x420mm: 'A3',
  iso_a5_148x210mm: 'A5',
  'na_letter_8.5x11in': 'Letter',
} as const;
const MAX_RANGES = 50;
const MAX_PAGE = 100_000;

type PageRange = { readonly from: number; readonly to: number };

/** Reads `1-3, 5`. Undefined when it is not written so. */
export function readPages(text: string): readonly PageRange[] | undefined {
  const parts = text.split(/[,;]/).map((part) => /^\s*(\d{1,6})\s*(?:[-–]\s*(\d{1,6})\s*)?$/.exec(part));
  const ranges = parts.map((part) => ({ from: Number(part?.[1]), to: Number(part?.[2] ?? part?.[1]) }));
  const isGood = ranges.every(({ from, to }) => from >= 1 && from <= to && to <= MAX_PAGE);
  return isGood && ranges.length <= MAX_RANGES ? ranges : undefined;
}

/** Only what was asked for: the queue has the rest. */
export function optionsOf({ pages, ...looks }: Wishes): Readonly<Record<string, unknown>> {
  return {
    ...looksOf(looks),
    ...(pages.trim() === '' ? {} : { pageRanges: readPages(pages) }),
  };
}

export function looksOf({ copies, sides, color, media }: LooksWished): Readonly<Record<string, unknown>> {
  return {
    ...(copies === '' ? {} : { copies: Number(copies) }),
    ...(sides === '' ? {} : { sides }),
    ...(color === '' ? {} : { color }),
    ...(media === '' ? {} : { media }),
  };
}

type WishesProps = {
  readonly queues: readonly Queue[];
  readonly wishes: Wishes;
  readonly onChange: (wishes: Wishes) => void;
  readonly pagesError: string | null;
};

export function WishesForm({ queues, wishes, onChange, pagesError }: WishesProps) {
  const { t } = useTranslation();
  const queue = queues.find(({ id }) => id === wishes.queueId);
  const set = (change: Partial<Wishes>) => onChange({ ...wishes, ...change });
  return (
    <div className="fields">
      <NativeSelect
        label={t('upload.queue')}
        description={queue === undefined ? undefined : queueHint(t, queue)}
        data={queues.map(({ id, name }) => ({ value: id, label: plain(name) }))}
        value={wishes.queueId}
        onChange={(event) => set({ queueId: event.currentTarget.value })}
      />
      <Looks unset={t('upload.asInQueue')} looks={wishes} onChange={set} />
      <TextInput
        label={t('upload.pages')}
        description={t('upload.pagesHint')}
        name="pages"
        autoComplete="off"
        value={wishes.pages}
        error={pagesError}
        onChange={(event) => set({ pages: event.currentTarget.value })}
      />
    </div>
  );
}

export type LooksWished = Pick<Wishes, 'copies' | 'sides' | 'color' | 'media'>;
/** What the printers can do; with no choice a field is not shown, unless something was asked for before. */
export type CanLook = {
  readonly copies: number | null;
  readonly sides: readonly string[];
  readonly color: readonly string[];
  readonly media: readonly string[];
};
type LooksProps = {
  /** What an empty choice means. */
  readonly unset: string;
  /** Whatever there is where it is left out. */
  readonly can?: CanLook;
  readonly looks: LooksWished;
  readonly onChange: (change: Partial<LooksWished>) => void;
};

/** How many, on which sides, in which colors, on which paper. */
export function Looks({ unset, can, looks, onChange }: LooksProps) {
  const { t } = useTranslation();
  const none = { value: '', label: unset };
  const choose = (name: 'sides' | 'color' | 'media', label: string, all: readonly Choice[]) => {
    const choices = all.filter(({ value }) => can === undefined || value === looks[name] || can[name].includes(value));
    return choices.length === 0 ? null : (
      <NativeSelect
        label={label}
        data={[none, ...choices]}
        value={looks[name]}
        onChange={(event) => onChange({ [name]: event.currentTarget.value })}
      />
    );
  };
  // One that was set elsewhere stays.
  const other =
    looks.media === '' || looks.media in PAPERS ? [] : [{ value: looks.media, label: paperName(looks.media) }];
  const papers = Object.entries(PAPERS).map(([value, label]) => ({ value, label }));
  return (
    <>
      {can?.copies === null && looks.copies === '' ? null : (
        <Copies value={looks.copies} most={can?.copies ?? undefined} onChange={(copies) => onChange({ copies })} />
      )}
      {choose(
        'sides',
        t('upload.sides'),
        SIDES.map((value) => ({ value, label: t(`upload.sidesOf.${value}`) })),
      )}
      {choose(
        'color',
        t('jobs.color'),
        COLORS.map((value) => ({ value, label: t(`upload.colorOf.${value}`) })),
      )}
      {choose('media', t('jobs.media'), [...papers, ...other])}
    </>
  );
}

type Choice = { readonly value: string; readonly label: string };

function queueHint(t: ReturnType<typeof useTranslation>['t'], { mode, pauseReason }: Queue): string {
  return pauseReason === null ? t(`queueMode.${mode}`) : t('upload.paused', { reason: plain(pauseReason) });
}

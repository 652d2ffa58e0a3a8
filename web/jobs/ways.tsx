/** How a document that waits is to be printed at a printer: only what this one can do. */
import { Button, Checkbox } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { paths } from '../api/schema.ts';
import { Copies } from './copies.tsx';

/** A printer, how it is, and what may be asked of it. */
export type Place =
  paths['/jobs/{id}/printers']['get']['responses'][200]['content']['application/json']['items'][number];

export type Options = {
  readonly copies?: number;
  readonly sides?: 'two-sided-long-edge';
  readonly color?: 'monochrome';
};
/** How it is to be printed, as the fields have it. */
export type Chosen = { readonly copies: number | string; readonly bothSides: boolean; readonly gray: boolean };
export const NONE_CHOSEN: Chosen = { copies: '', bothSides: false, gray: false };

/** Only what was chosen: the sender's wishes and the queue have the rest. */
export function optionsOf({ copies, bothSides, gray }: Chosen): Options {
  return {
    ...(copies === '' ? {} : { copies: Number(copies) }),
    ...(bothSides ? { sides: 'two-sided-long-edge' } : {}),
    ...(gray ? { color: 'monochrome' } : {}),
  };
}

type WaysProps = {
  readonly can: Place['can'];
  readonly chosen: Chosen;
  readonly onChange: (chosen: Chosen) => void;
};

export function Ways({ can, chosen, onChange }: WaysProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  if (!can.copies && !can.monochrome && !can.twoSides) return null;
  return (
    <>
      <Button variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {t(isOpen ? 'release.fewOptions' : 'release.options')}
      </Button>
      {isOpen && can.copies ? (
        <Copies value={chosen.copies} onChange={(copies) => onChange({ ...chosen, copies })} />
      ) : null}
      {isOpen && can.twoSides ? (
        <Checkbox
          size="md"
          label={t('release.bothSides')}
          checked={chosen.bothSides}
          onChange={(event) => onChange({ ...chosen, bothSides: event.currentTarget.checked })}
        />
      ) : null}
      {isOpen && can.monochrome ? (
        <Checkbox
          size="md"
          label={t('release.gray')}
          checked={chosen.gray}
          onChange={(event) => onChange({ ...chosen, gray: event.currentTarget.checked })}
        />
      ) : null}
    </>
  );
}

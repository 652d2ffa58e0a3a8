/** Adding and changing a queue. */
import { Checkbox, Group, NumberInput, Radio, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Looks, looksOf } from '../jobs/upload/wishes.tsx';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { documentWords, heldWords } from './keeping.ts';

export type Queue = paths['/queues']['get']['responses'][200]['content']['application/json']['items'][number];
export type Choice = { readonly id: string; readonly name: string };

type FormProps = {
  readonly queue?: Queue;
  /** How many documents it holds. */
  readonly held: number;
  readonly printers: readonly Choice[];
  readonly onClose: () => void;
  readonly onSaved: () => Promise<void>;
};

type Values = {
  readonly name: string;
  readonly mode: Queue['mode'];
  readonly printerIds: string[];
  readonly copies: number | string;
  readonly sides: string;
  readonly color: string;
  readonly media: string;
  readonly keepHeldHours: number | string;
  readonly keepDocumentsDays: number | string;
  readonly isPaused: boolean;
  readonly pauseReason: string;
  readonly heldJobs: 'keep' | 'print';
};

/** As the server has them. */
const HELD_HOURS = { min: 1, max: 8_784, usual: 48 } as const;
const DOCUMENT_DAYS = { min: 0, max: 366, usual: 1 } as const;

/** A new queue begins with the printer when there is only one. */
function chosenAtFirst(queue: Queue | undefined, printers: readonly Choice[]): string[] {
  if (queue === undefined) return printers.length === 1 ? printers.map(({ id }) => id) : [];
  return queue.printerIds.filter((id) => printers.some((printer) => printer.id === id));
}

function valuesOf(queue: Queue | undefined, printers: readonly Choice[]): Values {
  const { copies = '', sides = '', color = '', media = '' } = (queue?.defaults ?? {}) as Partial<Values>;
  return {
    name: queue?.name ?? '',
    mode: queue?.mode ?? 'hold',
    printerIds: chosenAtFirst(queue, printers),
    ...{ copies, sides, color, media },
    keepHeldHours: queue?.keepHeldHours ?? HELD_HOURS.usual,
    keepDocumentsDays: queue?.keepDocumentsDays ?? DOCUMENT_DAYS.usual,
    isPaused: (queue?.pauseReason ?? null) !== null,
    pauseReason: queue?.pauseReason ?? '',
    heldJobs: 'keep',
  };
}

function bodyOf(queue: Queue | undefined, values: Values) {
  const { name, mode, printerIds, keepHeldHours, keepDocumentsDays, isPaused, pauseReason } = values;
  // What is not asked for here stays as it was set elsewhere.
  const { finishings } = queue?.defaults ?? {};
  return {
    ...{ name: name.trim(), mode, printerIds },
    defaults: { ...looksOf(values), ...(finishings === undefined ? {} : { finishings: finishings as 'staple'[] }) },
    keepHeldHours: Number(keepHeldHours),
    keepDocumentsDays: Number(keepDocumentsDays),
    pauseReason: isPaused ? pauseReason.trim() : null,
  };
}

const isWithin = (value: number | string, { min, max }: { readonly min: number; readonly max: number }) =>
  value !== '' && Number.isInteger(Number(value)) && Number(value) >= min && Number(value) <= max;

export function QueueForm({ queue, held, printers, onClose, onSaved }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm<Values>(
    {
      initialValues: valuesOf(queue, printers),
      validateInputOnBlur: false,
      validate: {
        name: (value) => (value.trim() === '' ? t('queues.nameMissing') : null),
        keepHeldHours: (value) => (isWithin(value, HELD_HOURS) ? null : t('queues.numberWrong', HELD_HOURS)),
        keepDocumentsDays: (value) => (isWithin(value, DOCUMENT_DAYS) ? null : t('queues.numberWrong', DOCUMENT_DAYS)),
        pauseReason: (value, { isPaused }) => (isPaused && value.trim() === '' ? t('queues.pauseReasonMissing') : null),
      },
    },
    async (values) => {
      const body = bodyOf(queue, values);
      if (queue === undefined) await need(api.POST('/queues', { body }));
      else {
        const change = { ...body, ...(isLetGo(queue, values.mode, held) ? { heldJobs: values.heldJobs } : {}) };
        await need(api.PATCH('/queues/{id}', { params: { path: { id: queue.id } }, body: change }));
      }
      await onSaved();
      onClose();
    },
  );
  return (
    <Dialog title={queue === undefined ? t('queues.addTitle') : queue.name} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <TextInput label={t('queues.name')} data-autofocus {...fieldOf(form, 'name')} />
          <Mode form={form} held={isLetGo(queue, form.values.mode, held) ? held : 0} />
          <Served form={form} printers={printers} />
          <Rules form={form} />
          {queue === undefined ? null : <Pause form={form} />}
          <FormEnd form={form} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

/** Will it hold no more what it holds now? */
const isLetGo = (queue: Queue | undefined, mode: Queue['mode'], held: number) =>
  queue?.mode === 'hold' && mode === 'direct' && held > 0;

type PartProps = { readonly form: PlatenForm<Values> };

function Mode({ form, held }: PartProps & { readonly held: number }) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group label={t('queues.mode')} {...form.getInputProps('mode')}>
        <Stack gap="xs" mt={4}>
          <Radio value="hold" label={t('queueMode.hold')} description={t('queues.holdHint')} />
          <Radio value="direct" label={t('queueMode.direct')} />
        </Stack>
      </Radio.Group>
      {held === 0 ? null : (
        <Radio.Group label={t('queues.heldJobs', { count: held })} {...form.getInputProps('heldJobs')}>
          <Group gap="md" mt={4}>
            <Radio value="keep" label={t('queues.heldKeep')} />
            <Radio value="print" label={t('queues.heldPrint')} />
          </Group>
        </Radio.Group>
      )}
    </>
  );
}

function Served({ form, printers }: PartProps & { readonly printers: readonly Choice[] }) {
  const { t } = useTranslation();
  if (printers.length === 0) return <p>{t('queues.noPrinterYet')}</p>;
  return (
    <Checkbox.Group label={t('nav.printers')} {...form.getInputProps('printerIds')}>
      <Stack gap="xs" mt={4}>
        {printers.map(({ id, name }) => (
          <Checkbox key={id} value={id} label={name} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

/** How its documents look, and how long they are kept. */
function Rules({ form }: PartProps) {
  const { t } = useTranslation();
  const whole = { allowDecimal: false, allowNegative: false, hideControls: true } as const;
  return (
    <>
      <fieldset className="plain-set">
        <legend>{t('queues.defaults')}</legend>
        <p className="hint plain">{t('queues.defaultsHint')}</p>
        <div className="fields">
          <Looks unset={t('queues.copiesLeft')} looks={form.values} onChange={(change) => form.setValues(change)} />
        </div>
      </fieldset>
      <NumberInput
        label={t('queues.keepHeld')}
        description={heldWords(t, form.values)}
        {...whole}
        {...fieldOf(form, 'keepHeldHours')}
      />
      <NumberInput
        label={t('queues.keepDocuments')}
        description={documentWords(t, form.values)}
        {...whole}
        {...fieldOf(form, 'keepDocumentsDays')}
      />
    </>
  );
}

function Pause({ form }: PartProps) {
  const { t } = useTranslation();
  return (
    <>
      <Checkbox
        label={t('queues.pause')}
        description={t('queues.pauseHint')}
        {...form.getInputProps('isPaused', { type: 'checkbox' })}
      />
      {form.values.isPaused ? (
        <TextInput label={t('queues.pauseReason')} maxLength={200} {...fieldOf(form, 'pauseReason')} />
      ) : null}
    </>
  );
}

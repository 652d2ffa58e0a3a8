/** Adding and changing a queue. */
import { Button, Checkbox, Group, Radio, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';

export type Queue = paths['/queues']['get']['responses'][200]['content']['application/json']['items'][number];
export type Choice = { readonly id: string; readonly name: string };

type FormProps = {
  readonly queue?: Queue;
  readonly printers: readonly Choice[];
  readonly onClose: () => void;
  readonly onSaved: () => Promise<void>;
};

/** A new queue begins with the printer when there is only one. */
function chosenAtFirst(queue: Queue | undefined, printers: readonly Choice[]): string[] {
  if (queue === undefined) return printers.length === 1 ? printers.map(({ id }) => id) : [];
  return queue.printerIds.filter((id) => printers.some((printer) => printer.id === id));
}

export function QueueForm({ queue, printers, onClose, onSaved }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm(
    {
      initialValues: {
        name: queue?.name ?? '',
        mode: queue?.mode ?? ('hold' as const),
        printerIds: chosenAtFirst(queue, printers),
      },
      validateInputOnBlur: false,
      validate: { name: (value) => (value.trim() === '' ? t('queues.nameMissing') : null) },
    },
    async ({ name, mode, printerIds }) => {
      const body = { name: name.trim(), mode, printerIds };
      if (queue === undefined) await need(api.POST('/queues', { body }));
      else await need(api.PATCH('/queues/{id}', { params: { path: { id: queue.id } }, body }));
      await onSaved();
      onClose();
    },
  );
  return (
    <Dialog title={queue === undefined ? t('queues.addTitle') : queue.name} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <TextInput label={t('queues.name')} data-autofocus {...fieldOf(form, 'name')} />
          <Radio.Group label={t('queues.mode')} {...form.getInputProps('mode')}>
            <Stack gap="xs" mt={4}>
              <Radio value="hold" label={t('queueMode.hold')} description={t('queues.holdHint')} />
              <Radio value="direct" label={t('queueMode.direct')} />
            </Stack>
          </Radio.Group>
          {printers.length === 0 ? (
            <p>{t('queues.noPrinterYet')}</p>
          ) : (
            <Checkbox.Group label={t('nav.printers')} {...form.getInputProps('printerIds')}>
              <Stack gap="xs" mt={4}>
                {printers.map(({ id, name }) => (
                  <Checkbox key={id} value={id} label={name} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          {form.error === undefined ? null : <Failed error={form.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={form.isBusy}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

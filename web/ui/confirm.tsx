/** Asks before something is destroyed: says what, and wants a word typed where the loss is great. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed } from './content.tsx';
import { Dialog } from './dialog.tsx';

type ConfirmProps = {
  readonly title: string;
  /** What is destroyed or stops. */
  readonly children: ReactNode;
  /** The verb on the button. */
  readonly act: string;
  /** On the safe button, where “Cancel” would read as the act itself. */
  readonly keep?: string;
  /** Must be typed before the button works. */
  readonly typed?: { readonly label: string; readonly word: string };
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
};

export function Confirm({ title, children, act, keep, typed, onConfirm, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  const [word, setWord] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={onClose} title={title}>
      <Stack gap="md">
        {children}
        {typed === undefined ? null : (
          <TextInput label={typed.label} value={word} onChange={(event) => setWord(event.currentTarget.value)} />
        )}
        {error === undefined ? null : <Failed error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" data-autofocus onClick={onClose}>
            {keep ?? t('action.cancel')}
          </Button>
          <Button
            variant="outline"
            color="var(--broken)"
            loading={isBusy}
            disabled={typed !== undefined && word.trim() !== typed.word}
            onClick={() => void confirm()}
          >
            {act}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

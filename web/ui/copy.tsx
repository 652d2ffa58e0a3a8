/** A button that copies a text; it says so for two seconds, to the eye and to the ear. */
import { Button, type ButtonProps, Textarea } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShortcut } from '../frame/shortcuts.ts';

type CopyProps = {
  readonly text: string;
  readonly label?: string;
  readonly variant?: ButtonProps['variant'];
  /** A letter that does the same, while it is shown and no field is typed in. */
  readonly shortcut?: string | undefined;
};

export function CopyButton({ text, label, variant = 'default', shortcut }: CopyProps) {
  const { t } = useTranslation();
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'refused'>('none');
  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome('none'), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => setOutcome((await writeClipboard(text)) ? 'copied' : 'refused');
  useShortcut(shortcut, () => void copy());
  return (
    <>
      <Button
        variant={variant}
        aria-keyshortcuts={shortcut}
        onClick={() => void copy()}
        leftSection={outcome === 'copied' ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
      >
        {outcome === 'copied' ? t('action.copied') : (label ?? t('action.copy'))}
      </Button>
      <span role="status" className="quiet">
        {outcome === 'copied' ? t('action.copied') : ''}
      </span>
      {outcome === 'refused' ? <ByHand text={text} /> : null}
    </>
  );
}

/** Where a browser lets nobody copy: the text, selected. */
function ByHand({ text }: { readonly text: string }) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const label = t('label.copyByHand');
  return (
    <>
      <span role="alert">{label}</span>
      <Textarea ref={field} aria-label={label} value={text} readOnly autosize minRows={1} maxRows={6} />
    </>
  );
}

/** Over plain HTTP from another machine browsers have no clipboard; the old way still works there. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'quiet';
    document.body.append(field);
    field.select();
    const isDone = document.execCommand('copy');
    field.remove();
    return isDone;
  }
}

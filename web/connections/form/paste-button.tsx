/** Fills the ids out of what was copied elsewhere: both where both are in it, else the client ID. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { findIds, findOneId } from '../ids.ts';

export type PastedIds = { readonly clientId: string; readonly tenantId?: string };

type PasteProps = {
  readonly onIds: (ids: PastedIds) => void;
  /** Why nothing was filled. */
  readonly onFault: (words: string) => void;
};

export function PasteButton({ onIds, onFault }: PasteProps) {
  const { t } = useTranslation();
  const paste = async () => {
    let text: string;
    try {
      text = await navigator.clipboard.readText();
    } catch {
      // The browser asks the person, who may say no.
      return onFault(t('connections.pasteByHand'));
    }
    const one = findOneId(text);
    const ids = findIds(text) ?? (one === undefined ? undefined : { clientId: one });
    if (ids === undefined) onFault(t('connections.pasteNothing'));
    else onIds(ids);
  };
  return (
    <Button variant="subtle" size="compact-sm" onClick={() => void paste()}>
      {t('action.paste')}
    </Button>
  );
}

/** Over plain HTTP from another machine, and in some browsers, a page cannot read what was copied. */
export function mayPaste(): boolean {
  return typeof navigator.clipboard?.readText === 'function';
}

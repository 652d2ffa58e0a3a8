/** A dialog over the page, named by its title; `onClose` undefined: it cannot be closed. */
import { Button, Group, Modal } from '@mantine/core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed } from './content.tsx';

/** Adding a thing, or an act on one that is there. */
export type OpenDialog<Act extends string, Item> = { readonly act: 'add' } | { readonly act: Act; readonly item: Item };

/**
 * Which dialog of a list is open. It stands in the address of the page (`?open=edit&of=…`): a reload shows it again, and
 * the way back closes it. What is too far down in a long list to have been loaded is asked for with `findOne`.
 */
export function useOpenDialog<Act extends string, Item extends { readonly id: string }>(
  acts: readonly Act[],
  items: readonly Item[],
  findOne?: (id: string) => Promise<Item>,
) {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const { open: wanted, of, ...others } = search;
  const act = acts.find((one) => one === wanted);
  const listed = items.find(({ id }) => id === of);
  const isFar = act !== undefined && listed === undefined && typeof of === 'string' && findOne !== undefined;
  const far = useQuery({
    queryKey: ['open-dialog', of],
    queryFn: isFar ? () => findOne(of) : skipToken,
    // What is gone opens nothing; what is opened again is asked for anew.
    retry: false,
    gcTime: 0,
  });
  const item = listed ?? (isFar ? far.data : undefined);
  const found = act === undefined || item === undefined ? undefined : { act, item };
  const open: OpenDialog<Act, Item> | undefined = wanted === 'add' ? { act: 'add' } : found;
  const go = (next: Record<string, unknown>, replace: boolean) =>
    void navigate({ to: '.', search: next as never, replace, resetScroll: false });
  return {
    open,
    show: (next: OpenDialog<Act, Item>) =>
      go({ ...others, open: next.act, ...('item' in next ? { of: next.item.id } : {}) }, false),
    close: () => go(others, true),
    /** Closes it after the deed and says so in the address of the page. */
    finish: (said: Record<string, unknown>) => go({ ...others, ...said }, true),
  };
}

type DialogProps = {
  readonly title: ReactNode;
  readonly isOpen?: boolean;
  readonly onClose: (() => void) | undefined;
  /** Over another dialog that may be open. */
  readonly isAbove?: true;
  readonly children: ReactNode;
};

export function Dialog({ title, isOpen = true, onClose, isAbove, children }: DialogProps) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  // What was typed in it since it was opened would be lost.
  const isTouched = useRef(false);
  const close = onClose ?? (() => undefined);
  const leave = () => {
    // Only the top layer closes.
    if (isAbove === undefined && document.querySelector('[data-above]') !== null) return;
    // Pressed once more it takes the question back: nothing is lost by that key alone.
    if (isTouched.current) setAsking(!isAsking);
    else close();
  };
  // Not Mantine's own head: its `header` element would be a second banner of the page.
  return (
    <Modal.Root
      opened={isOpen}
      onClose={leave}
      closeOnClickOutside={false}
      closeOnEscape={onClose !== undefined}
      zIndex={isAbove ? 300 : 200}
    >
      <Modal.Overlay />
      <Modal.Content data-above={isAbove}>
        <div className="dialog-head">
          <Modal.Title component="h2" className="dialog-title">
            {title}
          </Modal.Title>
          {onClose === undefined ? null : (
            <Modal.CloseButton size={36} aria-label={t('action.close')} onClick={close} />
          )}
        </div>
        <Modal.Body
          onChange={({ target }) => {
            if (isTyped(target)) isTouched.current = true;
          }}
        >
          {children}
          {isAsking ? <Lose onClose={close} onStay={() => setAsking(false)} /> : null}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

const CHOICES = ['radio', 'checkbox', 'file'];
const isTyped = (target: EventTarget) =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !CHOICES.includes(target.type));

/** Asked when the Escape key would lose something. */
function Lose({ onClose, onStay }: { readonly onClose: () => void; readonly onStay: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="alertdialog" aria-label={t('form.lose')} className="lose">
      <p className="plain">{t('form.lose')}</p>
      <Group gap="xs">
        <Button autoFocus onClick={onStay}>
          {t('form.stay')}
        </Button>
        <Button variant="outline" color="var(--broken)" onClick={onClose}>
          {t('form.close')}
        </Button>
      </Group>
    </div>
  );
}

type FormEndProps = {
  readonly form: { readonly error: unknown; readonly isBusy: boolean };
  /** What sending it does; saving, unless said. */
  readonly act?: string;
  readonly onClose: () => void;
};

/** The end of a form in a dialog: why it was refused, and the two ways out. */
export function FormEnd({ form, act, onClose }: FormEndProps) {
  const { t } = useTranslation();
  return (
    <>
      {form.error === undefined ? null : <Failed error={form.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={form.isBusy}>
          {act ?? t('action.save')}
        </Button>
      </Group>
    </>
  );
}

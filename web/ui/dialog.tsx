/** A dialog over the page, named by its title; `onClose` undefined: it cannot be closed. */
import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

type DialogProps = {
  readonly title: ReactNode;
  readonly isOpen?: boolean;
  readonly onClose: (() => void) | undefined;
  readonly children: ReactNode;
};

export function Dialog({ title, isOpen = true, onClose, children }: DialogProps) {
  const { t } = useTranslation();
  const close = onClose ?? (() => undefined);
  // Not Mantine's own head: its `header` element would be a second banner of the page.
  return (
    <Modal.Root opened={isOpen} onClose={close} closeOnClickOutside={false} closeOnEscape={onClose !== undefined}>
      <Modal.Overlay />
      <Modal.Content>
        <div className="dialog-head">
          <Modal.Title component="h2" className="dialog-title">
            {title}
          </Modal.Title>
          {onClose === undefined ? null : <Modal.CloseButton size={36} aria-label={t('action.close')} />}
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

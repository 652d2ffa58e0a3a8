/** On a phone the fields that narrow a list stand behind one button, so that the list is seen at once; on wide screens as they are. */
import { Button } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import './fold.css';

type FoldProps = {
  /** How many of the fields narrow the list now. */
  readonly active: number;
  readonly children: ReactNode;
};

export function Fold({ active, children }: FoldProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="fold" data-open={isOpen}>
      <Button
        className="fold-button"
        variant="default"
        leftSection={<IconFilter size={18} aria-hidden />}
        aria-expanded={isOpen}
        aria-controls={id}
        // It asks nothing of the server.
        data-needs-nobody
        onClick={() => setOpen(!isOpen)}
      >
        {active === 0 ? t('find.filters') : t('find.filtersActive', { active })}
      </Button>
      <div id={id} className="fold-fields">
        {children}
      </div>
    </div>
  );
}

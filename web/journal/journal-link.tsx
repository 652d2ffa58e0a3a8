/** From the page of a thing to what the journal tells of it; for who may read the journal. */
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '../app/session.tsx';

type JournalLinkProps = {
  readonly subject: string;
  /** In a list: of which row, for who reads it by ear. */
  readonly of?: string;
};

export function JournalLink({ subject, of }: JournalLinkProps) {
  const { t } = useTranslation();
  const mayRead = useMay('operator');
  if (!mayRead) return null;
  return (
    <Anchor component={Link} to="/journal" search={{ subject } as never}>
      {t('journal.show')}
      {of === undefined ? null : <span className="quiet"> {of}</span>}
    </Anchor>
  );
}

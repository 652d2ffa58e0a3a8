/** What a connection is used for; where that is nothing yet, the places where it can be chosen. */
import { Anchor, Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import type { Connection } from '../connection.ts';
import { isUsed, type Usage } from './usage.ts';

type UsedForProps = { readonly connection: Connection; readonly usage: Usage | undefined };

export function UsedFor({ connection, usage }: UsedForProps) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  if (usage === undefined) return null;
  if (isUsed(usage)) {
    const { isSending, mailboxes } = usage;
    const uses = [
      ...(isSending ? [t('use.smtp')] : []),
      ...(mailboxes.length > 0 ? [t('connections.mailboxes', { count: mailboxes.length })] : []),
    ];
    return uses.join(' · ');
  }
  if (connection.state !== 'connected' || !mayChange) return '–';
  const { grantedUses } = connection;
  return (
    <Stack gap="xs" align="flex-start">
      {grantedUses.includes('smtp') ? (
        <Anchor component={Link} to="/settings/network">
          {t('deviceCode.useSending')}
        </Anchor>
      ) : null}
      {grantedUses.some((use) => use !== 'smtp') ? (
        <Anchor component={Link} to="/settings/jobs/mailboxes">
          {t('deviceCode.useMailbox')}
        </Anchor>
      ) : null}
    </Stack>
  );
}

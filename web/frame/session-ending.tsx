/**
 * Two minutes before a session ends (WCAG 2.2.1): one button keeps a session in which nothing was done for long; one that
 * has become too old is followed by a new one, over the page, which keeps what was typed.
 */
import { Button, Group, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery, sessionUsedAt, useSession, useSessionOver } from '../app/session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useNow } from '../ui/when.tsx';
import { SignInForm } from './sign-in.tsx';

const WARN_MS = 2 * 60_000;
const LOOK_MS = 5_000;

type End = { readonly at: number; readonly cause: 'idle' | 'age' };

export function SessionEnding() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const session = useSession();
  const isOver = useSessionOver();
  const end = useEnd();
  const [closedAt, setClosedAt] = useState(0);
  const ask = () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  if (end === undefined || isOver || end.at === closedAt) return null;
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' }).format(new Date(end.at));
  const close = () => setClosedAt(end.at);
  if (end.cause === 'age') {
    return (
      <Dialog onClose={close} isAbove title={t('signIn.ending')}>
        <Stack gap="md">
          <p className="plain">{t('signIn.endingAge', { time })}</p>
          <SignInForm email={session?.user?.email ?? ''} />
        </Stack>
      </Dialog>
    );
  }
  return (
    <Dialog onClose={ask} isAbove title={t('signIn.ending')}>
      <Stack gap="md">
        <p className="plain">{t('signIn.endingIdle', { time })}</p>
        <Group justify="flex-end">
          <Button data-autofocus onClick={ask}>
            {t('signIn.stay')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** The end that comes first, when it is near or has come. */
function useEnd(): End | undefined {
  const session = useSession();
  const now = useNow(LOOK_MS).getTime();
  if (session?.session == null || session.endsAt === undefined) return undefined;
  const idleAt = sessionUsedAt() + session.session.idleSeconds * 1000;
  const end: End = idleAt < session.endsAt ? { at: idleAt, cause: 'idle' } : { at: session.endsAt, cause: 'age' };
  return end.at - now > WARN_MS ? undefined : end;
}

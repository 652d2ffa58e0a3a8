/** The password that was made for a device, shown this once. */
import { Button, Group, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog } from '../ui/dialog.tsx';

export type Shown = { readonly username: string; readonly password: string };

export function Password({ shown, onClose }: { readonly shown: Shown; readonly onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('devices.passwordTitle')} onClose={onClose}>
      <Stack gap="md">
        <p className="plain">{t('devices.shownOnce')}</p>
        <dl className="facts">
          <dt>{t('network.user')}</dt>
          <dd>
            <code className="words">{shown.username}</code>
          </dd>
          <dt>{t('signIn.password')}</dt>
          <dd>
            <code className="words large" data-testid="device-password">
              {shown.password}
            </code>
          </dd>
        </dl>
        <Group justify="flex-end" gap="xs">
          <CopyButton text={shown.password} />
          <Button variant="default" onClick={onClose}>
            {t('action.close')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

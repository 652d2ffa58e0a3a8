/** Which role somebody, or a program, has. */
import { Radio, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Role } from '../app/session.tsx';

const ROLES: readonly Role[] = ['user', 'operator', 'administrator'];

/** The props are those of a field of a form. */
export function RoleChoice(field: { readonly value?: string; readonly onChange?: (role: string) => void }) {
  const { t } = useTranslation();
  return (
    <Radio.Group label={t('users.role')} {...field}>
      <Stack gap="xs" mt={4}>
        {ROLES.map((role) => (
          <Radio key={role} value={role} label={t(`role.${role}`)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

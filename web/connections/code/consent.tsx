/** The consent of an administrator for everybody, where Microsoft asks for it: a link to open or to send. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../ui/copy.tsx';
import type { Connection } from '../connection.ts';
import { kitQuery, readUses } from '../register/wish.ts';

export function ConsentLink({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { title, clientId, tenantId, cloud } = connection;
  const uses = readUses(connection.uses.join(','));
  const kit = useQuery(kitQuery({ name: title, uses, audience: 'single', cloud, mailbox: '', clientId, tenantId }));
  const link = kit.data?.consentLink ?? null;
  if (link === null) return null;
  return <CopyButton text={link} label={t('register.copyConsent')} variant="filled" />;
}

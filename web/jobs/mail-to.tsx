/** Where a document can be mailed to, for the person who prints. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { CopyButton } from '../ui/copy.tsx';
import { plain } from '../ui/words.ts';

/** With a printer only the addresses whose documents can come out there. */
export function useMailAddresses(printerId?: string) {
  const addresses = useQuery({
    queryKey: ['mailboxes', 'addresses', printerId ?? ''],
    queryFn: () =>
      need(
        api.GET('/mailboxes/addresses', {
          params: { query: printerId === undefined ? {} : { printer: printerId } },
        }),
      ),
  });
  return addresses.data?.items ?? [];
}

/** Nothing where no mailbox is read. */
export function MailTo({ printerId }: { readonly printerId?: string }) {
  const { t } = useTranslation();
  const items = useMailAddresses(printerId);
  if (items.length === 0) return null;
  return (
    <section className="mail-to" aria-label={t('mailTo.label')}>
      <p className="plain">{t('mailTo.label')}</p>
      <ul>
        {items.map(({ address, queueName, mode }) => (
          <li key={address}>
            <span className="mail-to-address">{address}</span>
            <CopyButton text={address} />
            <span className="hint plain">{t(`mailTo.${mode}`, { queue: plain(queueName) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** All keys that act without a field, with what each of them does. */
import { useTranslation } from 'react-i18next';
import type { Jump } from '../frame/keys/keys.tsx';
import { Dialog } from '../ui/dialog.tsx';

type KeyListProps = { readonly jumps: readonly Jump[]; readonly onClose: () => void };

export default function KeyList({ jumps, onClose }: KeyListProps) {
  const { t } = useTranslation();
  const rows: readonly (readonly [keys: readonly string[], does: string])[] = [
    [['/'], t('search.label')],
    ...jumps.map(({ letter, entry }) => [['g', letter], t(entry.title)] as const),
    [['c'], t('keys.copy')],
    [['Esc'], t('keys.close')],
    [['?'], t('keys.list')],
  ];
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <table className="list" aria-label={t('keys.title')}>
        <thead>
          <tr>
            <th scope="col">{t('keys.key')}</th>
            <th scope="col">{t('keys.does')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([keys, does]) => (
            <tr key={keys.join(' ')}>
              <td>
                {keys.map((key) => (
                  <kbd key={key} style={{ marginInlineEnd: 8 }}>
                    {key}
                  </kbd>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="plain" style={{ marginTop: 12 }}>
        {t('keys.off')}
      </p>
    </Dialog>
  );
}

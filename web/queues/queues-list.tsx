/** Queues: where jobs go, whether they wait for a release, and which printers serve them. */
import { Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { type OpenDialog, useOpenDialog } from '../ui/dialog.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { type Choice, type Queue, QueueForm } from './queue-form.tsx';

const KEY = ['queues'] as const;
const ACTS = ['edit', 'remove'] as const;
type Open = OpenDialog<(typeof ACTS)[number], Queue>;
type Listed = { readonly queues: readonly Queue[]; readonly printers: readonly Choice[] };

export default function QueuesList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  useLiveQuery(['queue-', 'printer-added', 'printer-removed'], KEY);
  const listed = useQuery({
    queryKey: KEY,
    queryFn: async (): Promise<Listed> => {
      const [queues, printers] = await Promise.all([
        need(api.GET('/queues')),
        need(api.GET('/printers', { params: { query: { limit: 100 } } })),
      ]);
      return { queues: queues.items, printers: printers.items };
    },
  });
  const { open, show, close } = useOpenDialog(ACTS, listed.data?.queues ?? []);
  const again = async () => await client.invalidateQueries({ queryKey: KEY });
  const add = isAdministrator ? <Button onClick={() => show({ act: 'add' })}>{t('queues.add')}</Button> : null;
  return (
    <Page title={t('nav.queues')} actions={add}>
      <Loaded query={listed}>
        {({ queues, printers }) => (
          <>
            {queues.length === 0 ? (
              <Empty title={t('queues.empty')}>
                <p>{t('queues.emptyHint')}</p>
              </Empty>
            ) : (
              <QueueTable queues={queues} printers={printers} onOpen={show} />
            )}
            {isAdministrator && open?.act === 'add' ? (
              <QueueForm printers={printers} onClose={close} onSaved={again} />
            ) : null}
            {isAdministrator && open?.act === 'edit' ? (
              <QueueForm queue={open.item} printers={printers} onClose={close} onSaved={again} />
            ) : null}
          </>
        )}
      </Loaded>
      {isAdministrator && open?.act === 'remove' ? (
        <Confirm
          title={t('queues.removeTitle', { name: open.item.name })}
          act={t('action.remove')}
          onClose={close}
          onConfirm={async () => {
            await need(api.DELETE('/queues/{id}', { params: { path: { id: open.item.id } } }));
            await again();
          }}
        >
          <p>{t('queues.removeStops')}</p>
        </Confirm>
      ) : null}
    </Page>
  );
}

type TableProps = Listed & { readonly onOpen: (open: Open) => void };

function QueueTable({ queues, printers, onOpen }: TableProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  return (
    <table className="list" aria-label={t('nav.queues')}>
      <thead>
        <tr>
          <th scope="col">{t('queues.name')}</th>
          <th scope="col">{t('queues.mode')}</th>
          <th scope="col">{t('nav.printers')}</th>
          {isAdministrator ? <th scope="col">{t('label.acts')}</th> : null}
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.id} data-row>
            <td>
              <strong>{queue.name}</strong>
              {queue.isDefault ? <div>{t('queues.isDefault')}</div> : null}
            </td>
            <td>{t(`queueMode.${queue.mode}`)}</td>
            <td>
              <Printers names={printers.filter(({ id }) => queue.printerIds.includes(id)).map(({ name }) => name)} />
            </td>
            {isAdministrator ? (
              <td>
                <Group gap={4}>
                  <Button variant="subtle" px="xs" onClick={() => onOpen({ act: 'edit', item: queue })}>
                    {t('action.edit')}
                    <span className="quiet"> {queue.name}</span>
                  </Button>
                  <Button variant="subtle" px="xs" onClick={() => onOpen({ act: 'remove', item: queue })}>
                    {t('action.remove')}
                    <span className="quiet"> {queue.name}</span>
                  </Button>
                </Group>
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Printers({ names }: { readonly names: readonly string[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return <State tone="warning" word={t('queues.noPrinter')} />;
  return <>{names.join(' · ')}</>;
}

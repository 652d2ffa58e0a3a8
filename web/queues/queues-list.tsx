/** Queues: where jobs go, whether they wait for a release, and which printers serve them. */
import { Button, Menu } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { JournalLink } from '../journal/journal-link.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { type OpenDialog, useOpenDialog } from '../ui/dialog.tsx';
import { Page } from '../ui/page.tsx';
import { ActsMenu } from '../ui/rows/acts-menu.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { type Choice, type Queue, QueueForm } from './queue-form.tsx';

const KEY = ['queues'] as const;
const ACTS = ['edit', 'remove'] as const;
type Open = OpenDialog<(typeof ACTS)[number], Queue>;
type Held = paths['/queues/held']['get']['responses'][200]['content']['application/json']['items'][number];
type Listed = {
  readonly queues: readonly Queue[];
  readonly printers: readonly Printer[];
  readonly held: readonly Held[];
};
type Printer = Choice & { readonly state: string };
/** A printer in such a state prints nothing. */
const STOPPED = ['stopped', 'unreachable'];

export default function QueuesList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  useLiveQuery(['queue-', 'printer-', 'job-'], KEY);
  const listed = useQuery({
    queryKey: KEY,
    queryFn: load,
  });
  const { open, show, close } = useOpenDialog(ACTS, listed.data?.queues ?? []);
  const again = async () => await client.invalidateQueries({ queryKey: KEY });
  const add = isAdministrator ? <Button onClick={() => show({ act: 'add' })}>{t('queues.add')}</Button> : null;
  return (
    <Page title={t('nav.queues')} actions={add}>
      <Loaded query={listed}>
        {({ queues, printers, held }) => (
          <>
            {queues.length === 0 ? (
              <Empty title={t('queues.empty')}>
                <p>{t('queues.emptyHint')}</p>
              </Empty>
            ) : (
              <QueueTable queues={queues} printers={printers} held={held} onOpen={show} />
            )}
            {isAdministrator && open?.act === 'add' ? (
              <QueueForm held={0} printers={printers} onClose={close} onSaved={again} />
            ) : null}
            {isAdministrator && open?.act === 'edit' ? (
              <QueueForm
                queue={open.item}
                held={countOf(held, open.item)?.count ?? 0}
                printers={printers}
                onClose={close}
                onSaved={again}
              />
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

async function load(): Promise<Listed> {
  const [queues, printers, held] = await Promise.all([
    need(api.GET('/queues')),
    need(api.GET('/printers', { params: { query: { limit: 500 } } })),
    need(api.GET('/queues/held')),
  ]);
  return { queues: queues.items, printers: printers.items, held: held.items };
}

type TableProps = Listed & { readonly onOpen: (open: Open) => void };

const countOf = (held: readonly Held[], { id }: Queue) => held.find(({ queueId }) => queueId === id);

function QueueTable({ queues, printers, held, onOpen }: TableProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  return (
    <table className="list" aria-label={t('nav.queues')}>
      <thead>
        <tr>
          <th scope="col">{t('queues.name')}</th>
          <th scope="col">{t('queues.mode')}</th>
          <th scope="col">{t('nav.printers')}</th>
          <th scope="col">{t('queues.held')}</th>
          {isAdministrator ? (
            <th scope="col">
              <span className="quiet">{t('label.acts')}</span>
            </th>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.id} data-row>
            <td>
              <strong>{queue.name}</strong>
              {queue.isDefault ? <div>{t('queues.isDefault')}</div> : null}
              {queue.pauseReason === null ? null : (
                <State tone="warning" word={t('queues.pausedBecause', { reason: plain(queue.pauseReason) })} />
              )}
              {isAdministrator ? null : (
                <div>
                  <JournalLink subject={queue.id} of={queue.name} />
                </div>
              )}
            </td>
            <td>{t(`queueMode.${queue.mode}`)}</td>
            <td>
              <Printers printers={printers.filter(({ id }) => queue.printerIds.includes(id))} />
            </td>
            <td>
              <HeldHere held={countOf(held, queue)} />
            </td>
            {isAdministrator ? (
              <td>
                <ActsMenu of={queue.name}>
                  <Menu.Item onClick={() => onOpen({ act: 'edit', item: queue })}>{t('action.edit')}</Menu.Item>
                  <Menu.Item component={Link} to={`/journal?subject=${queue.id}`}>
                    {t('journal.show')}
                  </Menu.Item>
                  <Menu.Item onClick={() => onOpen({ act: 'remove', item: queue })}>{t('action.remove')}</Menu.Item>
                </ActsMenu>
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Printers({ printers }: { readonly printers: readonly Printer[] }) {
  const { t } = useTranslation();
  if (printers.length === 0) return <State tone="warning" word={t('queues.noPrinter')} />;
  return (
    <>
      <div>{printers.map(({ name }) => name).join(' · ')}</div>
      {printers.every(({ state }) => STOPPED.includes(state)) ? (
        <State tone="warning" word={t('queues.allStopped')} />
      ) : null}
    </>
  );
}

function HeldHere({ held }: { readonly held: Held | undefined }) {
  const { t } = useTranslation();
  if (held === undefined) return '–';
  return (
    <>
      <div>{t('queues.heldCount', { count: held.count })}</div>
      <div className="hint">
        {t('queues.oldest')} <When at={held.oldestAt} />
      </div>
      {held.endingSoon === 0 ? null : (
        <State tone="warning" word={t('queues.endingSoon', { count: held.endingSoon })} />
      )}
    </>
  );
}

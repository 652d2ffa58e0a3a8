/** Printers: how each is, in words, and adding one by its address. */
import { Anchor, Button, Menu, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { NextStep, STEP_DONE, useNextStep, useStepsAgain } from '../overview/next-step.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/content.tsx';
import { type OpenDialog, useOpenDialog } from '../ui/dialog.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { ActsMenu } from '../ui/rows/acts-menu.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { AddPrinter } from './add-printer.tsx';
import { PRINTERS_KEY, type Printer } from './printer.ts';
import { PrinterState } from './printer-state.tsx';
import { dueSupplies } from './supplies.tsx';
import { WaitingJobs } from './waiting.tsx';

const ACTS = ['remove'] as const;
type Open = OpenDialog<(typeof ACTS)[number], Printer>;

export default function PrintersList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  useLiveQuery(['printer-'], PRINTERS_KEY);
  const pages = usePages<Printer>(PRINTERS_KEY, (cursor) =>
    need(api.GET('/printers', { params: { query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } } })),
  );
  const { open, show, close, finish } = useOpenDialog(ACTS, pages.items, findPrinter);
  const next = useNextStep();
  const stepsAgain = useStepsAgain();
  const again = async () => await client.invalidateQueries({ queryKey: PRINTERS_KEY });
  const columns = columnsOf(t, (printer) => <Acts printer={printer} onOpen={show} again={again} />);
  const add = (
    <Button variant={next === undefined ? 'filled' : 'default'} onClick={() => show({ act: 'add' })}>
      {t('printers.add')}
    </Button>
  );
  return (
    <Page title={t('nav.printers')} actions={isAdministrator ? add : null}>
      <Stack gap="md">
        <NextStep step={next} />
        <LongList
          label={t('nav.printers')}
          pages={pages}
          columns={columns}
          keyOf={({ id }) => id}
          empty={
            <Empty title={t('printers.empty')}>
              <p>{t('printers.emptyHint')}</p>
            </Empty>
          }
        />
      </Stack>
      {isAdministrator && open?.act === 'add' ? (
        <AddPrinter
          onClose={close}
          onAdded={again}
          onDone={async () => {
            await Promise.all([stepsAgain(), client.invalidateQueries({ queryKey: ['queues'] })]);
            finish(STEP_DONE);
          }}
        />
      ) : null}
      {isAdministrator && open?.act === 'remove' ? (
        <Confirm
          title={t('printers.removeTitle', { name: open.item.name })}
          act={t('action.remove')}
          onClose={close}
          onConfirm={async () => {
            await need(api.DELETE('/printers/{id}', { params: { path: { id: open.item.id } } }));
            await again();
          }}
        >
          <p>{t('printers.removeStops')}</p>
        </Confirm>
      ) : null}
    </Page>
  );
}

const findPrinter = (id: string): Promise<Printer> => need(api.GET('/printers/{id}', { params: { path: { id } } }));

function columnsOf(t: TFunction, acts: Column<Printer>['cell']): readonly Column<Printer>[] {
  return [
    { key: 'name', title: t('printers.name'), cell: (printer) => <Name printer={printer} />, phone: 'name' },
    { key: 'model', title: t('printers.model'), cell: ({ capabilities }) => capabilities?.model ?? '–' },
    {
      key: 'state',
      title: t('printers.state'),
      cell: (printer) => <PrinterState printer={printer} />,
      phone: 'state',
    },
    {
      key: 'waiting',
      title: t('printers.jobs'),
      cell: ({ id }) => <WaitingJobs printerId={id} />,
      isNamedOnPhone: true,
      isShort: true,
      phone: 'detail',
    },
    {
      key: 'supplies',
      title: t('printers.supplies'),
      cell: ({ supplies }) => dueSupplies(supplies).map((name) => <div key={name}>{t('supply.low', { name })}</div>),
      phone: 'detail',
    },
    {
      key: 'since',
      title: t('printers.since'),
      cell: ({ stateSince }) => <When at={stateSince} />,
      isNamedOnPhone: true,
      isShort: true,
      phone: 'detail',
    },
    { key: 'acts', title: t('label.acts'), cell: acts, width: '90px', phone: 'acts' },
  ];
}

function Name({ printer }: { readonly printer: Printer }) {
  const place = printer.capabilities?.location ?? '';
  return (
    <>
      <Anchor component={Link} to={`/printers/${printer.id}`} fw={600}>
        {printer.name}
      </Anchor>
      {place === '' ? null : <div className="hint">{plain(place)}</div>}
    </>
  );
}

type ActsProps = {
  readonly printer: Printer;
  readonly onOpen: (open: Open) => void;
  readonly again: () => Promise<void>;
};

function Acts({ printer, onOpen, again }: ActsProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  const check = async () => {
    await need(api.POST('/printers/{id}/check', { params: { path: { id: printer.id } } })).catch(() => undefined);
    await again();
  };
  return (
    <ActsMenu of={printer.name}>
      <Menu.Item component={Link} to={`/printers/${printer.id}`}>
        {t('action.details')}
      </Menu.Item>
      <Menu.Item onClick={() => void check()}>{t('action.checkNow')}</Menu.Item>
      <Menu.Item component={Link} to={`/printers/${printer.id}/sticker`}>
        {t('release.sticker')}
      </Menu.Item>
      {isAdministrator ? (
        <Menu.Item onClick={() => onOpen({ act: 'remove', item: printer })}>{t('action.remove')}</Menu.Item>
      ) : null}
    </ActsMenu>
  );
}

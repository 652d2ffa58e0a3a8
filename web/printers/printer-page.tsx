/** One printer: how it is and since when, its supplies, what it can do, and its name. */
import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { JournalLink } from '../journal/journal-link.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { OfferFacts } from './add-printer.tsx';
import { PRINTERS_KEY, type Printer } from './printer.ts';
import { PrinterState } from './printer-state.tsx';
import { PrinterProblem } from './problem.tsx';
import { Supplies } from './supplies.tsx';
import { TestPage } from './test-page.tsx';
import { WaitingJobs } from './waiting.tsx';

/** Levels sink without an event. */
const LOOK_AGAIN_MS = 30_000;

export default function PrinterScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = [...PRINTERS_KEY, 'one', id];
  useLiveQuery(['printer-'], key);
  const printer = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/printers/{id}', { params: { path: { id } } })),
    refetchInterval: LOOK_AGAIN_MS,
  });
  return <Loaded query={printer}>{(one) => <PrinterView printer={one} />}</Loaded>;
}

function PrinterView({ printer }: { readonly printer: Printer }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  const again = async () => await client.invalidateQueries({ queryKey: PRINTERS_KEY });
  const check = async () => {
    await need(api.POST('/printers/{id}/check', { params: { path: { id: printer.id } } })).catch(() => undefined);
    await again();
  };
  return (
    <Page
      title={printer.name}
      above={
        <Anchor component={Link} to="/printers">
          ‹ {t('nav.printers')}
        </Anchor>
      }
      actions={
        <>
          <Button variant="default" onClick={() => void check()}>
            {t('action.checkNow')}
          </Button>
          <Button variant="default" component={Link} to={`/printers/${printer.id}/sticker`}>
            {t('release.sticker')}
          </Button>
        </>
      }
    >
      <Stack gap="lg" maw={760}>
        <PrinterProblem printer={printer} onChanged={again} />
        <dl className="facts">
          <dt>{t('printers.state')}</dt>
          <dd>
            <PrinterState printer={printer} />
          </dd>
          <dt>{t('printers.since')}</dt>
          <dd>
            <When at={printer.stateSince} />
          </dd>
          <dt>{t('printers.jobs')}</dt>
          <dd>
            <WaitingJobs printerId={printer.id} />
          </dd>
          <dt>{t('printers.uri')}</dt>
          <dd>
            <code className="words">{printer.uri}</code>
          </dd>
        </dl>
        <TestPage printerId={printer.id} />
        <section>
          <h2>{t('printers.supplies')}</h2>
          <Supplies supplies={printer.supplies} />
        </section>
        <OfferFacts offer={printer} />
        {isAdministrator ? <Name printer={printer} onChanged={again} /> : null}
        <JournalLink subject={printer.id} />
      </Stack>
    </Page>
  );
}

function Name({ printer, onChanged }: { readonly printer: Printer; readonly onChanged: () => Promise<void> }) {
  const { t } = useTranslation();
  const form = usePlatenForm(
    {
      initialValues: { name: printer.name },
      validate: { name: (value) => (value.trim() === '' ? t('printers.nameMissing') : null) },
    },
    async ({ name }) => {
      const params = { path: { id: printer.id } };
      await need(api.PATCH('/printers/{id}', { params, body: { name: name.trim() } }));
      await onChanged();
    },
  );
  return (
    <form onSubmit={form.submit}>
      <Group align="flex-end" gap="sm">
        <TextInput label={t('printers.name')} {...fieldOf(form, 'name')} />
        <Button variant="default" type="submit" loading={form.isBusy}>
          {form.isSaved ? t('action.saved') : t('action.save')}
        </Button>
      </Group>
      {form.error === undefined ? null : <Failed error={form.error} />}
    </form>
  );
}

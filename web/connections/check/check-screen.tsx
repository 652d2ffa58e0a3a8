/** `/settings/connections/{id}/check`: the tests one by one as they end, findings on top, each with what to do about it. */
import { Anchor, Button, Checkbox, Group, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { Failed, Loaded } from '../../ui/content.tsx';
import { Page } from '../../ui/page.tsx';
import { State } from '../../ui/state.tsx';
import { When } from '../../ui/when.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import { CheckFindings, CheckTests, type Report } from './report.tsx';

const checkKey = (id: string) => ['check', id] as const;

export default function CheckScreen() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const connections = useQuery(connectionsQuery);
  return (
    <Loaded query={connections}>
      {(all) => {
        const connection = all.find((one) => one.id === id);
        if (connection !== undefined) return <Checked connection={connection} />;
        return (
          <Page title={t('check.title')}>
            <p>{t('connections.gone')}</p>
          </Page>
        );
      }}
    </Loaded>
  );
}

function Checked({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { id, title } = connection;
  useLiveQuery(['connection-'], checkKey(id));
  const report = useQuery({
    queryKey: checkKey(id),
    queryFn: () => findReport(id),
    // The end is also seen when the stream of events is not there.
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 2_000 : false),
  });
  const failed = report.data?.tests.some(({ outcome }) => outcome === 'failed') === true;
  return (
    <Page
      title={t('check.title')}
      isBroken={failed}
      above={
        <Anchor component={Link} to={`/settings/connections/${id}`}>
          ‹ {title}
        </Anchor>
      }
    >
      <Loaded query={report}>
        {(found) => (
          <Stack gap="md" maw={860}>
            <CheckRunner connection={connection} report={found ?? undefined} />
            {found === null ? (
              <p className="plain">{t('check.never')}</p>
            ) : (
              <Told connection={connection} report={found} />
            )}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

async function findReport(id: string): Promise<Report | null> {
  try {
    return await need(api.GET('/connections/{id}/check', { params: { path: { id } } }));
  } catch (error) {
    if (isProblem(error) && error.status === 404) return null;
    throw error;
  }
}

/** While a check runs, what the one before it found stays until the same test has ended again. */
function Told({ connection, report }: { readonly connection: Connection; readonly report: Report }) {
  const before = useLastEnded(report);
  return (
    <>
      <Verdict report={report} />
      <Announced report={report} />
      <CheckFindings report={report} before={before} connectionId={connection.id} />
      <CheckTests report={report} before={before} />
    </>
  );
}

/** The last report that was complete, while another one grows. */
function useLastEnded(report: Report): Report | undefined {
  const last = useRef<Report>(undefined);
  useEffect(() => {
    if (report.state === 'finished') last.current = report;
  }, [report]);
  return report.state === 'running' ? last.current : undefined;
}

/** For the ear: each test that failed at once, what passed only as a sum at the end. */
function Announced({ report: { tests, state } }: { readonly report: Report }) {
  const { t } = useTranslation();
  const failed = tests.filter(({ outcome }) => outcome === 'failed');
  const count = tests.filter(({ outcome }) => outcome === 'passed').length;
  return (
    <div role="log" className="quiet">
      {failed.map(({ test, title }) => (
        <p key={test}>{`${title}: ${t('check.failed')}`}</p>
      ))}
      {state === 'finished' ? <p>{t('check.sum', { count, failed: failed.length })}</p> : null}
    </div>
  );
}

/** What is to be tested beside the usual, and the buttons. */
function CheckRunner({ connection, report }: { readonly connection: Connection; readonly report: Report | undefined }) {
  const { t } = useTranslation();
  const [sendsMessage, setSends] = useState(false);
  const [shared, setShared] = useState('');
  const client = useQueryClient();
  const { id } = connection;
  const refresh = () => client.invalidateQueries({ queryKey: checkKey(id) });
  const run = useMutation({
    mutationFn: () => {
      const sharedMailbox = shared.trim() === '' ? {} : { sharedMailbox: shared.trim() };
      const body = { ...(sendsMessage ? { sendMessage: true } : {}), ...sharedMailbox };
      return need(api.POST('/connections/{id}/check', { params: { path: { id } }, body }));
    },
    onSuccess: refresh,
  });
  const stop = useMutation({
    mutationFn: () => need(api.DELETE('/connections/{id}/check', { params: { path: { id } } })),
    onSuccess: refresh,
  });
  const isRunning = report?.state === 'running';
  return (
    <section className="card">
      <Stack gap="sm">
        <Checkbox
          label={t('check.sendMessage')}
          description={t('check.sendMessageHint')}
          checked={sendsMessage}
          onChange={(event) => setSends(event.currentTarget.checked)}
        />
        <TextInput
          label={`${t('check.shared')} ${t('label.optional')}`}
          description={t('check.sharedHint')}
          type="email"
          autoComplete="off"
          value={shared}
          onChange={(event) => setShared(event.currentTarget.value)}
        />
        {run.error === null ? null : <Failed error={run.error} />}
        {stop.error === null ? null : <Failed error={stop.error} />}
        <Group gap="xs">
          <Button loading={run.isPending} disabled={isRunning} onClick={() => run.mutate()}>
            {report === undefined ? t('action.checkNow') : t('action.checkAgain')}
          </Button>
          {isRunning ? (
            <Button variant="default" loading={stop.isPending} onClick={() => stop.mutate()}>
              {t('action.stop')}
            </Button>
          ) : null}
        </Group>
      </Stack>
    </section>
  );
}

function Verdict({ report }: { readonly report: Report }) {
  const { t } = useTranslation();
  const { tests, waiting, state } = report;
  const failed = tests.filter(({ outcome }) => outcome === 'failed').length;
  const count = tests.filter(({ outcome }) => outcome === 'passed').length;
  const at = report.finishedAt ?? report.startedAt;
  return (
    <Group gap="md">
      {state === 'running' ? (
        <State tone="waiting" word={t('check.running', { done: tests.length, total: tests.length + waiting.length })} />
      ) : null}
      {state === 'stopped' ? <State tone="off" word={t('check.stopped')} /> : null}
      {state === 'finished' && failed === 0 ? <State tone="ok" word={t('check.allWell', { count })} /> : null}
      {state === 'finished' && failed > 0 ? <State tone="broken" word={t('check.faults', { count: failed })} /> : null}
      {state === 'running' ? null : <When at={at} />}
    </Group>
  );
}

/** What a check found: the faults first, then every test in the order of its subject. */
import { Button, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { State } from '../../ui/state.tsx';
import type { Connection } from '../connection.ts';
import { Explained, requestText } from '../explained.tsx';

export type Report = NonNullable<Connection['checks']>;
type Test = Report['tests'][number];

/** Which part of the connection a test is about. */
const GROUPS = {
  microsoft: ['tenant', 'registration', 'public-client', 'clock', 'account', 'permissions', 'token'],
  network: ['reach'],
  reading: ['imap', 'imap-folders', 'pop3', 'shared-mailbox'],
  sending: ['smtp', 'message'],
} as const;
const GROUP_NAMES = Object.keys(GROUPS) as readonly (keyof typeof GROUPS)[];

type ShownProps = {
  readonly report: Report;
  /** The last complete report, while a new one grows. */
  readonly before: Report | undefined;
};

/** What has ended so far, and of the rest what was known before. */
function withBefore({ report, before }: ShownProps): readonly Test[] {
  const ended = new Set(report.tests.map(({ test }) => test));
  return [...report.tests, ...(before?.tests.filter(({ test }) => !ended.has(test)) ?? [])];
}

export function CheckFindings({ connectionId, ...shown }: ShownProps & { readonly connectionId: string }) {
  return withBefore(shown).map((test) =>
    test.problem === undefined ? null : <CheckFinding key={test.test} test={test} connectionId={connectionId} />,
  );
}

function CheckFinding({ test, connectionId }: { readonly test: Test; readonly connectionId: string }) {
  const { t } = useTranslation();
  const mayConfirm = useMay('administrator');
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => need(api.POST('/connections/{id}/check', { params: { path: { id: connectionId } }, body: {} })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['check', connectionId] }),
  });
  const { problem } = test;
  if (problem === undefined) return null;
  return (
    <Explained problem={problem} of={connectionId} found={t('check.foundBy', { test: test.title })}>
      {mayConfirm && needsConfirmation(test) ? (
        <Button component={Link} to={`/settings/connections/${connectionId}`}>
          {t('action.confirmAgain')}
        </Button>
      ) : null}
      <Button
        variant={mayConfirm && needsConfirmation(test) ? 'default' : 'filled'}
        loading={run.isPending}
        onClick={() => run.mutate()}
      >
        {t('action.checkThisAgain')}
      </Button>
      <CopyButton text={requestText(t, problem)} label={t('action.copyRequest')} />
    </Explained>
  );
}

/** What only a new confirmation cures. */
function needsConfirmation({ test, problem }: Test): boolean {
  const isOwners = problem?.explanation?.who === 'mailbox-owner';
  return test === 'account' || (isOwners && (test === 'permissions' || test === 'token'));
}

export function CheckTests({ report, before }: ShownProps) {
  const { t } = useTranslation();
  return GROUP_NAMES.map((name) => {
    const names: readonly string[] = GROUPS[name];
    const tests = report.tests.filter(({ test }) => names.includes(test));
    const waiting = report.waiting.filter(({ test }) => names.includes(test));
    return (
      <section key={name} className="card">
        <h2 className="section">{t(`check.group.${name}`)}</h2>
        <ul className="tests">
          {tests.map((test) => (
            <li key={test.test}>
              <TestLine test={test} />
            </li>
          ))}
          {waiting.map(({ test, title }) => (
            <li key={test}>
              <Waiting title={title} before={before?.tests.find((one) => one.test === test)} />
            </li>
          ))}
        </ul>
      </section>
    );
  });
}

function Waiting({ title, before }: { readonly title: string; readonly before: Test | undefined }) {
  const { t } = useTranslation();
  return (
    <Group gap="sm" align="baseline">
      <State tone="waiting" word={`${title}: ${t('check.waiting')}`} />
      {before === undefined ? null : (
        <span className="hint">{t('check.before', { outcome: t(`check.${before.outcome}`) })}</span>
      )}
    </Group>
  );
}

const TONES = { passed: 'ok', failed: 'broken', skipped: 'off' } as const;

function TestLine({ test }: { readonly test: Test }) {
  const { t, i18n } = useTranslation();
  const format = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  const facts = Object.entries(test.facts ?? {}).map(
    ([name, value]) => `${t(`fact.${name}`, { defaultValue: name })} ${value}`,
  );
  return (
    <Group gap="sm" align="baseline">
      <State tone={TONES[test.outcome]} word={`${test.title}: ${t(`check.${test.outcome}`)}`} />
      {test.becauseText === undefined ? null : <span className="hint">{test.becauseText}</span>}
      {facts.length === 0 ? null : <span className="hint">{facts.join(' · ')}</span>}
      {test.durationMs === undefined ? null : (
        <span className="hint">{t('check.seconds', { seconds: format.format(test.durationMs / 1000) })}</span>
      )}
    </Group>
  );
}

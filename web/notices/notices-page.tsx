/** Which event writes to whom, how often at most, and the second way for alarms. */
import { Button, Checkbox, Group, NumberInput, Stack, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { Preview } from './preview.tsx';
import { SecondWay } from './second-way.tsx';

type Notices = paths['/notices']['get']['responses'][200]['content']['application/json'];
type NoticeEvent = keyof Notices['rules'];
type Rule = Notices['rules'][NoticeEvent];

const KEY = ['notices'] as const;
const WHO = ['owner', 'operators', 'administrators'] as const;
/** What happens to a thing of the house has no sender. */
const OF_THE_HOUSE: readonly string[] = [
  'printer-needs-attention',
  'connection-needs-confirmation',
  'connection-may-end',
];

export default function NoticesPage() {
  const { t } = useTranslation();
  const notices = useQuery({ queryKey: KEY, queryFn: () => need(api.GET('/notices')) });
  return (
    <Page title={t('nav.notices')}>
      <Loaded query={notices}>
        {({ rules, limits }) => (
          <Stack gap="lg">
            <p className="plain">{t('notices.intro')}</p>
            <Rules rules={rules} />
            <Limits limits={limits} />
            <SecondWay />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Rules({ rules }: { readonly rules: Notices['rules'] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ event, rule }: { readonly event: NoticeEvent; readonly rule: Rule }) => {
      const { lastSentAt: _last, ...kept } = rule;
      return need(api.PUT('/notices', { body: { rules: { [event]: kept } } }));
    },
    onSuccess: (answer) => client.setQueryData(KEY, answer),
  });
  const events = Object.keys(rules) as NoticeEvent[];
  return (
    <section className="card">
      {change.error === null ? null : <Failed error={change.error} />}
      <table className="list" aria-label={t('nav.notices')}>
        <thead>
          <tr>
            <th scope="col">{t('notices.event')}</th>
            <th scope="col">{t('notices.on')}</th>
            <th scope="col">{t('notices.who')}</th>
            <th scope="col">{t('notices.last')}</th>
            <th scope="col">{t('notices.preview')}</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <RuleRow
              key={event}
              event={event}
              rule={rules[event]}
              onChange={(rule) => change.mutate({ event, rule })}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

type RowProps = {
  readonly event: NoticeEvent;
  readonly rule: Rule;
  readonly onChange: (rule: Rule) => void;
};

function RuleRow({ event, rule, onChange }: RowProps) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  const name = t(`notices.events.${event}`);
  return (
    <tr data-row>
      <td>{name}</td>
      <td>
        <Switch
          aria-label={t('notices.switch', { event: name })}
          checked={rule.enabled}
          onChange={({ currentTarget }) => onChange({ ...rule, enabled: currentTarget.checked })}
        />
      </td>
      <td>
        <Group gap="md">
          {WHO.filter((who) => who !== 'owner' || !OF_THE_HOUSE.includes(event)).map((who) => (
            <Checkbox
              key={who}
              label={t(`notices.${who}`)}
              aria-label={t('notices.to', { event: name, who: t(`notices.${who}`) })}
              checked={rule[who]}
              disabled={!rule.enabled}
              onChange={({ currentTarget }) => onChange({ ...rule, [who]: currentTarget.checked })}
            />
          ))}
        </Group>
      </td>
      <td data-title={t('notices.last')}>
        {rule.lastSentAt === null ? t('notices.never') : <When at={rule.lastSentAt} />}
      </td>
      <td>
        <Button
          variant="subtle"
          size="compact-md"
          aria-label={t('notices.previewOf', { event: name })}
          onClick={() => setShown(true)}
        >
          {t('notices.preview')}
        </Button>
        {isShown ? <Preview event={event} name={name} onClose={() => setShown(false)} /> : null}
      </td>
    </tr>
  );
}

const LIMITS = ['repliesPerPersonAndDay', 'jobRepliesPerPersonAndDay', 'noticesPerPersonAndDay', 'perHour'] as const;

function Limits({ limits }: { readonly limits: Notices['limits'] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isRight = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10_000;
  const check = (value: unknown) => (isRight(value) ? null : t('notices.range'));
  const form = usePlatenForm(
    { initialValues: { ...limits }, validate: Object.fromEntries(LIMITS.map((name) => [name, check])) },
    async (values) => {
      client.setQueryData(KEY, await need(api.PUT('/notices', { body: { limits: values } })));
    },
  );
  return (
    <section className="card">
      <h2 className="section">{t('notices.limits')}</h2>
      <form onSubmit={form.submit}>
        <Stack gap="sm">
          {LIMITS.map((name) => (
            <NumberInput key={name} label={t(`notices.${name}`)} {...fieldOf(form, name)} />
          ))}
          {form.error === undefined ? null : <Failed error={form.error} />}
          <Group>
            <Button type="submit" loading={form.isBusy}>
              {form.isSaved ? t('action.saved') : t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </section>
  );
}

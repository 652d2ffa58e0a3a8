/** Which event writes to whom, how often at most, and the second way for alarms. */
import { Button, Group, NumberInput, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { KEY, type Notices } from './notices.ts';
import { Rules } from './rules.tsx';
import { SecondWay } from './second-way.tsx';

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

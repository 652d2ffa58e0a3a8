/** The mail domain of the company, which the first run has asked for: what is proposed wherever the own domain matters. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { companyQuery, DOMAIN } from './settings.ts';

export function Company() {
  const company = useQuery(companyQuery);
  return <Loaded query={company}>{({ mailDomain }) => <CompanyForm mailDomain={mailDomain ?? ''} />}</Loaded>;
}

function CompanyForm({ mailDomain }: { readonly mailDomain: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = usePlatenForm(
    {
      initialValues: { mailDomain },
      validate: { mailDomain: (value) => (DOMAIN.test(value.trim()) ? null : t('firstRun.domainForm')) },
    },
    async ({ mailDomain }) => {
      const body = { mailDomain: mailDomain.trim() };
      client.setQueryData(companyQuery.queryKey, await need(api.PUT('/settings/company', { body })));
    },
  );
  return (
    <section className="card">
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <h2 className="section">{t('network.company')}</h2>
          <TextInput
            label={t('firstRun.domain')}
            description={t('firstRun.domainHint')}
            autoComplete="off"
            {...fieldOf(form, 'mailDomain')}
          />
          {form.error === undefined ? null : <Failed error={form.error} />}
          <Group>
            <Button type="submit" variant="default" loading={form.isBusy}>
              {form.isSaved ? t('action.saved') : t('firstRun.change')}
            </Button>
          </Group>
        </Stack>
      </form>
    </section>
  );
}

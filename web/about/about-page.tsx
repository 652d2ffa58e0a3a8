/** About Platen: what runs here, what whoever helps with a problem wants to know, and whose work it is made of. */
import { Anchor, Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';

export default function AboutPage() {
  const { t } = useTranslation();
  const about = useQuery({ queryKey: ['about'], queryFn: () => need(api.GET('/about')) });
  return (
    <Page title={t('nav.about')}>
      <Loaded query={about}>
        {(shown) => (
          <Stack gap="md">
            <section className="card">
              <dl className="facts">
                <dt>{t('about.version')}</dt>
                <dd>{shown.version}</dd>
                <dt>{t('about.started')}</dt>
                <dd>
                  <When at={shown.startedAt} />
                </dd>
                <dt>{t('about.node')}</dt>
                <dd>{shown.node}</dd>
                <dt>{t('about.database')}</dt>
                <dd>
                  {shown.isEmbedded
                    ? t('about.embedded', { version: shown.postgresql })
                    : t('about.external', { version: shown.postgresql })}
                </dd>
                <dt>{t('about.schema')}</dt>
                <dd>{shown.migration}</dd>
                <dt>{t('about.system')}</dt>
                <dd>{shown.system}</dd>
              </dl>
              <p>
                <Anchor href="/api/openapi.json">{t('about.api')}</Anchor>
                {' · '}
                <Anchor href="/readyz">{t('about.ready')}</Anchor>
              </p>
            </section>
            <section className="card">
              <h2 className="section">{t('about.reportTitle')}</h2>
              <p>{t('about.reportHint')}</p>
              <pre className="words" lang="en">
                {shown.report}
              </pre>
              <CopyButton text={shown.report} label={t('about.copyReport')} />
            </section>
            <Packages />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

/** Some two hundred, so they come when somebody asks for them. */
function Packages() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const packages = useQuery({
    queryKey: ['about', 'packages'],
    queryFn: async () => (await need(api.GET('/about/packages'))).items,
    enabled: isOpen,
  });
  return (
    <section className="card">
      <h2 className="section">{t('about.licenses')}</h2>
      <p>{t('about.licensesHint')}</p>
      <Group>
        <Button variant="default" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? t('about.hidePackages') : t('about.showPackages')}
        </Button>
      </Group>
      {isOpen ? (
        <Loaded query={packages}>
          {(items) => (
            <table className="list" style={{ marginTop: 12 }} aria-label={t('about.licenses')}>
              <thead>
                <tr>
                  <th scope="col">{t('about.package')}</th>
                  <th scope="col">{t('about.version')}</th>
                  <th scope="col">{t('about.license')}</th>
                </tr>
              </thead>
              <tbody>
                {items.map(({ name, version, license }) => (
                  <tr key={`${name} ${version}`} data-row>
                    <td>{name}</td>
                    <td>{version}</td>
                    <td>{license}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Loaded>
      ) : null}
    </section>
  );
}

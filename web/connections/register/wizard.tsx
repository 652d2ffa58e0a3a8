/** `/settings/connections/registration`: what is used, how it is registered, and the two ids that come out of it. */
import { Anchor, Checkbox, Radio, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { LANGUAGES } from '../../app/texts.ts';
import { Loaded } from '../../ui/content.tsx';
import { Page } from '../../ui/page.tsx';
import { FoundIds } from './found-ids.tsx';
import { WayContent } from './ways.tsx';
import { kitQuery, type Use, useWish, WAYS, type Way, type Wish } from './wish.ts';

export type WishProps = { readonly wish: Wish; readonly change: (part: Partial<Wish>) => void };

export default function RegistrationWizard() {
  const { t } = useTranslation();
  const [wish, change] = useWish(t('connections.titleDefault'));
  const kit = useQuery(kitQuery(wish));
  return (
    <Page
      title={t('register.title')}
      above={
        <Anchor component={Link} to="/settings/connections">
          ‹ {t('nav.connections')}
        </Anchor>
      }
    >
      <Stack gap="md" maw={860}>
        <p className="plain">{t('register.intro')}</p>
        <Wishes wish={wish} change={change} />
        <Ways wish={wish} change={change} />
        <Loaded query={kit}>
          {(made) => (
            <>
              <WayContent wish={wish} change={change} kit={made} />
              <FoundIds wish={wish} change={change} kit={made} />
            </>
          )}
        </Loaded>
      </Stack>
    </Page>
  );
}

function Wishes({ wish, change }: WishProps) {
  const { t } = useTranslation();
  return (
    <section className="card">
      <Stack gap="md">
        <h2 className="section">{t('register.wishes')}</h2>
        <Checkbox.Group
          label={t('register.uses')}
          value={wish.uses}
          onChange={(uses) => {
            // least rights, but a registration without any use is none
            if (uses.length > 0) change({ uses: uses as Use[] });
          }}
        >
          <Stack gap="sm" mt="xs">
            {(['smtp', 'imap', 'pop3'] as const).map((use) => (
              <Checkbox key={use} value={use} label={t(`use.${use}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Radio.Group
          label={t('register.audience')}
          value={wish.audience}
          onChange={(audience) => change({ audience: audience === 'multiple' ? 'multiple' : 'single' })}
        >
          <Stack gap="sm" mt="xs">
            <Radio value="single" label={t('register.single')} />
            <Radio value="multiple" label={t('register.multiple')} />
          </Stack>
        </Radio.Group>
        <NameAndCloud wish={wish} change={change} />
      </Stack>
    </section>
  );
}

function NameAndCloud({ wish, change }: WishProps) {
  const { t } = useTranslation();
  const clouds = useQuery({ queryKey: ['clouds'], queryFn: () => need(api.GET('/clouds')) });
  const names = clouds.data?.items ?? [wish.cloud];
  return (
    <>
      <TextInput
        label={t('register.name')}
        description={t('register.nameHint')}
        maxLength={120}
        value={wish.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Select
        label={t('connections.cloud')}
        data={names.map((name) => ({ value: name, label: t(`cloud.${name}`, { defaultValue: name }) }))}
        allowDeselect={false}
        value={wish.cloud}
        onChange={(cloud) => change({ cloud: cloud ?? wish.cloud })}
      />
      {wish.uses.includes('smtp') ? (
        <TextInput
          label={`${t('register.mailbox')} ${t('label.optional')}`}
          description={t('register.mailboxHint')}
          type="email"
          autoComplete="off"
          value={wish.mailbox}
          onChange={(event) => change({ mailbox: event.currentTarget.value })}
        />
      ) : null}
    </>
  );
}

function Ways({ wish, change }: WishProps) {
  const { t } = useTranslation();
  return (
    <section className="card">
      <Stack gap="md">
        <h2 className="section">{t('register.how')}</h2>
        <Radio.Group label={t('register.way')} value={wish.way} onChange={(way) => change({ way: way as Way })}>
          <Stack gap="sm" mt="xs">
            {WAYS.map((way) => (
              <Radio key={way} value={way} label={t(`registerWay.${way}`)} />
            ))}
          </Stack>
        </Radio.Group>
        <Radio.Group
          label={t('register.portal')}
          value={wish.portal}
          onChange={(portal) => change({ portal: portal === 'it' ? 'it' : 'en' })}
        >
          <Stack gap="sm" mt="xs">
            {LANGUAGES.map(({ code, name }) => (
              <Radio key={code} value={code} label={name} />
            ))}
          </Stack>
        </Radio.Group>
      </Stack>
    </section>
  );
}

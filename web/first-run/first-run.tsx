/**
 * `/first-run#secret`: the first administrator, then the way to a working system in steps that can all be skipped. The
 * secret stands behind `#`, which no server, log or referrer sees, and is sent in the body alone.
 */
import { Anchor, Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { screens } from '../app/screens.ts';
import { sessionQuery } from '../app/session.tsx';
import { currentLanguage } from '../app/texts.ts';
import { DOMAIN } from '../network/settings.ts';
import { type Step, useSteps } from '../overview/steps.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';

const MIN_PASSWORD_CHARS = 12;

export default function FirstRun() {
  const { t } = useTranslation();
  const [token] = useState(() => location.hash.slice(1));
  const session = useQuery(sessionQuery);
  const due = useQuery({ queryKey: ['first-run'], queryFn: () => need(api.GET('/first-run')), staleTime: 0 });
  const isSignedIn = session.data?.role === 'administrator';
  return (
    <Page title={t('firstRun.title')}>
      {isSignedIn ? (
        <Guide />
      ) : (
        <Loaded query={due}>
          {(firstRun) => {
            if (!firstRun.due) return <AlreadyDone />;
            return token === '' ? <NoLink /> : <You setupToken={token} />;
          }}
        </Loaded>
      )}
    </Page>
  );
}

function NoLink() {
  const { t } = useTranslation();
  return <Finding tone="waiting" title={t('firstRun.noLink')} advice={t('firstRun.noLinkAdvice')} />;
}

function AlreadyDone() {
  const { t } = useTranslation();
  return (
    <Finding tone="ok" title={t('firstRun.used')}>
      <Button component={Link} to="/sessions/new">
        {t('action.signIn')}
      </Button>
    </Finding>
  );
}

/** Step 1: who runs Platen. */
function You({ setupToken }: { readonly setupToken: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = usePlatenForm(
    {
      initialValues: { name: '', email: '', password: '', mailDomain: '' },
      validate: {
        name: (value) => (value.trim() === '' ? t('firstRun.nameMissing') : null),
        email: (value) => (/^\S+@\S+\.\S+$/.test(value.trim()) ? null : t('firstRun.emailForm')),
        mailDomain: (value) => (value.trim() === '' || DOMAIN.test(value.trim()) ? null : t('firstRun.domainForm')),
        password: (value) => (value.length >= MIN_PASSWORD_CHARS ? null : t('firstRun.passwordShort')),
      },
    },
    async ({ name, email, password, mailDomain }) => {
      const you = { setupToken, name: name.trim(), email: email.trim(), password, language: currentLanguage() };
      const domain = mailDomain.trim();
      const body = domain === '' ? you : { ...you, mailDomain: domain };
      await need(api.POST('/first-run', { body }));
      // The secret is spent; nobody should find it in the history of the browser.
      history.replaceState(null, '', '/first-run');
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  );
  return (
    <form onSubmit={form.submit} className="card">
      <Stack gap="md">
        <p className="plain">{t('firstRun.intro')}</p>
        <h2 className="section">{t('firstRun.you')}</h2>
        <TextInput label={t('firstRun.name')} autoComplete="name" data-autofocus {...fieldOf(form, 'name')} />
        <TextInput label={t('signIn.email')} type="email" autoComplete="username" {...fieldOf(form, 'email')} />
        <PasswordInput
          label={t('firstRun.password')}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
          {...fieldOf(form, 'password')}
        />
        <CompanyDomain form={form} />
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Button type="submit" loading={form.isBusy} className="fit">
          {t('action.continue')}
        </Button>
      </Stack>
    </form>
  );
}

type You = { readonly name: string; readonly email: string; readonly password: string; readonly mailDomain: string };

/** Read from the address, and typed only where it is another one. */
function CompanyDomain({ form }: { readonly form: ReturnType<typeof usePlatenForm<You>> }) {
  const { t } = useTranslation();
  const [isOther, setOther] = useState(false);
  const read = form.values.email.trim().split('@')[1] ?? '';
  if (isOther) {
    return (
      <TextInput
        label={t('firstRun.domain')}
        description={t('firstRun.domainHint')}
        autoComplete="off"
        data-autofocus
        {...fieldOf(form, 'mailDomain')}
      />
    );
  }
  if (!DOMAIN.test(read)) return null;
  const change = () => {
    form.setFieldValue('mailDomain', read);
    setOther(true);
  };
  return (
    <Group gap="xs">
      <span>{t('firstRun.domainRead', { domain: read })}</span>
      <Button variant="subtle" size="compact-md" onClick={change}>
        {t('firstRun.change')}
      </Button>
    </Group>
  );
}

/** Steps 2 to 6: each opens the real page; what is skipped stands on the start page until it is done. */
function Guide() {
  const { t } = useTranslation();
  const steps = useSteps();
  const [skipped, setSkipped] = useState<readonly string[]>([]);
  return (
    <Loaded query={steps}>
      {(all) => {
        const possible = all.filter(({ path }) => screens.some((screen) => screen.path === path));
        const current = possible.find(({ key, isDone }) => !isDone && !skipped.includes(key));
        return (
          <section className="card">
            <h2 className="section">{t('firstRun.next')}</h2>
            <ol className="guide">
              <li>
                <State tone="ok" word={t('overview.stepDone')} />
                <span>{t('firstRun.you')}</span>
              </li>
              {all.map((step) => (
                <GuideStep
                  key={step.key}
                  step={step}
                  isCurrent={step === current}
                  onSkip={() => setSkipped([...skipped, step.key])}
                />
              ))}
            </ol>
            {current === undefined ? (
              <Button component={Link} to="/">
                {t('firstRun.toStart')}
              </Button>
            ) : (
              <Anchor component={Link} to="/">
                {t('firstRun.later')}
              </Anchor>
            )}
          </section>
        );
      }}
    </Loaded>
  );
}

type GuideStepProps = { readonly step: Step; readonly isCurrent: boolean; readonly onSkip: () => void };

function GuideStep({ step, isCurrent, onSkip }: GuideStepProps) {
  const { t } = useTranslation();
  return (
    <li aria-current={isCurrent ? 'step' : undefined}>
      <State
        tone={step.isDone ? 'ok' : 'waiting'}
        word={step.isDone ? t('overview.stepDone') : t('overview.stepOpen')}
      />
      <div>
        {t(`firstRun.${step.key}`)}
        {isCurrent ? (
          <Group gap="xs" mt="xs">
            <Button component={Link} to={step.path} search={step.search as never}>
              {t('action.continue')}
            </Button>
            <Button variant="default" onClick={onSkip}>
              {t('action.skip')}
            </Button>
          </Group>
        ) : null}
      </div>
    </li>
  );
}

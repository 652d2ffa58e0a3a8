/**
 * `/hand-over#secret`: the owner of a mailbox confirms the access, without an account here. Opening it asks nothing of
 * Microsoft; the secret stands behind `#`, which no server, log or referrer sees.
 */
import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../api/client.ts';
import { suggestLanguage } from '../app/texts.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { plain } from '../ui/words.ts';
import { SignIn } from './sign-in.tsx';
import { type OwnersView, viewKey } from './view.ts';

export default function HandOverPage() {
  const { t, i18n } = useTranslation();
  const [token] = useState(() => location.hash.slice(1));
  const view = useQuery({
    queryKey: viewKey(i18n.language),
    queryFn: () => need(api.POST('/hand-over', { body: { token } })),
    enabled: token !== '',
    staleTime: 0,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data?.state === 'open' ? 3_000 : false),
  });
  const language = view.data?.language;
  useEffect(() => {
    if (language !== undefined) void suggestLanguage(language);
  }, [language]);
  const account = view.data?.account ?? null;
  const title = account === null ? t('handOver.page') : t('handOver.title', { account });
  return (
    <Page title={title}>
      {token === '' ? (
        <Finding tone="waiting" title={t('handOver.none')} advice={t('handOver.noneAdvice')} />
      ) : isProblem(view.error) && view.error.code === 'hand-over-unknown' ? (
        // The same link asked for again is no better known.
        <Failed error={view.error} />
      ) : (
        <Loaded query={view}>{(shown) => <Shown token={token} view={shown} />}</Loaded>
      )}
    </Page>
  );
}

type ShownProps = { readonly token: string; readonly view: OwnersView };

function Shown({ token, view }: ShownProps) {
  const [isBegun, setBegun] = useState(false);
  if (view.state === 'confirmed') return <Thanks account={view.account} />;
  if (view.state !== 'open') return <Ended view={view} />;
  if (view.login === null && !isBegun) return <Request token={token} view={view} onBegin={() => setBegun(true)} />;
  return <SignIn token={token} view={view} />;
}

/** Who asks, for which mailbox, and for what: all of it before a code is there. */
function Request({ token, view, onBegin }: ShownProps & { readonly onBegin: () => void }) {
  const { t } = useTranslation();
  const { recipient, askedBy, uses } = view;
  const reads = uses.some((use) => use !== 'smtp');
  return (
    <Stack gap="md">
      {recipient === null ? null : <p className="plain">{t('handOver.hello', { name: plain(recipient) })}</p>}
      <p className="plain">
        {askedBy === null
          ? t('handOver.askedByPlaten')
          : t('handOver.askedBy', { name: plain(askedBy.name), email: askedBy.email })}
      </p>
      <section className="card">
        <h2 className="section">{t('handOver.mayThen')}</h2>
        <ul>
          {reads ? <li>{t('handOver.mayRead')}</li> : null}
          {uses.includes('smtp') ? <li>{t('handOver.maySend')}</li> : null}
        </ul>
        <p className="plain">{t('handOver.noPassword')}</p>
      </section>
      <p className="plain">
        <strong>{t('handOver.expected')}</strong>
      </p>
      <Group gap="xs">
        <Button onClick={onBegin}>{t('action.showCode')}</Button>
        <NotExpected token={token} />
      </Group>
    </Stack>
  );
}

function NotExpected({ token }: { readonly token: string }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const refuse = useMutation({
    mutationFn: () => need(api.POST('/hand-over/unexpected', { body: { token } })),
    onSuccess: (next) => client.setQueryData(viewKey(i18n.language), next),
  });
  return (
    <>
      <Button variant="default" loading={refuse.isPending} onClick={() => refuse.mutate()}>
        {t('handOver.unexpected')}
      </Button>
      {refuse.error === null ? null : <Failed error={refuse.error} />}
    </>
  );
}

function Thanks({ account }: { readonly account: string | null }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      <Finding tone="ok" title={t('handOver.thanks')} detail={t('handOver.connected', { account })} />
    </div>
  );
}

/** No code any more: whom to ask. */
function Ended({ view }: { readonly view: OwnersView }) {
  const { t } = useTranslation();
  const { state, askedBy } = view;
  const askNew =
    askedBy === null
      ? t('handOver.askNew')
      : t('handOver.askNewOf', { name: plain(askedBy.name), email: askedBy.email });
  return (
    <div role="status">
      <Finding
        tone={state === 'unexpected' ? 'ok' : 'off'}
        title={t(`handOver.ended.${state}`)}
        advice={state === 'unexpected' ? t('handOver.refusedAdvice') : askNew}
      />
    </div>
  );
}

/**
 * `/links#secret`: what a link of a message can do, once, at the press of a button. Opening it does nothing, because mail
 * scanners open links; the secret stands behind `#`, which no server, log or referrer sees.
 */
import { Button } from '@mantine/core';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { Finding, ProblemFinding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';

type Found = paths['/links']['post']['responses'][200]['content']['application/json'];

export default function LinkPage() {
  const { t } = useTranslation();
  const [token] = useState(() => location.hash.slice(1));
  const link = useQuery({
    queryKey: ['link'],
    queryFn: () => need(api.POST('/links', { body: { token } })),
    enabled: token !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page title={t('links.title')}>
      {token === '' ? (
        <Finding tone="waiting" title={t('links.none')} advice={t('links.noneAdvice')} />
      ) : (
        <Opened link={link} token={token} />
      )}
    </Page>
  );
}

/** What the server does not know is not asked for again: who signs in finds their jobs all the same. */
function Opened({ link, token }: { readonly link: UseQueryResult<Found>; readonly token: string }) {
  const { t } = useTranslation();
  const { error } = link;
  if (isProblem(error) && error.code === 'link-unknown') {
    return (
      <ProblemFinding problem={error}>
        <Button component={Link} to="/">
          {t('signIn.title')}
        </Button>
      </ProblemFinding>
    );
  }
  return <Loaded query={link}>{(found) => <Shown token={token} found={found} />}</Loaded>;
}

function Shown({ token, found }: { readonly token: string; readonly found: Found }) {
  const { t } = useTranslation();
  const [done, setDone] = useState<Found>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = async () => {
    setBusy(true);
    setError(undefined);
    await need(api.POST('/links', { body: { token, do: true } })).then(setDone, setError);
    setBusy(false);
  };
  if (done !== undefined)
    return <Finding tone="ok" title={t(`links.done.${found.purpose}`)} advice={t('links.close')} />;
  if (found.state !== 'open') {
    return (
      <Finding
        tone="off"
        title={t(`links.${found.state}`)}
        since={found.usedAt ?? undefined}
        advice={t('links.endedAdvice')}
      >
        <Button component={Link} to="/" variant="default">
          {t('signIn.title')}
        </Button>
      </Finding>
    );
  }
  return (
    <div className="card">
      <p>{t(`links.ask.${found.purpose}`)}</p>
      <Message message={found.message} />
      {found.jobs.length === 0 ? null : (
        <ul>
          {found.jobs.map(({ id, number, title, pages }) => (
            <li key={id}>
              {number} · {plain(title)} {pages === null ? '' : `· ${t('overview.pages', { count: pages })}`}
            </li>
          ))}
        </ul>
      )}
      {error === undefined ? null : <Failed error={error} />}
      <Button loading={isBusy} onClick={() => void act()}>
        {t(`links.act.${found.purpose}`)}
      </Button>
    </div>
  );
}

function Message({ message }: { readonly message: Found['message'] }) {
  const { t } = useTranslation();
  if (message === null) return null;
  return (
    <dl className="facts">
      <dt>{t('links.from')}</dt>
      <dd>{plain(message.sender)}</dd>
      <dt>{t('links.subject')}</dt>
      <dd>{plain(message.subject)}</dd>
      <dt>{t('links.came')}</dt>
      <dd>
        <When at={message.receivedAt} />
      </dd>
      <dt>{t('links.documents')}</dt>
      <dd>{message.documents.map(plain).join(' · ')}</dd>
    </dl>
  );
}

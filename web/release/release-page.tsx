/** The page behind the code on a printer, made for a phone: the own jobs that wait, or the PIN of a message. */
import { Button, Checkbox, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { SignInForm } from '../frame/sign-in.tsx';
import { reasonWords } from '../printers/printer.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { plain } from '../ui/words.ts';

type Waiting = paths['/printers/{id}/release']['get']['responses'][200]['content']['application/json'];
type Released = paths['/printers/{id}/release']['post']['responses'][200]['content']['application/json'];
type Wish = { readonly jobIds?: string[]; readonly pin?: string };

export default function ReleasePage() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = ['release', id];
  useLiveQuery(['job-', 'printer-'], key);
  const waiting = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/printers/{id}/release', { params: { path: { id } } })),
  });
  return (
    <Page
      title={waiting.data === undefined ? t('release.title') : t('release.at', { name: waiting.data.printer.name })}
    >
      <Loaded query={waiting}>{(found) => <Shown id={id} found={found} />}</Loaded>
    </Page>
  );
}

function Shown({ id, found }: { readonly id: string; readonly found: Waiting }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [released, setReleased] = useState<Released>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const release = async (body: Wish) => {
    setBusy(true);
    setError(undefined);
    setReleased(undefined);
    await need(api.POST('/printers/{id}/release', { params: { path: { id } }, body })).then(setReleased, setError);
    await client.invalidateQueries({ queryKey: ['release', id] });
    setBusy(false);
  };
  const { reasons } = found.printer;
  return (
    <Stack gap="md">
      {reasons.length === 0 ? null : (
        <Finding
          tone="warning"
          title={reasons.map((reason) => reasonWords(t, reason)).join(' · ')}
          advice={t('release.printerTrouble')}
        />
      )}
      {released === undefined ? null : <Outcome released={released} />}
      {error === undefined ? null : <Failed error={error} />}
      {found.isSignedIn ? (
        <OwnJobs jobs={found.jobs} isBusy={isBusy} release={release} />
      ) : (
        <>
          <ByPin isBusy={isBusy} release={release} />
          <section className="card">
            <h2 className="section">{t('release.orSignIn')}</h2>
            <SignInForm />
          </section>
        </>
      )}
    </Stack>
  );
}

function Outcome({ released: { released, refused } }: { readonly released: Released }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      {released.length === 0 ? null : (
        <Finding tone="ok" title={t('release.done', { count: released.length })} advice={t('release.doneAdvice')} />
      )}
      {refused.map(({ id, title, advice }) => (
        <Finding key={id} title={title} advice={advice} />
      ))}
    </div>
  );
}

type Release = { readonly isBusy: boolean; readonly release: (wish: Wish) => Promise<void> };

function OwnJobs({ jobs, isBusy, release }: Release & { readonly jobs: Waiting['jobs'] }) {
  const { t } = useTranslation();
  const [left, setLeft] = useState<readonly string[]>([]);
  const wanted = jobs.filter(({ id }) => !left.includes(id));
  if (jobs.length === 0) return <p>{t('release.nothing')}</p>;
  const toggle = (id: string) => setLeft(left.includes(id) ? left.filter((one) => one !== id) : [...left, id]);
  return (
    <section className="card">
      <Stack gap="sm">
        {jobs.map(({ id, title, pages }) => (
          <Checkbox
            key={id}
            checked={!left.includes(id)}
            onChange={() => toggle(id)}
            label={`${plain(title)}${pages === null ? '' : ` · ${t('overview.pages', { count: pages })}`}`}
          />
        ))}
        <Button
          size="lg"
          fullWidth
          loading={isBusy}
          disabled={wanted.length === 0}
          onClick={() => void release({ jobIds: wanted.map(({ id }) => id) })}
        >
          {t('release.print', { count: wanted.length })}
        </Button>
      </Stack>
    </section>
  );
}

function ByPin({ isBusy, release }: Release) {
  const { t } = useTranslation();
  const [pin, setPin] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void release({ pin: pin.replace(/\D/g, '') });
  };
  return (
    <form className="card" onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={t('release.pin')}
          description={t('release.pinHint')}
          inputMode="numeric"
          autoComplete="one-time-code"
          size="lg"
          value={pin}
          onChange={(event) => setPin(event.currentTarget.value)}
        />
        <Button type="submit" size="lg" fullWidth loading={isBusy} disabled={pin.replace(/\D/g, '') === ''}>
          {t('release.printByPin')}
        </Button>
      </Stack>
    </form>
  );
}

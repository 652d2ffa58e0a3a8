/** The page behind the code on a printer, made for a phone: the own jobs that wait, or the PIN of a message. */
import { Button, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../api/client.ts';
import { LiveProvider, useLiveQuery } from '../app/live.tsx';
import { SignInForm } from '../frame/sign-in.tsx';
import { MailTo } from '../jobs/mail-to.tsx';
import type { Place } from '../jobs/ways.tsx';
import { reasonsInWords, STATE_TONES } from '../printers/printer.ts';
import { Empty, Failed, Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';
import { Given, isAtWork } from './given.tsx';
import { OwnJobs } from './own-jobs.tsx';
import type { Release, Released, Waiting, Wish } from './release.ts';

/** What a printer has done of a job is no event, nor is anything told to who is not signed in: that is asked for. */
const ASK_WHILE_PRINTING_MS = 2_000;
const ASK_MS = 10_000;

export default function ReleasePage() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = ['release', id];
  const waiting = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/printers/{id}/release', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.given.some(isAtWork) === true ? ASK_WHILE_PRINTING_MS : ASK_MS),
  });
  return (
    <Page
      key={id}
      title={waiting.data === undefined ? t('release.title') : t('release.at', { name: waiting.data.printer.name })}
    >
      <Loaded query={waiting}>{(found) => <Shown key={id} id={id} found={found} />}</Loaded>
    </Page>
  );
}

type Outcome =
  | { readonly kind: 'answered'; readonly released: Released }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'offline' };

function Shown({ id, found }: { readonly id: string; readonly found: Waiting }) {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>();
  const [isBusy, setBusy] = useState(false);
  const again = async () => await client.invalidateQueries({ queryKey: ['release', id] });
  const release = async (body: Wish) => {
    if (!navigator.onLine) {
      setOutcome({ kind: 'offline' });
      return;
    }
    setBusy(true);
    setOutcome(undefined);
    await need(api.POST('/printers/{id}/release', { params: { path: { id } }, body })).then(
      (released) => setOutcome({ kind: 'answered', released }),
      (error) => setOutcome({ kind: 'failed', error }),
    );
    await again();
    setBusy(false);
  };
  return (
    <Stack gap="md" className="release">
      <PrinterNow printer={found.printer} elsewhere={found.elsewhere} />
      {outcome === undefined ? null : <Told outcome={outcome} isSignedIn={found.isSignedIn} />}
      {found.isSignedIn ? (
        <LiveProvider>
          <Follow printerId={id} />
          <Given jobs={found.given} onStopped={again} />
          {found.jobs.length === 0 ? (
            <NothingWaits printerId={id} isAtWork={found.given.some(isAtWork)} />
          ) : (
            <OwnJobs found={found} isBusy={isBusy} release={release} onDeleted={again} />
          )}
        </LiveProvider>
      ) : (
        <ByPinOrSignIn isBusy={isBusy} release={release} />
      )}
    </Stack>
  );
}

/** This page stands outside the frame of the others, which has the stream of events. */
function Follow({ printerId }: { readonly printerId: string }) {
  useLiveQuery(['job-', 'printer-'], ['release', printerId]);
  return null;
}

/** Whether it prints now; when it does not, why, and which printer does. */
function PrinterNow({ printer, elsewhere }: Pick<Waiting, 'printer' | 'elsewhere'>) {
  const { t } = useTranslation();
  const { reasons, isReady } = printer;
  const state = printer.state as keyof typeof STATE_TONES;
  if (isReady && reasons.length === 0) {
    return (
      <p className="plain">
        <State tone={STATE_TONES[state]} word={t(`printerState.${state}`)} />
      </p>
    );
  }
  const words = reasonsInWords(t, reasons).join(' · ');
  return (
    <Finding
      tone={isReady ? 'warning' : STATE_TONES[state]}
      title={words === '' ? t(`printerState.${state}`) : words}
      advice={isReady ? undefined : t('release.printerTrouble')}
    >
      {elsewhere.length === 0 ? undefined : <Elsewhere places={elsewhere} />}
    </Finding>
  );
}

function Elsewhere({ places }: { readonly places: readonly Place[] }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="plain">{t('release.elsewhere')}</p>
      {places.map(({ id, name }) => (
        <Button key={id} variant="default" component={Link} to={`/printers/${id}/release`}>
          {t('release.at', { name: plain(name) })}
        </Button>
      ))}
    </>
  );
}

function NothingWaits({ printerId, isAtWork }: { readonly printerId: string; readonly isAtWork: boolean }) {
  const { t } = useTranslation();
  if (isAtWork) return null;
  return (
    <Empty title={t('release.nothing')}>
      <MailTo printerId={printerId} />
    </Empty>
  );
}

function Told({ outcome, isSignedIn }: { readonly outcome: Outcome; readonly isSignedIn: boolean }) {
  const { t } = useTranslation();
  if (outcome.kind === 'offline') {
    return (
      <div role="alert">
        <Finding tone="warning" title={t('release.offline')} advice={t('release.offlineAdvice')} />
      </div>
    );
  }
  if (outcome.kind === 'failed') {
    const { error } = outcome;
    const isLost = isProblem(error) && error.status === 0;
    return (
      <div role="alert">
        {isLost ? (
          <Finding tone="warning" title={t('release.offlineAfter')} advice={t('release.offlineAfterAdvice')} />
        ) : (
          <Failed error={error} />
        )}
      </div>
    );
  }
  const { released, refused } = outcome.released;
  return (
    <div role="status">
      {/* Who is signed in sees the jobs themselves. */}
      {released.length === 0 ? null : isSignedIn ? (
        <span className="quiet">{t('release.done', { count: released.length })}</span>
      ) : (
        <Finding tone="ok" title={t('release.done', { count: released.length })} advice={t('release.doneAdvice')} />
      )}
      {refused.map(({ id, title, advice }) => (
        <Finding key={id} title={title} advice={advice} />
      ))}
    </div>
  );
}

function ByPinOrSignIn(props: { readonly isBusy: boolean; readonly release: Release }) {
  const { t } = useTranslation();
  return (
    <>
      <ByPin {...props} />
      <section className="card">
        <h2 className="section">{t('release.orSignIn')}</h2>
        <SignInForm />
      </section>
    </>
  );
}

function ByPin({ isBusy, release }: { readonly isBusy: boolean; readonly release: Release }) {
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
        <Button type="submit" size="xl" fullWidth loading={isBusy} disabled={pin.replace(/\D/g, '') === ''}>
          {t('release.printByPin')}
        </Button>
      </Stack>
    </form>
  );
}

/** What waits for its owner: each document with its release, at a printer that is chosen, and its end. */
import { Anchor, Button, Group, Radio, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { reasonWords, STATE_TONES } from '../printers/printer.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, Failed, Loaded } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { JOBS_KEY, type Job } from './job.ts';
import { type Chosen, NONE_CHOSEN, optionsOf, type Place, Ways } from './ways.tsx';

type Asked = { readonly job: Job; readonly act: 'print' | 'delete' };

/** As many as are looked through at once; the list below has all. */
const SHOWN = 20;
const LAST_PRINTER = 'platen.lastPrinter';

export function HeldJobs() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked>();
  const held = useQuery({
    queryKey: [...JOBS_KEY, 'held'],
    queryFn: () => need(api.GET('/jobs', { params: { query: { state: 'pending-held', limit: SHOWN } } })),
  });
  const jobs = held.data?.items ?? [];
  const close = () => setAsked(undefined);
  const again = async () => await client.invalidateQueries({ queryKey: JOBS_KEY });
  return (
    <>
      {jobs.length === 0 ? null : (
        <section className="card held" aria-label={t('jobs.waiting')}>
          <h2 className="section">{t('jobs.waiting')}</h2>
          <ul>
            {jobs.map((job) => (
              <HeldJob key={job.id} job={job} onAsk={setAsked} />
            ))}
          </ul>
        </section>
      )}
      {/* Apart from the list: a dialog stays when its document is the last one and goes. */}
      {asked?.act === 'print' ? <PrintAt job={asked.job} onClose={close} onDone={again} /> : null}
      {asked?.act === 'delete' ? (
        <Confirm
          title={t('jobs.deleteTitle', { number: asked.job.number })}
          act={t('action.delete')}
          onClose={close}
          onConfirm={async () => {
            await need(api.POST('/jobs/{id}/cancel', { params: { path: { id: asked.job.id } } }));
            await again();
          }}
        >
          <p>{plain(asked.job.title)}</p>
          <p>{t('release.deleteStops')}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function HeldJob({ job, onAsk }: { readonly job: Job; readonly onAsk: (asked: Asked) => void }) {
  const { t } = useTranslation();
  const title = plain(job.title);
  return (
    <li>
      <div className="grow">
        <Anchor component={Link} to={`/jobs/${job.id}`} className="cut block" title={title}>
          {title}
        </Anchor>
        <p className="hint plain">
          {job.pages === null ? null : `${t('overview.pages', { count: job.pages })} · `}
          {job.heldUntil === null ? null : (
            <>
              {t('jobs.heldUntil')} <When at={job.heldUntil} />
            </>
          )}
        </p>
      </div>
      <Group gap="xs" wrap="nowrap">
        <Button onClick={() => onAsk({ job, act: 'print' })} aria-label={t('jobs.printAtOf', { title })}>
          {t('jobs.printAt')}
        </Button>
        <Button
          variant="default"
          onClick={() => onAsk({ job, act: 'delete' })}
          aria-label={t('jobs.deleteOf', { title })}
        >
          {t('action.delete')}
        </Button>
      </Group>
    </li>
  );
}

type PrintAtProps = { readonly job: Job; readonly onClose: () => void; readonly onDone: () => Promise<void> };

function PrintAt({ job, onClose, onDone }: PrintAtProps) {
  const { t } = useTranslation();
  const places = useQuery({
    queryKey: ['printers', 'for', job.id],
    queryFn: () => need(api.GET('/jobs/{id}/printers', { params: { path: { id: job.id } } })),
  });
  return (
    <Dialog onClose={onClose} title={t('jobs.where')}>
      <p className="cut">{plain(job.title)}</p>
      <Loaded query={places}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('jobs.noPlace')}>
              <p>{t('jobs.noPlaceHint')}</p>
            </Empty>
          ) : (
            <ChoosePlace job={job} places={items} onClose={onClose} onDone={onDone} />
          )
        }
      </Loaded>
    </Dialog>
  );
}

function ChoosePlace({ job, places, onClose, onDone }: PrintAtProps & { readonly places: readonly Place[] }) {
  const { t } = useTranslation();
  const last = localStorage.getItem(LAST_PRINTER);
  const [chosen, setChosen] = useState(places.find(({ id }) => id === last)?.id ?? places[0]?.id ?? '');
  const [ways, setWays] = useState<Chosen>(NONE_CHOSEN);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const place = places.find(({ id }) => id === chosen);
  const print = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const params = { path: { id: job.id } };
      await need(api.POST('/jobs/{id}/release', { params, body: { printerId: chosen, options: optionsOf(ways) } }));
      localStorage.setItem(LAST_PRINTER, chosen);
      await onDone();
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Stack gap="md">
      <Radio.Group value={chosen} onChange={setChosen} aria-label={t('jobs.printer')}>
        <Stack gap="sm">
          {places.map((place) => (
            <Radio
              key={place.id}
              value={place.id}
              label={plain(place.name)}
              description={<PlaceState place={place} />}
            />
          ))}
        </Stack>
      </Radio.Group>
      {place === undefined ? null : <Ways can={place.can} chosen={ways} onChange={setWays} />}
      {error === undefined ? null : <Failed error={error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button loading={isBusy} onClick={() => void print()}>
          {t('jobs.printNow')}
        </Button>
      </Group>
    </Stack>
  );
}

function PlaceState({ place }: { readonly place: Place }) {
  const { t } = useTranslation();
  const state = place.state as keyof typeof STATE_TONES;
  const reasons = place.reasons.map((reason) => reasonWords(t, reason)).join(' · ');
  return (
    <>
      <State tone={STATE_TONES[state]} word={t(`printerState.${state}`)} /> {reasons}
    </>
  );
}

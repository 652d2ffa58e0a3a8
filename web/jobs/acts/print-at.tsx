/** Where a document shall come out: the printers of its queue, and how it is printed there. The last one is remembered. */
import { Button, Group, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { reasonsInWords, STATE_TONES } from '../../printers/printer.ts';
import { Empty, Failed, Loaded } from '../../ui/content.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { State } from '../../ui/state.tsx';
import { plain } from '../../ui/words.ts';
import type { Job } from '../job.ts';
import { type Chosen, NONE_CHOSEN, optionsOf, type Place, Ways } from '../ways.tsx';

const LAST_PRINTER = 'platen.lastPrinter';

type PrintAtProps = {
  readonly job: Pick<Job, 'id' | 'title'>;
  /** What is to be thought of before. */
  readonly warning?: string;
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
};

export function PrintAt({ job, warning, onClose, onDone }: PrintAtProps) {
  const { t } = useTranslation();
  const places = useQuery({
    queryKey: ['printers', 'for', job.id],
    queryFn: () => need(api.GET('/jobs/{id}/printers', { params: { path: { id: job.id } } })),
  });
  return (
    <Dialog onClose={onClose} title={t('jobs.where')}>
      <p className="cut">{plain(job.title)}</p>
      {warning === undefined ? null : <p>{warning}</p>}
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
  const reasons = reasonsInWords(t, place.reasons).join(' · ');
  return (
    <>
      <State tone={STATE_TONES[state]} word={t(`printerState.${state}`)} /> {reasons}
    </>
  );
}

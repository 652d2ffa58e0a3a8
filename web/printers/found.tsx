/** The printers that announce themselves on the network, to choose from; where there are none, why that may be. */
import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed } from '../ui/content.tsx';
import './found.css';

type Discovery = paths['/printers/discover']['post']['responses'][200]['content']['application/json'];
export type FoundPrinter = Discovery['items'][number];

type FoundProps = {
  /** The address in the form. */
  readonly chosen: string;
  readonly onChoose: (printer: FoundPrinter) => void;
};

export function Found({ chosen, onChoose }: FoundProps) {
  const { t } = useTranslation();
  const search = useQuery({
    // Not below the key of the printers: whatever happens to one of those would search anew.
    queryKey: ['found-printers'],
    queryFn: () => need(api.POST('/printers/discover')),
    retry: false,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const { data, error, isFetching } = search;
  const isOff = isProblem(error) && error.code === 'discovery-off';
  const again = isFetching ? null : (
    <Button variant="default" onClick={() => void search.refetch()}>
      {t('printers.searchAgain')}
    </Button>
  );
  return (
    <Stack gap="xs">
      <p className="plain" role="status">
        {isFetching ? t('printers.looking') : data === undefined ? '' : summary(t, data)}
      </p>
      {isFetching ? <progress className="progress" aria-label={t('printers.looking')} /> : null}
      {!isFetching && isOff ? <SwitchedOff title={error.title} advice={error.advice} /> : null}
      {!isFetching && error !== null && !isOff ? <Failed error={error} retry={search.refetch} /> : null}
      {!isFetching && data !== undefined && error === null ? (
        <>
          {data.items.length === 0 ? (
            <Nothing networks={data.networks} />
          ) : (
            <Choices items={data.items} chosen={chosen} onChoose={onChoose} />
          )}
          {data.isCut ? <p className="hint plain">{t('printers.foundMore')}</p> : null}
          <Group>{again}</Group>
        </>
      ) : null}
    </Stack>
  );
}

function summary(t: ReturnType<typeof useTranslation>['t'], { items }: Discovery): string {
  return items.length === 0 ? t('printers.noneFound') : t('printers.found', { count: items.length });
}

type ChoicesProps = FoundProps & { readonly items: readonly FoundPrinter[] };

function Choices({ items, chosen, onChoose }: ChoicesProps) {
  const { t } = useTranslation();
  return (
    <ul className="found" aria-label={t('printers.onNetwork')}>
      {items.map((printer) => (
        <li key={printer.uri}>
          {printer.isAdded ? (
            <div className="is-added">
              <Words printer={printer} />
            </div>
          ) : (
            <button type="button" aria-pressed={printer.uri === chosen} onClick={() => onChoose(printer)}>
              <Words printer={printer} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Words({ printer }: { readonly printer: FoundPrinter }) {
  const { t } = useTranslation();
  const { name, makeModel, location, uri, isAdded } = printer;
  const more = [makeModel === name ? null : makeModel, location].filter((word) => word !== null);
  return (
    <>
      <span className="name">{name}</span>
      {more.length === 0 ? null : <span>{more.join(' · ')}</span>}
      <span className="hint">{isAdded ? `${uri} · ${t('printers.foundAdded')}` : uri}</span>
    </>
  );
}

function SwitchedOff({ title, advice }: { readonly title: string; readonly advice: string }) {
  return (
    <p className="hint plain">
      {title}. {advice}
    </p>
  );
}

function Nothing({ networks }: { readonly networks: readonly string[] }) {
  const { t } = useTranslation();
  return (
    <div>
      <p className="plain">{t('printers.noneBecause', { networks: networks.join(', ') })}</p>
      <ul className="reasons">
        <li>{t('printers.noneAsleep')}</li>
        <li>{t('printers.noneSubnet')}</li>
        <li>{t('printers.noneMulticast')}</li>
        <li>{t('printers.noneContainer')}</li>
      </ul>
      <p className="plain">{t('printers.noneType')}</p>
    </div>
  );
}

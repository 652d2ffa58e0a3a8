/**
 * What only helps who looks for a cause: ids, formats, what was asked of printers and what they called it. Folded away,
 * and asked for when it is opened; all of it can be copied, to be sent to whoever helps.
 */
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import type { paths } from '../../api/schema.ts';
import { useMay } from '../../app/session.tsx';
import { Loaded } from '../../ui/content.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { exactTime } from '../../ui/when.tsx';
import { plain, sizeOf } from '../../ui/words.ts';
import { JOBS_KEY, type PlacedJob } from '../job.ts';

type Try = paths['/jobs/{id}/attempts']['get']['responses'][200]['content']['application/json']['items'][number];
type Came = paths['/messages/{id}']['get']['responses'][200]['content']['application/json'];
/** Its name in the reader's language, and words of machines. */
type Detail = readonly [name: string, words: string];

export function TechnicalDetails({ job }: { readonly job: PlacedJob }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="card folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('technical.title')}</summary>
      {isOpen ? <Details job={job} /> : null}
    </details>
  );
}

function Details({ job }: { readonly job: PlacedJob }) {
  const { t, i18n } = useTranslation();
  const seesAll = useMay('operator');
  const known = useQuery({
    // What is tried at a printer is asked for again when the job is.
    queryKey: [...JOBS_KEY, 'one', job.id, 'technical'],
    queryFn: async () => {
      const { messageId } = job;
      const [tries, came] = await Promise.all([
        need(api.GET('/jobs/{id}/attempts', { params: { path: { id: job.id } } })),
        messageId === null || !seesAll
          ? undefined
          : need(api.GET('/messages/{id}', { params: { path: { id: messageId } } })),
      ]);
      return { tries: tries.items, came };
    },
  });
  return (
    <Loaded query={known}>
      {({ tries, came }) => {
        const details = [
          ...ofJob(t, i18n.language, job),
          ...(came === undefined ? [] : ofMessage(t, came)),
          ...tries.map((one, at) => ofTry(t, i18n.language, { one, number: at + 1 })),
        ];
        return (
          <>
            <dl className="facts">
              {details.map(([name, words]) => (
                <div key={name} className="fact">
                  <dt>{name}</dt>
                  <dd className="words" lang="en">
                    {words}
                  </dd>
                </div>
              ))}
            </dl>
            <CopyButton
              text={details.map(([name, words]) => `${name}: ${words}`).join('\n')}
              label={t('technical.copy')}
            />
          </>
        );
      }}
    </Loaded>
  );
}

/** The names of IPP (RFC 8011) stand as they are: they are what is searched for. */
function ofJob(t: TFunction, language: string, job: PlacedJob): readonly Detail[] {
  const options = Object.entries(job.options).map(([name, value]) => `${name}=${wordsOf(value)}`);
  return [
    [t('technical.id'), job.id],
    ['job-state', job.state],
    ['job-state-reasons', job.reasons.map(plain).join(', ')],
    [t('technical.options'), options.join(', ')],
    [t('technical.leftOut'), job.ignoredOptions.map(plain).join(', ')],
    [t('technical.came'), plain(job.originalFormat)],
    [t('technical.printed'), `${plain(job.documentFormat)}, ${sizeOf(language, job.documentBytes)}`],
    ...(job.problem === null ? [] : [[t('technical.problem'), problemOf(job.problem)] as const]),
  ].filter((detail): detail is Detail => detail[1] !== '');
}

const wordsOf = (value: unknown): string =>
  Array.isArray(value) || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : plain(String(value));

const problemOf = ({ code, detail }: NonNullable<PlacedJob['problem']>): string =>
  detail === '' ? code : `${code}: ${plain(detail)}`;

function ofMessage(t: TFunction, { messageId, folder, uid, uidValidity }: Came): readonly Detail[] {
  // With POP3 the numbers are Platen's own and say nothing at the server.
  const place = uidValidity === 0 ? '' : `${plain(folder)}, UID ${uid}, UIDVALIDITY ${uidValidity}`;
  const details: readonly Detail[] = [
    [t('outbox.messageId'), messageId === null ? '' : plain(messageId)],
    [t('technical.place'), place],
  ];
  return details.filter(([, words]) => words !== '');
}

function ofTry(
  t: TFunction,
  language: string,
  { one, number }: { readonly one: Try; readonly number: number },
): Detail {
  const { printerName, printerJobId, printerJobName, startedAt, endedAt, outcome, words } = one;
  const said = [
    printerName === null ? '' : plain(printerName),
    printerJobId === null ? '' : `job-id ${printerJobId}`,
    `job-name ${plain(printerJobName)}`,
    `${exactTime(language, startedAt)} – ${endedAt === null ? '…' : exactTime(language, endedAt)}`,
    outcome ?? '',
    words === null ? '' : plain(words),
  ];
  return [t('technical.attempt', { number }), said.filter((part) => part !== '').join('\n')];
}

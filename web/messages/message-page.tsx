/** One message that came in: what became of it, and of each document in it. */
import { Anchor, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { currentLanguage } from '../app/texts.ts';
import { JournalLink } from '../journal/journal-link.tsx';
import { Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { State, type Tone } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain, referenceOf } from '../ui/words.ts';
import { MESSAGES_KEY, type MessageStep, type MessageStory, OUTCOME_TONES } from './message.ts';
import { Outcome } from './outcome.tsx';

type Document = MessageStory['documents'][number];

const DOCUMENT_TONES: Readonly<Record<Document['outcome'], Tone>> = {
  job: 'ok',
  waiting: 'waiting',
  refused: 'warning',
  'left-out': 'off',
};

export default function MessagePage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = [...MESSAGES_KEY, 'one', id];
  useLiveQuery(['message-', 'job-', 'outbox-message-'], key);
  const message = useQuery({
    queryKey: key,
    queryFn: async () => {
      const params = { path: { id } };
      const [found, story] = await Promise.all([
        need(api.GET('/messages/{id}', { params })),
        need(api.GET('/messages/{id}/timeline', { params })),
      ]);
      return { message: found, steps: story.items };
    },
  });
  return <Loaded query={message}>{(data) => <Shown message={data.message} steps={data.steps} />}</Loaded>;
}

function Shown({ message, steps }: { readonly message: MessageStory; readonly steps: readonly MessageStep[] }) {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  return (
    <Page
      title={message.subject === '' ? t('outbox.noSubject') : plain(message.subject)}
      above={
        seesAll ? (
          <Anchor component={Link} to="/messages">
            ‹ {t('messages.title')}
          </Anchor>
        ) : null
      }
    >
      <Stack gap="md">
        <Verdict message={message} />
        <Facts message={message} />
        <Documents documents={message.documents} />
        <Steps steps={steps} />
        <JournalLink subject={message.id} />
      </Stack>
    </Page>
  );
}

function Steps({ steps }: { readonly steps: readonly MessageStep[] }) {
  const { t } = useTranslation();
  return (
    <section>
      <h2 className="section">{t('jobs.story')}</h2>
      <ol className="story">
        {steps.map(({ at, type, words }) => (
          <li key={`${at} ${type} ${words}`}>
            <When at={at} />
            <span>{plain(words)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What became of it; where that is no job, with all that is known and what to do. */
function Verdict({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const { outcome, reason, reasonText, advice, remote, receivedAt } = message;
  if (outcome === 'done' || outcome === 'ignored' || reason === null) return <Outcome message={message} />;
  return (
    <Finding
      title={t(`arrived.${outcome}`)}
      tone={OUTCOME_TONES[outcome]}
      detail={reasonText === null ? undefined : plain(reasonText)}
      since={receivedAt}
      stops={t(outcome === 'held' ? 'messages.stopsWaiting' : 'messages.stops')}
      advice={advice ?? undefined}
      remote={remote === null ? undefined : plain(remote)}
      reference={referenceOf(reason, message.id)}
    />
  );
}

function Facts({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const { sender, receivedAt, sentAt, bytes, messageId, wishes } = message;
  const size = new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 1 });
  const ignored = wishes?.ignored.map(({ word }) => plain(word)) ?? [];
  return (
    <dl className="facts">
      <dt>{t('outbox.from')}</dt>
      <dd>{plain(sender)}</dd>
      {sentAt === null ? null : (
        <>
          <dt>{t('messages.sent')}</dt>
          <dd>
            <When at={sentAt} />
          </dd>
        </>
      )}
      <dt>{t('messages.received')}</dt>
      <dd>
        <When at={receivedAt} />
      </dd>
      <dt>{t('outbox.size')}</dt>
      <dd>{size.format(bytes / 1000)}</dd>
      {ignored.length === 0 ? null : (
        <>
          <dt>{t('jobs.notUnderstood')}</dt>
          <dd>{ignored.join(', ')}</dd>
        </>
      )}
      {messageId === null ? null : (
        <>
          <dt>{t('outbox.messageId')}</dt>
          <dd>
            <code className="words">{plain(messageId)}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

function Documents({ documents }: { readonly documents: readonly Document[] }) {
  const { t } = useTranslation();
  if (documents.length === 0) return <p className="hint">{t('messages.noDocuments')}</p>;
  return (
    <table className="list" aria-label={t('messages.documents')}>
      <thead>
        <tr>
          <th scope="col">{t('messages.document')}</th>
          <th scope="col">{t('messages.outcome')}</th>
        </tr>
      </thead>
      <tbody>
        {documents.map((document) => (
          <tr key={document.position} data-row>
            <td>
              <Name document={document} />
            </td>
            <td>
              <State tone={DOCUMENT_TONES[document.outcome]} word={t(`arrivedDocument.${document.outcome}`)} />
              {document.reasonText === null ? null : <div className="hint">{plain(document.reasonText)}</div>}
              {document.advice === null ? null : <div className="hint">{plain(document.advice)}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Name({ document: { name, jobId } }: { readonly document: Document }) {
  if (jobId === null) return <>{plain(name)}</>;
  return (
    <Anchor component={Link} to={`/jobs/${jobId}`}>
      {plain(name)}
    </Anchor>
  );
}

/** One message of the outbox: where it stands, what the other side said at each try, and what can be done. */
import { Anchor, Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { currentLanguage } from '../app/texts.ts';
import { Explained } from '../connections/explained.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { type MessageStory, OUTBOX_KEY, STATE_TONES, sessionWords } from './message.ts';
import { MessageLook } from './message-look.tsx';

export default function MessageScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = [...OUTBOX_KEY, 'one', id];
  useLiveQuery(['outbox-'], key);
  const message = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/outbox/{id}', { params: { path: { id } } })),
  });
  return <Loaded query={message}>{(one) => <MessageView message={one} />}</Loaded>;
}

function MessageView({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const { state, problem } = message;
  return (
    <Page
      title={message.subject === '' ? t('outbox.noSubject') : plain(message.subject)}
      isBroken={state === 'failed'}
      above={
        <Anchor component={Link} to="/outbox">
          ‹ {t('nav.outbox')}
        </Anchor>
      }
      actions={<Acts message={message} />}
    >
      <Stack gap="md">
        <MessageLook message={message} />
        {state === 'uncertain' && message.problem === null ? (
          <p className="plain">{t('outbox.uncertainMeans')}</p>
        ) : null}
        {problem === null ? null : (
          <Explained tone={state === 'sent' ? 'warning' : STATE_TONES[state]} problem={problem} of={message.id} />
        )}
        <Facts message={message} />
        <Tries message={message} />
      </Stack>
    </Page>
  );
}

function Facts({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const size = new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 1 });
  return (
    <dl className="facts">
      <dt>{t('outbox.from')}</dt>
      <dd>{message.sender}</dd>
      <dt>{t('outbox.to')}</dt>
      <dd>
        {message.recipients.map(({ address, state, problem }) => (
          <div key={address}>
            {address}: {t(`message.${state}`)}
            {problem === null ? '' : `, ${problem.title}`}
          </div>
        ))}
      </dd>
      <dt>{t('outbox.size')}</dt>
      <dd>{size.format(message.bytes / 1000)}</dd>
      <dt>{t('outbox.kept')}</dt>
      <dd>
        <When at={message.createdAt} />
      </dd>
      <dt>{t('outbox.messageId')}</dt>
      <dd>
        <code className="words">{message.messageIdHeader}</code>
      </dd>
      {message.remoteAnswer === null ? null : (
        <>
          <dt>{t('label.otherSideSaid')}</dt>
          <dd>
            <code className="words" lang="en">
              {message.remoteAnswer}
            </code>{' '}
            <CopyButton text={message.remoteAnswer} />
          </dd>
        </>
      )}
    </dl>
  );
}

/** Each try with the exact words of the server. */
function Tries({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const { tries } = message;
  if (tries.length === 0) return null;
  return (
    <table className="list" aria-label={t('outbox.tries')}>
      <thead>
        <tr>
          <th scope="col" style={{ width: '160px' }}>
            {t('outbox.time')}
          </th>
          <th scope="col" style={{ width: '160px' }}>
            {t('outbox.verdict')}
          </th>
          <th scope="col">{t('label.otherSideSaid')}</th>
        </tr>
      </thead>
      <tbody>
        {tries.map(({ id, startedAt, verdict, code, enhanced, words, session }) => (
          <tr key={id} data-row>
            <td>
              <When at={startedAt} />
              {session === null ? null : <div className="hint">{sessionWords(t, session)}</div>}
            </td>
            <td>{verdict === null ? t('outbox.noVerdict') : t(`verdict.${verdict}`, { defaultValue: verdict })}</td>
            <td>
              <code className="words" lang="en">
                {wordsOf(code, enhanced, words)}
              </code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the server said, with its code in front where its words do not begin with it. */
function wordsOf(code: number | null, enhanced: string | null, words: string | null): string {
  const said = words ?? '';
  const parts = code !== null && said.startsWith(String(code)) ? [said] : [code, enhanced, said];
  return parts.filter((part) => part !== null && part !== '').join(' ') || '–';
}

function Acts({ message }: { readonly message: MessageStory }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isDropping, setDropping] = useState(false);
  const params = { path: { id: message.id } };
  const again = () => client.invalidateQueries({ queryKey: OUTBOX_KEY });
  const act = useMutation({
    mutationFn: (kind: 'retry' | 'hold') =>
      need(kind === 'retry' ? api.POST('/outbox/{id}/retry', { params }) : api.POST('/outbox/{id}/hold', { params })),
    onSettled: again,
  });
  const { state } = message;
  const mayRetry = state === 'held' || state === 'deferred' || state === 'failed';
  const mayHold = state === 'queued' || state === 'deferred';
  return (
    <>
      {mayRetry ? (
        <Button loading={act.isPending} onClick={() => act.mutate('retry')}>
          {t('outbox.retry')}
        </Button>
      ) : null}
      {mayHold ? (
        <Button variant="default" loading={act.isPending} onClick={() => act.mutate('hold')}>
          {t('outbox.hold')}
        </Button>
      ) : null}
      {state === 'sent' || state === 'active' ? null : (
        <Button variant="default" onClick={() => setDropping(true)}>
          {t('outbox.drop')}
        </Button>
      )}
      {act.error === null ? null : <Failed error={act.error} />}
      {isDropping ? <Drop message={message} onClose={() => setDropping(false)} /> : null}
    </>
  );
}

function Drop({ message, onClose }: { readonly message: MessageStory; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const word = t('outbox.dropWord');
  return (
    <Confirm
      title={t('outbox.dropTitle')}
      act={t('outbox.drop')}
      typed={{ label: t('outbox.dropType', { word }), word }}
      onClose={onClose}
      onConfirm={async () => {
        await need(api.POST('/outbox/{id}/drop', { params: { path: { id: message.id } } }));
        await navigate({ to: '/outbox' });
        await client.invalidateQueries({ queryKey: OUTBOX_KEY });
      }}
    >
      <p className="plain">{message.kind === 'scan' ? t('outbox.dropScan') : t('outbox.dropOther')}</p>
    </Confirm>
  );
}

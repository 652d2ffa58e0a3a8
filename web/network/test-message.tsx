/** A message to try the way out: each step shows itself when it has begun, and the server's words at the end. */
import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { screens } from '../app/screens.ts';
import { useSession } from '../app/session.tsx';
import { Explained } from '../connections/explained.tsx';
import { type MessageState, type MessageStory, sessionWords } from '../outbox/message.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { State } from '../ui/state.tsx';
import { clockTime } from '../ui/when.tsx';

export function TestMessage() {
  const { t } = useTranslation();
  const session = useSession();
  const [sent, setSent] = useState<{ readonly id: string; readonly to: string }>();
  const form = usePlatenForm(
    {
      initialValues: { to: session?.user?.email ?? '' },
      validate: { to: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : t('network.senderForm')) },
    },
    async ({ to }) => {
      const { id } = await need(api.POST('/settings/network/test-message', { body: { to: to.trim() } }));
      setSent({ id, to: to.trim() });
    },
  );
  return (
    <section className="card narrow">
      <h2 className="section">{t('network.testTitle')}</h2>
      <form onSubmit={form.submit}>
        <Group gap="xs" align="flex-end" mt="sm">
          <TextInput label={t('network.testTo')} type="email" className="grow" miw={220} {...fieldOf(form, 'to')} />
          <Button type="submit" variant="default" loading={form.isBusy}>
            {t('network.test')}
          </Button>
        </Group>
        {form.error === undefined ? null : <Failed error={form.error} />}
      </form>
      {sent === undefined ? null : <Progress key={sent.id} id={sent.id} to={sent.to} />}
    </section>
  );
}

/** How soon the message may have come further, in milliseconds; never once it has left. */
function lookAgain(state: MessageState | undefined): number | false {
  if (state === 'sent') return false;
  return state === 'queued' || state === 'active' ? 500 : 3_000;
}

function Progress({ id, to }: { readonly id: string; readonly to: string }) {
  const { t } = useTranslation();
  const key = ['outbox', id];
  useLiveQuery(['outbox-'], key);
  const message = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/outbox/{id}', { params: { path: { id } } })),
    // That a session is open is an event of nothing: it is asked for while somebody looks.
    refetchInterval: (query) => lookAgain(query.state.data?.state),
  });
  const hasOutbox = screens.some(({ path }) => path === '/outbox/$id');
  return (
    <Loaded query={message}>
      {({ state, createdAt, sentAt, remoteAnswer, problem, tries }) => (
        <Stack gap="xs" mt="md" role="status">
          <Line name={t('network.testKept')} at={createdAt} />
          <SignedIn tries={tries} />
          {state === 'sent' ? (
            <>
              <Line name={t('network.testAccepted')} at={sentAt} words={remoteAnswer} />
              <p className="plain">{t('network.testLook', { to })}</p>
            </>
          ) : null}
          {state === 'queued' || state === 'active' ? (
            <State tone="waiting" word={tries.length === 0 ? t('network.testWaiting') : t('network.testSending')} />
          ) : null}
          {problem === null || state === 'sent' ? null : (
            <Explained
              level={3}
              tone={state === 'failed' ? 'broken' : 'warning'}
              problem={problem}
              of={id}
              stops={t(`message.${state}`)}
            />
          )}
          {hasOutbox ? (
            <Anchor component={Link} to={`/outbox/${id}`}>
              {t('network.testMessage')}
            </Anchor>
          ) : null}
        </Stack>
      )}
    </Loaded>
  );
}

/** The session was opened before the last try began. */
function SignedIn({ tries: [last] }: Pick<MessageStory, 'tries'>) {
  const { t } = useTranslation();
  if (last === undefined || last.session === null) return null;
  const name = t(last.session.isSignedIn ? 'network.testSignedIn' : 'network.testConnected');
  return <Line name={name} at={last.startedAt} words={sessionWords(t, last.session)} />;
}

type LineProps = { readonly name: string; readonly at: string | null; readonly words?: string | null };

function Line({ name, at, words }: LineProps) {
  const { i18n } = useTranslation();
  return (
    <div>
      <Group gap="sm">
        <State tone="ok" word={name} />
        {at === null ? null : <time dateTime={at}>{clockTime(i18n.language, at)}</time>}
      </Group>
      {words === undefined || words === null ? null : (
        <code className="words" lang="en">
          {words}
        </code>
      )}
    </div>
  );
}

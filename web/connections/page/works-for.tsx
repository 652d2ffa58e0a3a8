/** What a connection works for: each use with its last success, what uses it, and how to ask for what is missing. */
import { Anchor, Button, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { Failed } from '../../ui/content.tsx';
import { State, type Tone } from '../../ui/state.tsx';
import { When } from '../../ui/when.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import type { Usage } from '../list/usage.ts';

const USES = ['smtp', 'imap', 'pop3'] as const;
type Use = (typeof USES)[number];
type UseProps = { readonly connection: Connection; readonly use: Use };

type WorksForProps = { readonly connection: Connection; readonly usage: Usage | undefined };

export function WorksFor({ connection, usage }: WorksForProps) {
  const { t } = useTranslation();
  return (
    <Stack component="section" gap="xs">
      <h2 className="section">{t('connections.worksFor')}</h2>
      <table className="list" aria-label={t('connections.worksFor')}>
        <thead>
          <tr>
            <th scope="col">{t('connections.use')}</th>
            <th scope="col">{t('connections.lastSuccess')}</th>
            <th scope="col">{t('connections.usedBy')}</th>
          </tr>
        </thead>
        <tbody>
          {USES.map((use) => (
            <tr key={use} data-row>
              <td>
                <UseState connection={connection} use={use} />
              </td>
              <td>
                <LastSuccess connection={connection} use={use} />
              </td>
              <td>
                <UsedBy usage={usage} use={use} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Stack>
  );
}

type Standing = 'works' | 'waits' | 'not-confirmed' | 'not-given' | 'not-asked';

function standingOf({ state, uses, grantedUses }: Connection, use: Use): Standing {
  if (!uses.includes(use)) return 'not-asked';
  if (state === 'awaiting-confirmation') return 'not-confirmed';
  if (!grantedUses.includes(use)) return 'not-given';
  return state === 'needs-confirmation' ? 'waits' : 'works';
}

const TONES: Readonly<Record<Standing, Tone>> = {
  works: 'ok',
  waits: 'off',
  'not-confirmed': 'waiting',
  'not-given': 'warning',
  'not-asked': 'off',
};

function UseState({ connection, use }: UseProps) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  const standing = standingOf(connection, use);
  return (
    <>
      <State
        tone={connection.state === 'degraded' && standing === 'works' ? 'warning' : TONES[standing]}
        word={t(`use.${use}`)}
      />
      {standing === 'waits' ? (
        <div className="hint">
          {t('connections.waitsSince')} <When at={connection.stateSince} />
        </div>
      ) : null}
      {standing === 'not-given' || standing === 'not-asked' ? (
        <div className="hint">{t(`connections.${standing === 'not-given' ? 'notGiven' : 'notAsked'}`)}</div>
      ) : null}
      {mayChange && (standing === 'not-given' || standing === 'not-asked') && connection.account !== null ? (
        <AskFor connection={connection} use={use} />
      ) : null}
    </>
  );
}

/** Adds the use, and asks for a code: what was confirmed before goes on until it is confirmed. */
function AskFor({ connection, use }: UseProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { id, uses } = connection;
  const params = { path: { id } };
  const ask = useMutation({
    mutationFn: async () => {
      const wanted = USES.filter((one) => one === use || uses.includes(one));
      if (!uses.includes(use)) await need(api.PATCH('/connections/{id}', { params, body: { uses: wanted } }));
      return await need(api.POST('/connections/{id}/device-code', { params }));
    },
    onSuccess: async (made) => {
      client.setQueryData(['device-code', id], made);
      await navigate({ to: `/settings/connections/${id}/device-code` });
    },
    onSettled: () => client.invalidateQueries({ queryKey: connectionsQuery.queryKey }),
  });
  return (
    <>
      <Button variant="default" size="xs" mt="xs" loading={ask.isPending} onClick={() => ask.mutate()}>
        {t('connections.askFor')}
      </Button>
      {ask.error === null ? null : <Failed error={ask.error} />}
    </>
  );
}

function LastSuccess({ connection, use }: UseProps) {
  const { t } = useTranslation();
  const last = connection.lastUses.find((one) => one.use === use);
  if (last === undefined) return <span className="hint">{t('connections.neverUsed')}</span>;
  return (
    <>
      {t(use === 'smtp' ? 'connections.lastMessage' : 'connections.lastLook')} <When at={last.at} />
    </>
  );
}

/** The settings that have chosen it. */
function UsedBy({ usage, use }: { readonly usage: Usage | undefined; readonly use: Use }) {
  const { t } = useTranslation();
  if (usage === undefined) return null;
  if (use === 'smtp') {
    if (!usage.isSending) return <span className="hint">–</span>;
    return (
      <Anchor component={Link} to="/settings/network">
        {t('nav.network')}
      </Anchor>
    );
  }
  const mailboxes = usage.mailboxes.filter(({ protocol }) => protocol === use);
  if (mailboxes.length === 0) return <span className="hint">–</span>;
  return (
    <Stack gap="xs" align="flex-start">
      {mailboxes.map(({ id, title }) => (
        <Anchor key={id} component={Link} to={`/settings/jobs/mailboxes/${id}`}>
          {title}
        </Anchor>
      ))}
    </Stack>
  );
}

/** Where somebody is signed in: each session with its browser and address, and how to end it. */
import { Button, Group } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed, Loaded } from '../ui/content.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';

type Session = paths['/sessions']['get']['responses'][200]['content']['application/json']['items'][number];

/** `all`: of everybody, for administrators. */
export function Sessions({ of }: { readonly of: 'own' | 'all' }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = ['sessions', of];
  const sessions = useQuery({
    queryKey: key,
    queryFn: async () => (await need(of === 'all' ? api.GET('/sessions/all') : api.GET('/sessions'))).items,
  });
  const again = async () => await client.invalidateQueries({ queryKey: key });
  const others = useMutation({ mutationFn: () => need(api.DELETE('/sessions/others')), onSuccess: again });
  const hasOthers = sessions.data?.some(({ isCurrent }) => !isCurrent) === true;
  return (
    <section className="card">
      <h2 className="section">{of === 'all' ? t('sessions.all') : t('sessions.own')}</h2>
      <p className="hint">{t('sessions.hint')}</p>
      <Loaded query={sessions}>{(shown) => <SessionTable of={of} sessions={shown} onEnded={again} />}</Loaded>
      {others.error === null ? null : <Failed error={others.error} />}
      {of === 'own' && hasOthers ? (
        <Group mt="sm">
          <Button variant="default" loading={others.isPending} onClick={() => others.mutate()}>
            {t('sessions.endOthers')}
          </Button>
        </Group>
      ) : null}
    </section>
  );
}

type TableProps = {
  readonly of: 'own' | 'all';
  readonly sessions: readonly Session[];
  readonly onEnded: () => Promise<void>;
};

function SessionTable({ of, sessions, onEnded }: TableProps) {
  const { t } = useTranslation();
  const end = useMutation({
    mutationFn: (id: string) => need(api.DELETE('/sessions/{id}', { params: { path: { id } } })),
    onSuccess: onEnded,
  });
  return (
    <>
      {end.error === null ? null : <Failed error={end.error} />}
      <table className="list" aria-label={of === 'all' ? t('sessions.all') : t('sessions.own')}>
        <thead>
          <tr>
            {of === 'all' ? <th scope="col">{t('users.name')}</th> : null}
            <th scope="col">{t('sessions.browser')}</th>
            <th scope="col">{t('sessions.address')}</th>
            <th scope="col">{t('sessions.begun')}</th>
            <th scope="col">{t('sessions.seen')}</th>
            <th scope="col">{t('label.acts')}</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.id} data-row>
              {of === 'all' ? <td>{plain(session.userName)}</td> : null}
              <td>{nameOf(session.userAgent) ?? t('sessions.unknown')}</td>
              <td>{session.remoteAddress ?? '–'}</td>
              <td data-title={t('sessions.begun')}>
                <When at={session.createdAt} />
              </td>
              <td data-title={t('sessions.seen')}>
                {session.isCurrent ? t('sessions.current') : <When at={session.seenAt} />}
              </td>
              <td>
                {session.isCurrent ? (
                  '–'
                ) : (
                  <Button variant="subtle" px="xs" loading={end.isPending} onClick={() => end.mutate(session.id)}>
                    {t('sessions.end')}
                    <span className="quiet"> {nameOf(session.userAgent) ?? ''}</span>
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Browsers name each other in their own names, so the order matters. */
const BROWSERS = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\/|\bHeadlessChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
] as const;
const SYSTEMS = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
] as const;

function nameOf(userAgent: string | null): string | undefined {
  if (userAgent === null) return undefined;
  const find = (names: readonly (readonly [RegExp, string])[]) => names.find(([form]) => form.test(userAgent))?.[1];
  const parts = [find(BROWSERS), find(SYSTEMS)].filter((part) => part !== undefined);
  return parts.length === 0 ? plain(userAgent).slice(0, 40) : parts.join(', ');
}

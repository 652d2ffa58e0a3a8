/**
 * What is wanted of a registration. It stands in the address of the page: whoever opens the same address, on this
 * computer or another, is where the first one stopped.
 */
import { queryOptions } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, need } from '../../api/client.ts';
import type { paths } from '../../api/schema.ts';
import { usePortalLanguage } from '../../app/preferences.ts';

const USES = ['smtp', 'imap', 'pop3'] as const;
export type Use = (typeof USES)[number];
export const WAYS = ['script', 'powershell', 'hand', 'manifest', 'graph'] as const;
export type Way = (typeof WAYS)[number];

export type Wish = {
  readonly name: string;
  readonly uses: Use[];
  readonly audience: 'single' | 'multiple';
  readonly cloud: string;
  readonly way: Way;
  /** The language of the portal that the administrator sees. */
  readonly portal: 'en' | 'it';
  /** SMTP AUTH is switched on for it. */
  readonly mailbox: string;
  readonly clientId: string;
  readonly tenantId: string;
  /** Steps that are done by hand already. */
  readonly done: readonly string[];
};

export type Kit = paths['/registration']['get']['responses'][200]['content']['application/json'];

/** The uses named in a text; all of them when it names none. */
export function readUses(text: string): Use[] {
  const named = USES.filter((use) => text.split(',').includes(use));
  return named.length === 0 ? [...USES] : named;
}

function readWish(search: Readonly<Record<string, unknown>>, name: string, portal: Wish['portal']): Wish {
  const text = (key: string) => (typeof search[key] === 'string' ? search[key] : '');
  return {
    name: text('name') || name,
    uses: readUses(text('uses')),
    audience: text('audience') === 'multiple' ? 'multiple' : 'single',
    cloud: text('cloud') || 'worldwide',
    way: WAYS.find((way) => way === text('way')) ?? 'script',
    portal: (['en', 'it'] as const).find((one) => one === text('portal')) ?? portal,
    mailbox: text('mailbox'),
    clientId: text('clientId'),
    tenantId: text('tenantId'),
    done: text('done').split(',').filter(Boolean),
  };
}

export function useWish(name: string): readonly [wish: Wish, change: (part: Partial<Wish>) => void] {
  const search = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const navigate = useNavigate();
  const portal = usePortalLanguage();
  const [wish, setWish] = useState(() => readWish(search, name, portal));
  useEffect(() => {
    const { uses, done, ...texts } = wish;
    const kept = Object.entries({ ...texts, uses: uses.join(','), done: done.join(',') }).filter(
      ([, value]) => value !== '',
    );
    void navigate({ to: '.', search: Object.fromEntries(kept) as never, replace: true, resetScroll: false });
  }, [wish, navigate]);
  return [wish, (part) => setWish((old) => ({ ...old, ...part }))];
}

const ADDRESS = /^[^\s@<>]+@[^\s@<>]+$/;

export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text.trim());
}

type Asked = Pick<Wish, 'name' | 'uses' | 'audience' | 'cloud' | 'mailbox' | 'clientId' | 'tenantId'>;

/** The kit for a wish; a mailbox that is still being typed is left out. */
export function kitQuery({ name, uses, audience, cloud, mailbox, clientId, tenantId }: Asked) {
  const query = {
    name: name.trim() === '' ? 'Platen' : name.trim(),
    uses: uses.join(','),
    audience,
    cloud,
    ...(isMailAddress(mailbox) ? { mailbox: mailbox.trim() } : {}),
    ...(clientId === '' ? {} : { clientId }),
    ...(tenantId === '' ? {} : { tenantId }),
  };
  return queryOptions({
    queryKey: ['registration', query],
    queryFn: () => need(api.GET('/registration', { params: { query } })),
    placeholderData: (previous: Kit | undefined) => previous,
  });
}

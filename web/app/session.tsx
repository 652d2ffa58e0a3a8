/** Who is signed in. `null`: nobody. When a session ends under a page, the page stays and sign-in opens over it. */
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api, isProblem, need, whenSessionIsOver, whenUsed } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { chooseLanguage, currentLanguage } from './texts.ts';

export type Role = 'user' | 'operator' | 'administrator';
const RANKS: Readonly<Record<Role | 'public', number>> = { public: 0, user: 1, operator: 2, administrator: 3 };

let isOver = false;
const listeners = new Set<() => void>();
function setOver(over: boolean): void {
  isOver = over;
  for (const tell of listeners) tell();
}
whenSessionIsOver(() => setOver(true));

type Session = Readonly<paths['/sessions/current']['get']['responses'][200]['content']['application/json']> & {
  /** When it ends whatever is done, by the clock of this device; absent where nothing ends. */
  readonly endsAt: number | undefined;
};

/** When the server was last asked anything, from whichever tab: a session ends when that is too long ago. */
const USED = 'platen-used-at';
const USED_STEP_MS = 5_000;
whenUsed(() => {
  const now = Date.now();
  if (now - sessionUsedAt() < USED_STEP_MS) return;
  try {
    localStorage.setItem(USED, String(now));
  } catch {
    // A browser may forbid to keep anything; then nobody is warned.
  }
});

export function sessionUsedAt(): number {
  try {
    return Number(localStorage.getItem(USED) ?? 0);
  } catch {
    return 0;
  }
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ client }): Promise<Session | null> => {
    try {
      const session = await need(api.GET('/sessions/current'));
      const seconds = session.session?.endsInSeconds;
      return { ...session, endsAt: seconds === undefined ? undefined : Date.now() + seconds * 1000 };
    } catch (error) {
      if (!isProblem(error) || error.status !== 401) throw error;
      const before = client.getQueryData<Session | null>(['session']) ?? null;
      // The page of a person whose session has ended stays under the sign-in.
      if (before !== null) setOver(true);
      return before;
    }
  },
  staleTime: 60_000,
});

export function useSession() {
  return useQuery(sessionQuery).data ?? null;
}

/** Whether the person may do what needs at least this role. */
export function useMay(least: Role | 'public'): boolean {
  const session = useSession();
  return RANKS[least] <= (session === null ? 0 : RANKS[session.role]);
}

export function useSessionOver(): boolean {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => isOver,
  );
}

export function useSignIn() {
  const client = useQueryClient();
  return async (email: string, password: string): Promise<void> => {
    const { user } = await need(api.POST('/sessions', { body: { email, password } }));
    if (user.language !== currentLanguage()) await chooseLanguage(user.language);
    setOver(false);
    await client.invalidateQueries();
  };
}

export function useSignOut() {
  const client = useQueryClient();
  return async (): Promise<void> => {
    await need(api.DELETE('/sessions/current'));
    client.clear();
    location.assign('/sessions/new');
  };
}

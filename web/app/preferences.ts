/** How the person wants to see Platen: kept by the server, and shown so on every device where the person signs in. */
import { useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { sessionQuery, useSession } from './session.tsx';
import { chooseLanguage, currentLanguage, followLanguage, type Language } from './texts.ts';

export type Preferences = paths['/me/preferences']['get']['responses'][200]['content']['application/json'];

const SCHEMES = { system: 'auto', light: 'light', dark: 'dark' } as const;

/** Shows the page as the person wants it, also when that was changed on another device. */
export function useApplyPreferences(): void {
  const preferences = useSession()?.preferences ?? null;
  const { setColorScheme } = useMantineColorScheme();
  useEffect(() => {
    if (preferences === null) return;
    setColorScheme(SCHEMES[preferences.appearance]);
    document.documentElement.dataset.density = preferences.density;
    void followLanguage(preferences.language);
  }, [preferences, setColorScheme]);
}

/**
 * Changes what is named: at once on this page, and with the person where one is signed in. Throws a `Problem` when the
 * server does not keep it; then it holds on this device.
 */
export function useChangePreferences() {
  const session = useSession();
  const client = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  return async (change: Partial<Preferences>): Promise<void> => {
    if (change.appearance !== undefined) setColorScheme(SCHEMES[change.appearance]);
    if (change.language !== undefined) await chooseLanguage(change.language);
    if (session?.kind !== 'user') return;
    const preferences = await need(api.PATCH('/me/preferences', { body: change }));
    client.setQueryData(sessionQuery.queryKey, (now) => (now == null ? now : { ...now, preferences }));
  };
}

/** The language in which the person sees Microsoft's own pages. */
export function usePortalLanguage(): Language {
  return useSession()?.preferences?.portalLanguage ?? currentLanguage();
}

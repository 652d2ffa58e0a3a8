/** The documents on their way: one after the other, each with its progress, what became of it, and its key for another try. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { isProblem, type Problem } from '../../api/client.ts';
import { JOBS_KEY } from '../job.ts';
import { newKey, type Parcel, sendDocument } from './send.ts';

export type Entry = {
  readonly key: string;
  readonly file: File;
} & (
  | { readonly kind: 'chosen' | 'waiting' }
  | { readonly kind: 'sending'; readonly bytes: number }
  | { readonly kind: 'sent'; readonly jobId: string }
  | { readonly kind: 'refused'; readonly problem: Problem }
);

type Terms = Pick<Parcel, 'queueId' | 'options' | 'isHeld'>;

export function useParcels() {
  const client = useQueryClient();
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [isBusy, setBusy] = useState(false);
  const current = useRef<AbortController>(undefined);
  // Whoever leaves the page leaves what is on its way behind.
  useEffect(() => () => current.current?.abort(), []);
  useLeavingWarning(isBusy);
  const put = (entry: Entry) => setEntries((all) => all.map((one) => (one.key === entry.key ? entry : one)));
  const sendOne = async (entry: Entry, terms: Terms) => {
    const { key, file } = entry;
    const abort = new AbortController();
    current.current = abort;
    put({ key, file, kind: 'sending', bytes: 0 });
    try {
      const tell = (bytes: number) => put({ key, file, kind: 'sending', bytes });
      const job = await sendDocument({ key, file, ...terms }, tell, abort.signal);
      put({ key, file, kind: 'sent', jobId: job.id });
      void client.invalidateQueries({ queryKey: JOBS_KEY });
      return true;
    } catch (thrown) {
      put(isProblem(thrown) ? { key, file, kind: 'refused', problem: thrown } : { key, file, kind: 'chosen' });
      // Stopped by the person, or nobody answers: the rest waits for the next press.
      return isProblem(thrown) && thrown.status >= 400 && thrown.status < 500 && thrown.status !== 401;
    }
  };
  return {
    entries,
    isBusy,
    add: (files: readonly File[]) =>
      setEntries((all) => [...all, ...files.map((file) => ({ key: newKey(), file, kind: 'chosen' }) as const)]),
    remove: (key: string) => setEntries((all) => all.filter((one) => one.key !== key)),
    stop: () => current.current?.abort(),
    send: async (terms: Terms) => {
      const due = entries.filter(isDue);
      setBusy(true);
      setEntries((all) => all.map((one) => (isDue(one) ? { key: one.key, file: one.file, kind: 'waiting' } : one)));
      for (const entry of due) if (!(await sendOne(entry, terms))) break;
      setEntries((all) => all.map((one) => (one.kind === 'waiting' ? { ...one, kind: 'chosen' } : one)));
      setBusy(false);
    },
  };
}

export const isDue = ({ kind }: Entry): boolean => kind === 'chosen' || kind === 'refused';

function useLeavingWarning(isBusy: boolean): void {
  useEffect(() => {
    if (!isBusy) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [isBusy]);
}

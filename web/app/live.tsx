/**
 * What happens on the server, as it happens: one stream of events for the whole page. A screen names the types that it
 * shows and what to do; the state of the stream stands in the top bar.
 */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { EVENT_TYPES } from '../api/schema.ts';
import { useSessionOver } from './session.tsx';

export type LiveEvent = {
  readonly type: (typeof EVENT_TYPES)[number];
  readonly at: string;
  readonly subjectId: string;
  readonly actor: string | null;
  readonly data: Readonly<Record<string, unknown>>;
};
type Listener = (event: LiveEvent) => void;
type Live = { readonly isOn: boolean; readonly listeners: Set<Listener> };

const LiveContext = createContext<Live>({ isOn: false, listeners: new Set() });

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [isOn, setOn] = useState(false);
  const listeners = useRef(new Set<Listener>());
  const client = useQueryClient();
  const isOver = useSessionOver();
  const [opening, setOpening] = useState(0);
  /** How often it was refused one after the other. */
  const refusals = useRef(0);
  /** Something may have been missed since it was open. */
  const wasLost = useRef(false);
  useEffect(() => {
    if (isOver) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const source = new EventSource('/api/v1/events');
    source.onopen = () => {
      setOn(true);
      refusals.current = 0;
      // What happened meanwhile may be older than the stream remembers.
      if (wasLost.current) void client.invalidateQueries();
      wasLost.current = false;
    };
    source.onerror = () => {
      setOn(false);
      wasLost.current = true;
      if (source.readyState !== EventSource.CLOSED) return;
      // The browser does not try again after a refusal; the answer to the next question says why it came.
      void client.invalidateQueries({ queryKey: ['session'] });
      timer = setTimeout(
        () => setOpening(opening + 1),
        Math.min(FIRST_PAUSE_MS * 2 ** refusals.current, LONGEST_PAUSE_MS),
      );
      refusals.current += 1;
    };
    const tell = (message: MessageEvent<string>) => {
      const event = JSON.parse(message.data) as LiveEvent;
      for (const listener of listeners.current) listener(event);
    };
    for (const type of EVENT_TYPES) source.addEventListener(type, tell);
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [client, isOver, opening]);
  return <LiveContext value={{ isOn, listeners: listeners.current }}>{children}</LiveContext>;
}

/** Calls back for each event whose type begins with one of the given beginnings, such as `job-`. */
export function useLive(beginnings: readonly string[], tell: Listener): void {
  const { listeners } = useContext(LiveContext);
  const latest = useRef(tell);
  latest.current = tell;
  const wanted = beginnings.join(' ');
  useEffect(() => {
    const listener: Listener = (event) => {
      if (wanted.split(' ').some((beginning) => event.type.startsWith(beginning))) latest.current(event);
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listeners, wanted]);
}

/** Asks again for what stands under `key` when such an event comes. */
export function useLiveQuery(beginnings: readonly string[], key: readonly unknown[]): void {
  const client = useQueryClient();
  useLive(beginnings, () => void client.invalidateQueries({ queryKey: key }));
}

export function useIsLive(): boolean {
  return useContext(LiveContext).isOn;
}

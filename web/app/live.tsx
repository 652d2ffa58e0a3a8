/**
 * What happens on the server, as it happens: one stream of events for the whole page. A screen names the types that it
 * shows and what to do; the state of the stream stands in the top bar, and that the server does not answer above the page.
 */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { whenSilent } from '../api/client.ts';
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
/** The server does not answer: when it is tried again, by the clock of this device. */
export type Lost = { readonly nextTryAt: number; readonly tryNow: () => void };
type Live = {
  readonly isOn: boolean;
  readonly lost: Lost | undefined;
  readonly restartedAt: number | undefined;
  readonly listeners: Set<Listener>;
};

const LiveContext = createContext<Live>({ isOn: false, lost: undefined, restartedAt: undefined, listeners: new Set() });

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
const PATIENCE_MS = 5_000;

const pauseAfter = (refusals: number) => Math.min(FIRST_PAUSE_MS * 2 ** refusals, LONGEST_PAUSE_MS);

/** Whether anybody is there. What a proxy says in the place of Platen is no answer of Platen. */
async function doesAnswer(): Promise<boolean> {
  try {
    const { status } = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    return status < 500;
  } catch {
    return false;
  }
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const listeners = useRef(new Set<Listener>());
  const { isOn, lost } = useStream(listeners.current);
  const restartedAt = useHeard(listeners.current, 'platen-started');
  return <LiveContext value={{ isOn, lost, restartedAt, listeners: listeners.current }}>{children}</LiveContext>;
}

/** When such an event was heard last, by the clock of this device. */
function useHeard(listeners: Set<Listener>, type: LiveEvent['type']): number | undefined {
  const [at, setAt] = useState<number>();
  useEffect(() => {
    const listener: Listener = (event) => {
      if (event.type === type) setAt(Date.now());
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listeners, type]);
  return at;
}

function useStream(listeners: ReadonlySet<Listener>): Pick<Live, 'isOn' | 'lost'> {
  const [isOn, setOn] = useState(false);
  const [nextTryAt, setNextTryAt] = useState<number>();
  const client = useQueryClient();
  const isOver = useSessionOver();
  const [opening, setOpening] = useState(0);
  /** How often it was refused one after the other. */
  const refusals = useRef(0);
  /** Something may have been missed since it was open. */
  const wasLost = useRef(false);
  /** Up to where it was read, so that one that is opened again tells what happened meanwhile. */
  const place = useRef<Place>({ id: '', refusals: 0 });
  useEffect(() => {
    if (isOver) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isClosed = false;
    let hasOpened = false;
    const source = openAt(place.current);
    source.onopen = () => {
      hasOpened = true;
      setOn(true);
      setNextTryAt(undefined);
      refusals.current = 0;
      // What happened meanwhile may be older than the stream remembers.
      if (wasLost.current) void client.invalidateQueries();
      wasLost.current = false;
    };
    const fail = async () => {
      if (isClosed) return;
      if (!hasOpened && source.readyState === EventSource.CLOSED) place.current.refusals += 1;
      // The browser would not try again after a refusal, and not tell when it does after silence.
      source.close();
      isClosed = true;
      setOn(false);
      wasLost.current = true;
      const pause = pauseAfter(refusals.current++);
      timer = setTimeout(() => setOpening(opening + 1), pause);
      const at = Date.now() + pause;
      if (!(await doesAnswer())) return setNextTryAt(at);
      setNextTryAt(undefined);
      // The answer to the next question says why it was refused.
      void client.invalidateQueries({ queryKey: ['session'] });
    };
    source.onerror = () => void fail();
    // A stream on a line that is dead does not notice it.
    whenSilent(async () => void (isClosed || (await doesAnswer()) || (await fail())));
    tellFrom(source, listeners, place);
    return () => {
      clearTimeout(timer);
      isClosed = true;
      source.close();
    };
  }, [client, isOver, opening, listeners]);
  const tryNow = () => {
    refusals.current = 0;
    setOpening(opening + 1);
  };
  return { isOn, lost: nextTryAt === undefined || isOver ? undefined : { nextTryAt, tryNow } };
}

type Place = { readonly id: string; refusals: number };

/** One that is starting refuses everything; a place that it no longer takes would be refused for ever. */
const REFUSALS_OF_A_PLACE = 4;

function openAt({ id, refusals }: Place): EventSource {
  return new EventSource(
    id === '' || refusals >= REFUSALS_OF_A_PLACE ? '/api/v1/events' : `/api/v1/events?since=${id}`,
  );
}

/** Tells the listeners what comes, and notes up to where it was read. */
function tellFrom(source: EventSource, listeners: ReadonlySet<Listener>, place: { current: Place }): void {
  const note = ({ lastEventId }: MessageEvent<string>) => {
    place.current = { id: lastEventId, refusals: 0 };
  };
  const tell = (message: MessageEvent<string>) => {
    note(message);
    const event = JSON.parse(message.data) as LiveEvent;
    for (const listener of listeners) listener(event);
  };
  source.addEventListener('place', note);
  for (const type of EVENT_TYPES) source.addEventListener(type, tell);
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

/** When Platen was restarted while this page was open, by the clock of this device; whoever shows it may come later. */
export function useRestartedAt(): number | undefined {
  return useContext(LiveContext).restartedAt;
}

/** Present while the server does not answer. */
export function useLost(): Lost | undefined {
  return useContext(LiveContext).lost;
}

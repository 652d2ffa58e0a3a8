/** Syncs directories, so that a new file's name survives a power cut; callers that come together share one sync. */
import { open } from 'node:fs/promises';

type Turn = { readonly done: Promise<void>; next: Promise<void> | undefined };

const turns = new Map<string, Turn>();

/** Returns when a sync of the directory has finished that began after this call. */
export function syncDirectory(directory: string): Promise<void> {
  const running = turns.get(directory);
  if (running === undefined) return begin(directory);
  // The running sync may have begun before our file was there: wait for the next one, shared by all who wait.
  running.next ??= running.done.then(
    () => begin(directory),
    () => begin(directory),
  );
  return running.next;
}

function begin(directory: string): Promise<void> {
  const done = syncNow(directory);
  const turn: Turn = { done, next: undefined };
  turns.set(directory, turn);
  const end = () => {
    if (turns.get(directory) === turn && turn.next === undefined) turns.delete(directory);
  };
  done.then(end, end);
  return done;
}

async function syncNow(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

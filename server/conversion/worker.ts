/** Clears away what a killed conversion left, keeps a box ready, and tests its walls some time after the start. */
import { SECOND_MS } from '../base/clock.ts';
import { sweepBoxes } from './box/box.ts';
import { type Kit, keepBoxReady, testWalls } from './conversion.ts';

// The start is a busy time, and the first document that needs the answer asks for it at once.
const TEST_AFTER_MS = 60 * SECOND_MS;
const TEST_AGAIN_MS = 600 * SECOND_MS;

export function startConversionWorker(kit: Kit): AsyncDisposable {
  const stop = new AbortController();
  const ended = work(kit, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

async function work(kit: Kit, signal: AbortSignal): Promise<void> {
  await sweepBoxes(kit.clock).catch((error: unknown) => {
    kit.log.warn({ error }, 'the temporary folder could not be cleared');
  });
  await using _box = await keepBoxReady(kit).catch((error: unknown) => {
    kit.log.warn({ error }, 'it could not be found out whether documents can be opened behind walls');
    return undefined;
  });
  let pauseMs = TEST_AFTER_MS;
  for (;;) {
    await kit.clock.sleep(pauseMs, signal);
    if (signal.aborted) return;
    try {
      return await testWalls(kit, signal);
    } catch (error) {
      if (!signal.aborted) kit.log.warn({ error }, 'the walls of conversion could not be tested; it is tried again');
    }
    pauseMs = TEST_AGAIN_MS;
  }
}

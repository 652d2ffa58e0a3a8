/** The listener for devices: started with Platen, on loopback unless the settings say otherwise. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { doubtOf, HOUR_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import { type DiskState, type ReadDisk, readDiskState } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { forgetOldFaults } from './faults/faults.ts';
import { relayLimits } from './limits.ts';
import { stateOf } from './registry.ts';
import { forgetOldSightings } from './seen.ts';
import { SessionRules } from './session.ts';
import { Listener } from './smtp/listener.ts';

export type RelayOptions = {
  /** How much room the disks have; tests fill one without filling it. */
  readonly readDisk?: ReadDisk;
};

export type RunningRelay = AsyncDisposable & { readonly host: string; readonly port: number };

const CERTIFICATE_EVERY_MS = HOUR_MS;
const FORGET_EVERY_MS = HOUR_MS;

/**
 * Starts the listener and returns when it listens. Throws `relay-address-unusable` or `relay-certificate-unusable`.
 * Disposing lets messages that are being taken end, and tells everybody else to come again.
 */
export async function startRelayWorker(context: Context, options: RelayOptions = {}): Promise<RunningRelay> {
  const state = stateOf(context);
  const disk = new DiskWatch(context, options.readDisk);
  await disk.look();
  const rules = new SessionRules(context, () => disk.look());
  const certificate = await readCertificate(context);
  const listener = new Listener({
    name: hostname(),
    ...certificate,
    rules,
    monotonicMs: () => context.clock.monotonicMs(),
    failed: (error) => context.log.debug({ error }, 'a connection of a device broke'),
  });
  const { host, port } = await listen(context, listener);
  state.address = { host, port };
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rules.settled());
  undo.defer(() => listener.stop());
  undo.defer(() => {
    state.address = undefined;
  });
  undo.use(every(context, relayLimits.lookEveryMs, async () => listener.endOverdue()));
  undo.use(every(context, relayLimits.lookEveryMs, () => rules.writeFaults()));
  undo.use(every(context, CERTIFICATE_EVERY_MS, certificateWatch(context, listener, certificate)));
  const doubt = doubtOf(context.clock);
  undo.use(
    every(context, FORGET_EVERY_MS, async () => {
      if (doubt.isDoubtful()) return;
      await forgetOldSightings(context);
      await forgetOldFaults(context);
    }),
  );
  context.log.info({ host, port }, 'the relay listens for devices');
  const opened = undo.move();
  return { host, port, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function listen(context: Context, listener: Listener): Promise<{ host: string; port: number }> {
  const { relayHost, relayPort } = context.settings;
  listener.listen(relayPort, relayHost);
  try {
    await once(listener.server, 'listening');
  } catch (cause) {
    const values = { host: relayHost, port: relayPort };
    throw new PlatenError('relay-address-unusable', `cannot listen on ${relayHost} port ${relayPort}`, {
      cause,
      values,
    });
  }
  const { address, port } = listener.server.address() as AddressInfo;
  return { host: address, port };
}

/** Shows a renewed certificate without a restart; one that cannot be used leaves the old one in place. */
function certificateWatch(context: Context, listener: Listener, first: Certificate): () => Promise<void> {
  let shown = first;
  return async () => {
    const { cert, key } = await readCertificate(context);
    if (cert === shown.cert && key === shown.key) return;
    listener.updateSecureContext({ cert, key });
    shown = { cert, key };
    context.log.info({}, 'the relay shows its new certificate');
  };
}

/** Runs `work` every so often, never twice at the same time; disposing waits for the one that runs. */
function every(context: Context, ms: number, work: () => Promise<void>): AsyncDisposable {
  let running: Promise<void> | undefined;
  const ticks = context.clock.every(ms, () => {
    running ??= work()
      .catch((error: unknown) => context.log.warn({ error }, 'a regular task of the relay failed'))
      .finally(() => {
        running = undefined;
      });
  });
  return {
    async [Symbol.asyncDispose]() {
      ticks[Symbol.dispose]();
      await running;
    },
  };
}

type KnownDisk = { state: DiskState | Promise<DiskState>; readonly atMs: number };

/** The room on the disks, read at most once a second, and told in the journal when it becomes scarce. */
class DiskWatch {
  readonly #context: Context;
  readonly #readDisk: ReadDisk | undefined;
  #known: KnownDisk | undefined;

  constructor(context: Context, readDisk: ReadDisk | undefined) {
    this.#context = context;
    this.#readDisk = readDisk;
  }

  /** At once when it was read within the last second. */
  look(): DiskState | Promise<DiskState> {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#known !== undefined && nowMs - this.#known.atMs < relayLimits.snapshotMs) return this.#known.state;
    const reading = this.#read();
    const known: KnownDisk = { state: reading, atMs: nowMs };
    this.#known = known;
    reading.then(
      (state) => {
        known.state = state;
      },
      () => undefined,
    );
    return reading;
  }

  async #read(): Promise<DiskState> {
    const state = stateOf(this.#context);
    const now = await readDiskState(this.#context, this.#readDisk);
    const before = state.disk;
    state.disk = now;
    if (now === before) return now;
    this.#context.log.warn({ disk: now }, 'the room on the disk of the relay changed');
    // On a full disk the database may not take the entry either; the log has it.
    await record(this.#context, 'relay-storage-changed', { subjectId: 'relay', data: { state: now, before } }).catch(
      (error: unknown) => this.#context.log.warn({ error }, 'the state of the disk could not be recorded'),
    );
    return now;
  }
}

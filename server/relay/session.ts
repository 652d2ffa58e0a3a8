/**
 * What may happen in an SMTP session: who is a device, what it may send and to whom, at each of its commands. The
 * device hears a generic refusal; the reason stands in the journal, once a minute for each device and reason.
 */
import { MINUTE_MS } from '../base/clock.ts';
import { record } from '../journal/journal.ts';
import { isPlainAddress } from '../protocols/mime/address.ts';
import type { DiskState } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { PasswordCheck } from './credentials.ts';
import { mayMailTo } from './devices.ts';
import { DeviceFaults, type FaultNote, REPAIRED } from './faults/faults.ts';
import { inTime, MinuteRates, relayLimits, WindowCounts } from './limits.ts';
import { Reception, type Repair } from './message/compose.ts';
import type { Incoming } from './message/incoming.ts';
import { Refusal } from './message/refusal.ts';
import { receiveMessage } from './receive.ts';
import {
  type KnownDevice,
  Registry,
  type RelayState,
  type Snapshot,
  STRANGERS_MAX_BYTES,
  stateOf,
} from './registry.ts';
import { Sightings } from './seen.ts';
import type { Asked, Caller, Rules } from './smtp/listener.ts';

/** One connection. */
type Visit = {
  /** As it was when the connection was opened, or at the last MAIL. */
  snapshot: Snapshot;
  device: KnownDevice | undefined;
  /** By which places it is counted: its device, or its address while it is a stranger. */
  countedAs: string;
  isSignedIn: boolean;
  sender: string;
  /** Whose user name was given, even with a wrong password. */
  claimed: KnownDevice | undefined;
  /** The last command that asked for something, as it was said. */
  said: string;
};

export class SessionRules implements Rules {
  readonly #context: Context;
  readonly #state: RelayState;
  readonly #registry: Registry;
  readonly #reception: Reception;
  readonly #passwords = new PasswordCheck();
  readonly #rates: MinuteRates;
  readonly #guesses = new WindowCounts(relayLimits.guessesMs);
  readonly #told = new WindowCounts(MINUTE_MS);
  readonly #faults: DeviceFaults;
  readonly #visits = new Map<Caller, Visit>();
  readonly #places = new Map<string, number>();
  readonly #readDisk: () => DiskState | Promise<DiskState>;
  #recording: Promise<unknown> = Promise.resolve();

  constructor(context: Context, readDisk: () => DiskState | Promise<DiskState>) {
    this.#context = context;
    this.#state = stateOf(context);
    this.#registry = new Registry(context);
    this.#reception = new Reception(context, new Sightings(context));
    this.#rates = new MinuteRates(context);
    this.#faults = new DeviceFaults(context);
    this.#readDisk = readDisk;
  }

  /** Returns when what was refused stands in the journal and in the list of faults. */
  async settled(): Promise<void> {
    await this.#recording;
    await this.writeFaults();
  }

  /** Writes what has gone wrong with devices since the last time. */
  async writeFaults(): Promise<void> {
    await this.#faults.flush();
  }

  greet(caller: Caller): Asked {
    const snapshot = this.#registry.known();
    if (snapshot === undefined) return this.#read().then((read) => this.#greetAs(caller, read));
    this.#greetAs(caller, snapshot);
    return undefined;
  }

  #greetAs(caller: Caller, snapshot: Snapshot): void {
    const device = snapshot.findByAddress(caller.remoteAddress);
    const visit: Visit = {
      snapshot,
      device,
      countedAs: '',
      isSignedIn: false,
      sender: '',
      claimed: undefined,
      said: '',
    };
    this.#takePlace(visit, caller);
    this.#visits.set(caller, visit);
    this.#state.sessions = this.#visits.size;
  }

  leave(caller: Caller): void {
    const visit = this.#visits.get(caller);
    if (visit === undefined) return;
    this.#givePlace(visit);
    this.#visits.delete(caller);
    this.#state.sessions = this.#visits.size;
  }

  mayAuthenticate(caller: Caller): boolean {
    if (caller.isSecure) return true;
    return this.#visits.get(caller)?.snapshot.allowsPlainAuthFrom(caller.remoteAddress) ?? false;
  }

  isStranger(caller: Caller): boolean {
    return this.#visits.get(caller)?.device === undefined;
  }

  maxBytes(caller: Caller): number {
    return this.#visits.get(caller)?.device?.limits.maxMessageBytes ?? STRANGERS_MAX_BYTES;
  }

  async authenticate(
    caller: Caller,
    { username, password }: { readonly username: string; readonly password: string },
  ): Promise<void> {
    const visit = this.#visitOf(caller);
    const { remoteAddress } = caller;
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#guesses.count(remoteAddress, nowMs) >= relayLimits.maxGuesses) throw new Refusal('too-many-guesses');
    visit.snapshot = await this.#current();
    this.#passwords.keepOnly(hashesOf(visit.snapshot));
    const device = visit.snapshot.findByUsername(username, remoteAddress);
    visit.claimed = device;
    // Counted before the comparison: many guesses at the same time are many.
    this.#guesses.add(remoteAddress, nowMs);
    const isRight = await this.#passwords.matches(device?.passwordHash, password);
    if (!isRight || device === undefined) throw new Refusal('wrong-credentials');
    this.#guesses.clear(remoteAddress);
    if (!caller.isSecure && !device.allowsPlainAuth) throw new Refusal('encryption-needed');
    this.#move(visit, device, caller);
    visit.isSignedIn = true;
  }

  forgetSignIn(caller: Caller): void {
    const visit = this.#visits.get(caller);
    if (visit === undefined || !visit.isSignedIn) return;
    visit.isSignedIn = false;
    this.#move(visit, visit.snapshot.findByAddress(caller.remoteAddress), caller);
  }

  takeSender(caller: Caller, asked: { readonly address: string; readonly bytes: number | undefined }): Asked {
    this.#visitOf(caller).said = `MAIL FROM:<${asked.address}>`;
    const snapshot = this.#registry.known();
    const disk = this.#readDisk();
    if (snapshot !== undefined && !(disk instanceof Promise)) {
      this.#takeSenderBy(caller, asked, { snapshot, disk });
      return undefined;
    }
    return Promise.all([snapshot ?? this.#read(), Promise.resolve(disk).catch(notKept)]).then(([snapshot, disk]) =>
      this.#takeSenderBy(caller, asked, { snapshot, disk }),
    );
  }

  #takeSenderBy(
    caller: Caller,
    { address, bytes }: { readonly address: string; readonly bytes: number | undefined },
    { snapshot, disk }: { readonly snapshot: Snapshot; readonly disk: DiskState },
  ): void {
    const visit = this.#visitOf(caller);
    visit.snapshot = snapshot;
    const device = this.#deviceNow(visit, caller);
    if (device === undefined) throw new Refusal('not-a-device');
    if (address === '') throw new Refusal('sender-empty');
    const sender = device.senderMap.sender ?? visit.snapshot.senderEmail;
    if (sender === undefined) throw new Refusal('sender-missing');
    if (bytes !== undefined && bytes > device.limits.maxMessageBytes) throw new Refusal('too-large');
    if (device.messagesToday >= device.limits.messagesPerDay) throw new Refusal('day-limit');
    if (device.recipientsToday >= device.limits.recipientsPerDay) throw new Refusal('day-recipients');
    if (disk === 'full') throw new Refusal('disk-full');
    visit.sender = sender;
  }

  takeRecipient(caller: Caller, address: string): Asked {
    const visit = this.#visitOf(caller);
    const { device, snapshot, sender } = visit;
    visit.said = `RCPT TO:<${address}>`;
    if (device === undefined) throw new Refusal('not-a-device');
    // `%` and `!` made other servers pass a message on (RFC 5321 section 3.6.1 and appendix F.2).
    if (!isPlainAddress(address) || /[%!]/.test(address)) throw new Refusal('recipient-syntax');
    if (!mayMailTo(device, address, sender)) throw new Refusal('recipient-domain');
    const isReadHere = snapshot.isReadHere(address);
    if (isReadHere instanceof Promise) {
      return isReadHere.catch(notKept).then((isRead) => this.#countRecipient(caller, device, isRead));
    }
    this.#countRecipient(caller, device, isReadHere);
    return undefined;
  }

  #countRecipient(caller: Caller, device: KnownDevice, isReadHere: boolean): void {
    if (isReadHere) throw new Refusal('recipient-read-here');
    if (caller.recipients.length >= device.limits.maxRecipients) throw new Refusal('too-many-recipients');
    if (!this.#hasRoomToday(device)) throw new Refusal('day-recipients');
  }

  /** Whether one more recipient is within the day, with those that all sessions of the device have named so far. */
  #hasRoomToday({ id, limits, recipientsToday }: KnownDevice): boolean {
    const left = limits.recipientsPerDay - recipientsToday;
    if (left > limits.maxSessions * limits.maxRecipients) return true;
    const named = [...this.#visits].map(([caller, { device }]) => (device?.id === id ? caller.recipients.length : 0));
    return named.reduce((sum, count) => sum + count, 0) < left;
  }

  beginMessage(caller: Caller): Asked {
    const { device } = this.#visitOf(caller);
    if (device === undefined) throw new Refusal('not-a-device');
    if (this.#state.disk === 'full') throw new Refusal('disk-full');
    if (this.#rates.takeGiven(device.id)) return undefined;
    const taking = this.#rates.take(device.id, device.limits.messagesPerMinute).catch(notKept);
    return inTime(this.#context, taking, relayLimits.databaseMs).then((isGiven) => {
      if (!isGiven) throw new Refusal('rate');
    });
  }

  async takeMessage(caller: Caller, incoming: Incoming): Promise<string> {
    const { device, sender } = this.#visitOf(caller);
    if (device === undefined) throw new Refusal('not-a-device');
    const { from, recipients, helo, remoteAddress, transmission } = caller;
    const transaction = { device, sender, from, recipients, helo, remoteAddress, transmission };
    const { id, repairs } = await receiveMessage(this.#reception, { incoming, transaction });
    device.messagesToday += 1;
    device.recipientsToday += recipients.length;
    this.#state.accepted += 1;
    if (repairs.length > 0) this.#repaired(caller, device, repairs);
    return id;
  }

  refused(caller: Caller, refusal: Refusal): void {
    const { reason } = refusal;
    const { refused } = this.#state;
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    const visit = this.#visits.get(caller);
    const { remoteAddress, helo, from } = caller;
    // One that has to sign in from its address may have given a user name that nobody knows.
    // One whose connection was not opened at all is no visitor yet.
    const snapshot = visit?.snapshot ?? this.#registry.known();
    const device = visit?.device ?? visit?.claimed ?? snapshot?.findAt(remoteAddress);
    const about = { reason, remoteAddress, ...(device === undefined ? {} : { deviceId: device.id }) };
    this.#context.log.info({ ...about, error: refusal.cause }, 'the relay refused something');
    const said = reason.startsWith('tls-') ? tlsWords(refusal.cause) : (visit?.said ?? '');
    const words = [helo === '' ? '' : `EHLO ${helo}`, said].filter((part) => part !== '').join(' · ');
    const data = { reason, remoteAddress, helo: toLine(helo), from: toLine(from), name: device?.name ?? null };
    this.#tell('device-refused', { deviceId: device?.id, address: remoteAddress, reason, words: toLine(words) }, data);
  }

  #repaired({ remoteAddress, helo }: Caller, { id, name }: KnownDevice, repairs: readonly Repair[]): void {
    const words = helo === '' ? '' : toLine(`EHLO ${helo}`);
    const fault = { deviceId: id, address: remoteAddress, reason: REPAIRED, words, repairs } as const;
    this.#tell('device-repaired', fault, { remoteAddress, name, repairs: [...repairs] });
  }

  /** Counts a fault; once a minute for each device and reason it is written at once, and told in the journal. */
  #tell(type: 'device-refused' | 'device-repaired', fault: FaultNote, data: Readonly<Record<string, unknown>>): void {
    const { deviceId, address, reason } = fault;
    const subjectId = deviceId ?? address;
    this.#faults.note(fault);
    if (this.#told.add(`${subjectId} ${reason}`, this.#context.clock.monotonicMs()) > 1) return;
    const told = this.#faults.flush().then(() => record(this.#context, type, { subjectId, data }));
    const failed = (error: unknown) => this.#context.log.warn({ error }, 'a refusal could not be recorded');
    this.#recording = Promise.all([this.#recording, told.catch(failed)]);
  }

  #visitOf(caller: Caller): Visit {
    const visit = this.#visits.get(caller);
    if (visit === undefined) throw new Refusal('not-kept');
    return visit;
  }

  /** The device as it is now: one that was changed or removed meanwhile is that at once. */
  #deviceNow(visit: Visit, caller: Caller): KnownDevice | undefined {
    const { snapshot, device, isSignedIn } = visit;
    const now = isSignedIn ? snapshot.findById(device?.id ?? '') : snapshot.findByAddress(caller.remoteAddress);
    const hasSameCredential = !isSignedIn || now?.passwordHash === device?.passwordHash;
    this.#move(visit, hasSameCredential ? now : undefined, caller);
    return visit.device;
  }

  #move(visit: Visit, device: KnownDevice | undefined, caller: Caller): void {
    if (device?.id === visit.device?.id) {
      visit.device = device;
      return;
    }
    this.#givePlace(visit);
    visit.device = device;
    this.#takePlace(visit, caller);
  }

  #takePlace(visit: Visit, caller: Caller): void {
    const { device } = visit;
    const [key, max] =
      device === undefined
        ? [`address ${caller.remoteAddress}`, relayLimits.maxUnknownSessionsPerAddress]
        : [`device ${device.id}`, device.limits.maxSessions];
    const taken = this.#places.get(key) ?? 0;
    const strangers = device === undefined ? this.#countStrangers() : 0;
    const isFull = this.#visits.size >= relayLimits.maxSessions && !this.#visits.has(caller);
    if (taken >= max || isFull || strangers >= relayLimits.maxUnknownSessions) {
      visit.device = undefined;
      throw new Refusal('too-many-sessions');
    }
    visit.countedAs = key;
    this.#places.set(key, taken + 1);
  }

  #countStrangers(): number {
    return [...this.#visits.values()].filter(({ device }) => device === undefined).length;
  }

  #givePlace(visit: Visit): void {
    const taken = this.#places.get(visit.countedAs) ?? 0;
    if (taken > 1) this.#places.set(visit.countedAs, taken - 1);
    else this.#places.delete(visit.countedAs);
    visit.countedAs = '';
  }

  async #current(): Promise<Snapshot> {
    return this.#registry.known() ?? (await this.#read());
  }

  #read(): Promise<Snapshot> {
    return inTime(this.#context, this.#registry.read(), relayLimits.databaseMs);
  }
}

function hashesOf(snapshot: Snapshot): Set<string> {
  return new Set(snapshot.devices.map(({ passwordHash }) => passwordHash).filter((hash) => hash !== undefined));
}

function notKept(cause: unknown): never {
  throw new Refusal('not-kept', cause);
}

/** What OpenSSL calls a handshake that failed; its whole text names files of its source. */
function tlsWords(cause: unknown): string {
  const { reason, code } = (cause ?? {}) as { readonly reason?: unknown; readonly code?: unknown };
  return `TLS: ${String(reason ?? code ?? 'unknown')}`;
}

/** What a device says of itself, fit for a line of the journal. */
function toLine(text: string): string {
  return text
    .slice(0, 320)
    .replace(/\p{C}+/gu, ' ')
    .toWellFormed();
}

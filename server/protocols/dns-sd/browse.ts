/**
 * Asks a network which services announce themselves there (RFC 6763), by one-shot queries of multicast DNS (RFC 6762
 * section 5.1): each network is asked from a port of our own, so that nothing has to be shared with a responder that may
 * run on this machine, and answers come to us alone. Whatever comes is believed no further than `dnsSdLimits`.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Announcement, Gathering } from './gather.ts';
import { dnsSdLimits } from './limits.ts';
import { type Question, writeQueries } from './query.ts';

export type { Announcement } from './gather.ts';

/** Where is asked: the group of RFC 6762 section 3, or one host that answers for a network. */
export type BrowseTarget = { readonly address: string; readonly port: number };
export type BrowseOptions = {
  readonly target: BrowseTarget;
  readonly pause: (ms: number) => Promise<void>;
};
export type Browsed = {
  readonly announcements: readonly Announcement[];
  /** The networks that were asked, as addresses of this machine with the length of their prefix. */
  readonly networks: readonly string[];
  /** There was more than the limits have room for. */
  readonly isCut: boolean;
  /** Packets that could not be read. */
  readonly dropped: number;
};

/** Says why no network could be asked. */
export class BrowseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrowseError';
  }
}

/** A network to which a question goes, and from which alone its answers are believed. */
type Network = {
  /** Of this machine; the system chooses when absent. */
  readonly address?: string;
  readonly shown: string;
  readonly mayAnswer: (address: string) => boolean;
};
type Door = { readonly network: Network; readonly socket: Socket };

/** Asks for services for three seconds and tells what was announced. Throws `BrowseError` when nothing could be sent. */
export async function browse(services: readonly string[], { target, pause }: BrowseOptions): Promise<Browsed> {
  const gathering = new Gathering(services);
  const networks = isMulticast(target.address) ? findNetworks() : [onlyHost(target.address)];
  if (networks.length === 0) throw new BrowseError('this machine has no network with an IPv4 address');
  await using opened = new AsyncDisposableStack();
  const faults: unknown[] = [];
  const asked = new Set<string>();
  const doors: Door[] = [];
  for (const network of networks) {
    try {
      const socket = opened.adopt(await openSocket(network), closeSocket);
      socket.on('message', (packet, from) => {
        if (isFrom(from, target, network)) gathering.take(packet);
      });
      doors.push({ network, socket });
    } catch (error) {
      // A network that has just gone: the others are asked all the same.
      faults.push(error);
    }
  }
  for (let round = 0; round < dnsSdLimits.rounds; round += 1) {
    for (const door of doors) {
      try {
        await ask(door, target, gathering.questions());
        asked.add(door.network.shown);
      } catch (error) {
        faults.push(error);
      }
    }
    if (asked.size === 0) throw nothingSent(faults);
    await pause(dnsSdLimits.roundMs);
  }
  const { isCut, dropped } = gathering;
  return { announcements: gathering.announcements(), networks: [...asked], isCut, dropped };
}

function isMulticast(address: string): boolean {
  const first = Number(address.split('.')[0]);
  return first >= 224 && first <= 239;
}

/** RFC 6762 section 11: answers from outside of the network are not for us. */
function findNetworks(): Network[] {
  const found = new Map<string, Network>();
  for (const { address, family, internal, cidr } of Object.values(networkInterfaces()).flatMap((each) => each ?? [])) {
    if (family !== 'IPv4' || internal || cidr === null || found.has(address)) continue;
    const own = new BlockList();
    own.addSubnet(address, Number(cidr.split('/')[1]), 'ipv4');
    found.set(address, { address, shown: cidr, mayAnswer: (from) => own.check(from, 'ipv4') });
  }
  return [...found.values()].slice(0, dnsSdLimits.maxNetworks);
}

function onlyHost(host: string): Network {
  return { shown: host, mayAnswer: (from) => from === host };
}

/** RFC 6762 section 6: an answer is sent from the port to which the question went. */
function isFrom(from: RemoteInfo, target: BrowseTarget, network: Network): boolean {
  return from.port === target.port && network.mayAnswer(from.address);
}

async function openSocket({ address }: Network): Promise<Socket> {
  const socket = createSocket('udp4');
  // Bad news about packets that were sent; the lack of an answer says the same.
  socket.on('error', () => undefined);
  try {
    socket.bind({ port: 0, exclusive: true, ...(address === undefined ? {} : { address }) });
    await once(socket, 'listening');
    if (address !== undefined) {
      socket.setMulticastInterface(address);
      socket.setMulticastTTL(255);
    }
    return socket;
  } catch (error) {
    await closeSocket(socket);
    throw error;
  }
}

async function closeSocket(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}

async function ask({ socket }: Door, target: BrowseTarget, questions: readonly Question[]): Promise<void> {
  for (const packet of writeQueries(questions)) {
    await new Promise<void>((resolve, reject) => {
      socket.send(packet, target.port, target.address, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}

function nothingSent(faults: readonly unknown[]): BrowseError {
  const words = faults.map((fault) => (fault instanceof Error ? fault.message : String(fault)));
  return new BrowseError(`no network could be asked: ${[...new Set(words)].join('; ')}`, { cause: faults[0] });
}

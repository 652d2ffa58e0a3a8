// Printers that announce themselves: answers DNS-SD questions at a UDP port of this machine, each printer with a response
// of its own, as on a network where every printer speaks for itself. Nothing is ever sent to a group.

import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import {
  addressData,
  type DnsRecord,
  dnsTypes,
  type Labels,
  readQuery,
  srvData,
  txtData,
  writeName,
  writeResponse,
} from './wire.ts';

export type AnnouncedPrinter = {
  readonly name: string;
  readonly service?: 'ipp' | 'ipps';
  readonly port: number;
  readonly address?: string;
  readonly hostName?: string;
  readonly text?: Readonly<Record<string, string>>;
};
export type AnnouncerOptions = {
  readonly host?: string;
  readonly port?: number;
  readonly printers?: readonly AnnouncedPrinter[];
  readonly isTerse?: boolean; // answers what was asked and adds nothing
  readonly noise?: readonly Buffer[]; // packets of somebody else, before each answer
};
export type RunningAnnouncer = {
  readonly host: string;
  readonly port: number;
  /** Every question so far, as type and name. */
  questions(): string[];
  /** Queries that came, each with its questions. */
  queries(): number;
  announce(printers: readonly AnnouncedPrinter[]): void;
  close(): Promise<void>;
};

type Announced = readonly DnsRecord[];

function recordsOf(printer: AnnouncedPrinter, at: number): Announced {
  const { name, service = 'ipp', port, address = '127.0.0.1', hostName = `printer-${at}`, text = {} } = printer;
  const listed: Labels = [`_${service}`, '_tcp', 'local'];
  const instance = [name, ...listed];
  const host = [hostName, 'local'];
  return [
    { labels: listed, type: dnsTypes.PTR, data: writeName(instance) },
    { labels: instance, type: dnsTypes.SRV, data: srvData(port, host) },
    { labels: instance, type: dnsTypes.TXT, data: txtData({ txtvers: '1', rp: 'ipp/print', ...text }) },
    { labels: host, type: dnsTypes.A, data: addressData(address) },
  ];
}

function isSame(left: Labels, right: Labels): boolean {
  return left.join('\0').toLowerCase() === right.join('\0').toLowerCase();
}

/** Starts to answer; when it resolves, the port takes questions. */
export async function startAnnouncer(options: AnnouncerOptions = {}): Promise<RunningAnnouncer> {
  const { host = '127.0.0.1', noise = [], isTerse = false } = options;
  let printers = (options.printers ?? []).map(recordsOf);
  const seen: string[] = [];
  let queries = 0;
  const socket = createSocket('udp4');
  const send = (packet: Buffer, to: RemoteInfo) => socket.send(packet, to.port, to.address);
  socket.on('message', (packet, from) => {
    const query = readQuery(packet);
    if (query === undefined) return;
    queries += 1;
    for (const packet of noise) send(packet, from);
    for (const { labels, type } of query.questions) {
      seen.push(`${type} ${labels.join('.')}`);
      for (const all of printers) {
        const answer = all.find((record) => record.type === type && isSame(record.labels, labels));
        if (answer === undefined) continue;
        const others = isTerse ? [] : all.filter((record) => record !== answer);
        send(writeResponse(query.id, [answer], others), from);
      }
    }
  });
  socket.bind(options.port ?? 0, host);
  await once(socket, 'listening');
  return {
    host,
    port: socket.address().port,
    questions: () => [...seen],
    queries: () => queries,
    announce: (next) => {
      printers = next.map(recordsOf);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

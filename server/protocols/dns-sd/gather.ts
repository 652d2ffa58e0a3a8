/** What was announced so far, put together from the records of many packets (RFC 6763 sections 4 to 6). */
import { isIP } from 'node:net';
import { type Answer, decode } from 'dns-packet';
import { dnsSdLimits } from './limits.ts';
import type { Question } from './query.ts';

export type Announcement = {
  /** As it was asked for, such as `_ipp._tcp.local`. */
  readonly service: string;
  /** The name that people gave it. */
  readonly instance: string;
  readonly host: string;
  readonly port: number;
  /** Keys in lower case; of a key that occurs twice the first counts (RFC 6763 section 6.4). */
  readonly text: ReadonlyMap<string, string>;
  readonly addresses: readonly string[];
};

type Instance = {
  readonly service: string;
  readonly label: string;
  isListed: boolean;
  place?: { readonly host: string; readonly port: number };
  text?: ReadonlyMap<string, string>;
};

const RESPONSE = 0x8000;
const OPCODE_AND_RCODE = 0x780f;

/** Takes packets of anybody; what cannot be read, or is more than `dnsSdLimits` has room for, is left out and counted. */
export class Gathering {
  readonly #services: readonly string[];
  readonly #instances = new Map<string, Instance>();
  readonly #addresses = new Map<string, Set<string>>();
  #packets = 0;
  #bytes = 0;
  #dropped = 0;
  #isCut = false;

  constructor(services: readonly string[]) {
    this.#services = services;
  }

  /** Packets that could not be read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** There was more than the limits have room for. */
  get isCut(): boolean {
    return this.#isCut;
  }

  take(packet: Buffer): void {
    if (this.#packets >= dnsSdLimits.maxPackets || this.#bytes + packet.length > dnsSdLimits.maxBytes) {
      this.#isCut = true;
      return;
    }
    this.#packets += 1;
    this.#bytes += packet.length;
    const records = readResponse(packet);
    if (records === undefined) {
      this.#dropped += 1;
      return;
    }
    for (const record of records) this.#keep(record);
  }

  /** What has still to be asked for. Answers may have been lost, so the services are asked for again each time. */
  questions(): Question[] {
    const listed = [...this.#instances.values()].filter(({ isListed }) => isListed);
    const hosts = new Set(listed.flatMap(({ place }) => (place === undefined ? [] : [place.host])));
    return [
      ...this.#services.map((service): Question => ({ type: 'PTR', labels: service.split('.') })),
      ...listed.flatMap(({ label, service, place, text }): Question[] => [
        ...(place === undefined ? [{ type: 'SRV', labels: [label, ...service.split('.')] } as const] : []),
        ...(text === undefined ? [{ type: 'TXT', labels: [label, ...service.split('.')] } as const] : []),
      ]),
      ...[...hosts]
        .filter((host) => !this.#addresses.has(host))
        .flatMap((host): Question[] => [
          { type: 'A', labels: host.split('.') },
          { type: 'AAAA', labels: host.split('.') },
        ]),
    ];
  }

  /** What is known well enough to be connected to: listed, with a place and at least one address. */
  announcements(): Announcement[] {
    return [...this.#instances.values()].flatMap(({ service, label, isListed, place, text }) => {
      const addresses = [...(this.#addresses.get(place?.host ?? '') ?? [])];
      if (!isListed || place === undefined || addresses.length === 0) return [];
      return [{ service, instance: label, ...place, text: text ?? new Map(), addresses }];
    });
  }

  #keep(record: Answer): void {
    // RFC 6762 section 10.1: a record without lifetime says goodbye.
    if ('ttl' in record && record.ttl === 0) return;
    if (record.type === 'PTR') {
      const instance = this.#services.includes(record.name.toLowerCase()) ? this.#instance(record.data) : undefined;
      if (instance !== undefined) instance.isListed = true;
    } else if (record.type === 'SRV') {
      const { port, target } = record.data;
      const instance = this.#instance(record.name);
      if (instance !== undefined && port > 0) instance.place ??= { host: target.toLowerCase(), port };
    } else if (record.type === 'TXT') {
      const text = readText(record.data);
      const instance = text === undefined ? undefined : this.#instance(record.name);
      if (instance !== undefined && text !== undefined) instance.text ??= text;
    } else if (record.type === 'A' || record.type === 'AAAA') {
      this.#keepAddress(record.name.toLowerCase(), record.data);
    }
  }

  /** The instance of this name, which is one label and the service; names of DNS are the same in capitals. */
  #instance(name: string): Instance | undefined {
    const key = name.toLowerCase();
    const known = this.#instances.get(key);
    if (known !== undefined) return known;
    const service = this.#services.find((each) => key.endsWith(`.${each}`));
    if (service === undefined) return undefined;
    const label = name.slice(0, -service.length - 1);
    const bytes = Buffer.byteLength(label);
    if (bytes === 0 || bytes > dnsSdLimits.maxLabelBytes) return undefined;
    if (this.#instances.size >= dnsSdLimits.maxInstances) {
      this.#isCut = true;
      return undefined;
    }
    const instance: Instance = { service, label, isListed: false };
    this.#instances.set(key, instance);
    return instance;
  }

  #keepAddress(host: string, address: string): void {
    if (isIP(address) === 0) return;
    const known = this.#addresses.get(host);
    if (known === undefined && this.#addresses.size >= dnsSdLimits.maxHosts) {
      this.#isCut = true;
      return;
    }
    const addresses = known ?? new Set<string>();
    this.#addresses.set(host, addresses);
    if (addresses.size < dnsSdLimits.maxAddressesPerHost) addresses.add(address);
  }
}

/** The records of a response; `undefined` for what is none, or cannot be read. */
function readResponse(packet: Buffer): readonly Answer[] | undefined {
  if (packet.length < 12 || packet.length > dnsSdLimits.maxPacketBytes) return undefined;
  const flags = packet.readUInt16BE(2);
  if ((flags & RESPONSE) === 0 || (flags & OPCODE_AND_RCODE) !== 0) return undefined;
  const counts = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at));
  if (counts.reduce((sum, count) => sum + count) > dnsSdLimits.maxRecordsPerPacket) return undefined;
  try {
    const { answers = [], authorities = [], additionals = [] } = decode(packet);
    return [...answers, ...authorities, ...additionals];
  } catch {
    // The library throws plain errors of many kinds for what is no DNS; which one it is helps nobody.
    return undefined;
  }
}

/** `key=value` strings; a key alone has an empty value, and what has no key is skipped (RFC 6763 section 6.4). */
function readText(data: unknown): ReadonlyMap<string, string> | undefined {
  const strings = (Array.isArray(data) ? data : [data]).filter((each) => Buffer.isBuffer(each));
  if (strings.reduce((sum, { length }) => sum + length + 1, 0) > dnsSdLimits.maxTxtBytes) return undefined;
  const text = new Map<string, string>();
  for (const each of strings) {
    const entry = each.toString('utf8');
    const end = entry.indexOf('=');
    const key = (end < 0 ? entry : entry.slice(0, end)).toLowerCase();
    if (key !== '' && !text.has(key)) text.set(key, end < 0 ? '' : entry.slice(end + 1));
  }
  return text;
}

// DNS as announcements need it, written from RFC 1035 and RFC 6762 on its own: names are lists of labels, written
// without compression, and read likewise.

export type Labels = readonly string[];
export type DnsQuestion = { readonly labels: Labels; readonly type: number };
export type DnsRecord = {
  readonly labels: Labels;
  readonly type: number;
  readonly data: Buffer;
  readonly ttl?: number;
};

export const dnsTypes = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;
const TTL_SECONDS = 10; // RFC 6762 section 6.7: answers to one-shot queries live no longer
const AUTHORITATIVE_RESPONSE = 0x8400;

export function writeName(labels: Labels): Buffer {
  const parts = labels.flatMap((label) => [Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function numbers(...values: readonly (readonly [number, 2 | 4])[]): Buffer {
  return Buffer.concat(
    values.map(([value, bytes]) => {
      const written = Buffer.alloc(bytes);
      written.writeUIntBE(value, 0, bytes);
      return written;
    }),
  );
}

function writeRecord({ labels, type, data, ttl = TTL_SECONDS }: DnsRecord): Buffer {
  return Buffer.concat([writeName(labels), numbers([type, 2], [1, 2], [ttl, 4], [data.length, 2]), data]);
}

export function writeResponse(
  id: number,
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[] = [],
): Buffer {
  const head = numbers(
    [id, 2],
    [AUTHORITATIVE_RESPONSE, 2],
    [0, 2],
    [answers.length, 2],
    [0, 2],
    [additionals.length, 2],
  );
  return Buffer.concat([head, ...[...answers, ...additionals].map(writeRecord)]);
}

export function srvData(port: number, target: Labels): Buffer {
  return Buffer.concat([numbers([0, 2], [0, 2], [port, 2]), writeName(target)]);
}

export function txtData(text: Readonly<Record<string, string>>): Buffer {
  const strings = Object.entries(text).map(([key, value]) => Buffer.from(`${key}=${value}`));
  if (strings.length === 0) return Buffer.from([0]);
  return Buffer.concat(strings.flatMap((string) => [Buffer.from([string.length]), string]));
}

export function addressData(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Reads the questions of a query; undefined for what is none. */
export function readQuery(packet: Buffer): { readonly id: number; readonly questions: DnsQuestion[] } | undefined {
  if (packet.length < 12 || (packet.readUInt16BE(2) & 0x8000) !== 0) return undefined;
  const questions: DnsQuestion[] = [];
  let at = 12;
  for (let count = packet.readUInt16BE(4); count > 0; count -= 1) {
    const labels: string[] = [];
    for (let length = packet[at]; length !== 0; length = packet[at]) {
      if (length === undefined || length > 63) return undefined;
      labels.push(packet.toString('utf8', at + 1, at + 1 + length));
      at += 1 + length;
    }
    if (at + 5 > packet.length) return undefined;
    questions.push({ labels, type: packet.readUInt16BE(at + 1) });
    at += 5;
  }
  return { id: packet.readUInt16BE(0), questions };
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressData,
  type DnsRecord,
  dnsTypes,
  srvData,
  txtData,
  writeName,
  writeResponse,
} from '../../../simulator/discovery/wire.ts';
import { Gathering } from './gather.ts';
import { dnsSdLimits } from './limits.ts';
import { writeQueries } from './query.ts';

const IPP = '_ipp._tcp.local';
const SERVICE = IPP.split('.');
const seed = Number(process.env.PLATEN_TEST_SEED ?? 20_261_128);

type Said = { readonly name?: string; readonly host?: string; readonly address?: string; readonly ttl?: number };

function recordsOf({ name = 'Hall', host = 'hall', address = '192.168.7.20', ttl = 10 }: Said = {}): DnsRecord[] {
  const instance = [name, ...SERVICE];
  return [
    { labels: SERVICE, type: dnsTypes.PTR, data: writeName(instance), ttl },
    { labels: instance, type: dnsTypes.SRV, data: srvData(631, [host, 'local']), ttl },
    { labels: instance, type: dnsTypes.TXT, data: txtData({ rp: 'ipp/print' }), ttl },
    { labels: [host, 'local'], type: dnsTypes.A, data: addressData(address), ttl },
  ];
}

function gather(...packets: readonly Buffer[]): Gathering {
  const gathering = new Gathering([IPP]);
  for (const packet of packets) gathering.take(packet);
  return gathering;
}

function ptrTo(name: string): DnsRecord {
  return { labels: SERVICE, type: dnsTypes.PTR, data: writeName([name, ...SERVICE]) };
}

function names(count: number): DnsRecord[] {
  return Array.from({ length: count }, (_, at) => ptrTo(`p${at}`));
}

/** Of 100 records each, as no packet may have more than 400. */
function inPackets(records: readonly DnsRecord[]): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < records.length; at += 100) packets.push(writeResponse(0, records.slice(at, at + 100)));
  return packets;
}

/** One whose records are all of an unknown type, padded to this size. */
function ofSize(bytes: number): Buffer {
  const record = (length: number): DnsRecord => ({ labels: ['x'], type: 0xff00, data: Buffer.alloc(length) });
  return writeResponse(0, [record(bytes - writeResponse(0, [record(0)]).length)]);
}

describe('announcements are put together', () => {
  test('in whatever order their records come', () => {
    const records = recordsOf();
    for (const order of [records, records.toReversed(), [2, 0, 3, 1].flatMap((at) => records[at] ?? [])]) {
      const gathering = gather(...order.map((record) => writeResponse(0, [record])));
      const [found, ...others] = gathering.announcements();
      assert.deepEqual(others, []);
      assert.deepEqual(
        { ...found, text: [...(found?.text ?? [])] },
        {
          ...{ service: IPP, instance: 'Hall', host: 'hall.local', port: 631, addresses: ['192.168.7.20'] },
          text: [['rp', 'ipp/print']],
        },
      );
      assert.equal(gathering.isCut, false);
    }
  });

  test('with names that differ in capitals only, and the first of texts with the same key', () => {
    const [ptr, srv, , a] = recordsOf() as [DnsRecord, DnsRecord, DnsRecord, DnsRecord];
    const text = Buffer.concat([txtData({ RP: 'first', TY: 'Model' }), txtData({ rp: 'second' })]);
    const txt = { labels: ['HALL', '_IPP', '_tcp', 'LOCAL'], type: dnsTypes.TXT, data: text };
    const [found] = gather(writeResponse(0, [ptr, { ...srv, labels: ['hALL', ...SERVICE] }, txt, a])).announcements();
    assert.equal(found?.instance, 'Hall');
    assert.deepEqual(
      [...(found?.text ?? [])],
      [
        ['rp', 'first'],
        ['ty', 'Model'],
      ],
    );
  });

  test('and what is missing is asked for, a name with a dot as one label', () => {
    const gathering = gather(writeResponse(0, [ptrTo('HP 4.0 Büro')]));
    const instance = ['HP 4.0 Büro', ...SERVICE];
    assert.deepEqual(gathering.questions(), [
      { type: 'PTR', labels: SERVICE },
      { type: 'SRV', labels: instance },
      { type: 'TXT', labels: instance },
    ]);
    gathering.take(writeResponse(0, recordsOf({ name: 'HP 4.0 Büro' }).slice(1, 3)));
    assert.deepEqual(gathering.questions().slice(1), [
      { type: 'A', labels: ['hall', 'local'] },
      { type: 'AAAA', labels: ['hall', 'local'] },
    ]);
    assert.deepEqual(gathering.announcements(), []);
    gathering.take(writeResponse(0, recordsOf().slice(3)));
    assert.deepEqual(gathering.questions(), [{ type: 'PTR', labels: SERVICE }]);
    assert.equal(gathering.announcements().length, 1);
  });

  test('but not those of other services, of nobody, or that say goodbye', () => {
    const foreign = ['Hall', '_http', '_tcp', 'local'];
    const gathering = gather(
      writeResponse(0, recordsOf({ ttl: 0 })),
      writeResponse(0, [{ labels: SERVICE, type: dnsTypes.PTR, data: writeName(foreign) }]),
      writeResponse(0, [{ labels: foreign.slice(1), type: dnsTypes.PTR, data: writeName(['x', ...SERVICE]) }]),
      writeResponse(0, [{ labels: SERVICE, type: dnsTypes.PTR, data: writeName(SERVICE) }]),
      writeResponse(0, recordsOf({ name: 'unlisted' }).slice(1)),
    );
    assert.deepEqual(gathering.announcements(), []);
    assert.deepEqual(gathering.questions(), [{ type: 'PTR', labels: SERVICE }]);
    assert.equal(gathering.dropped, 0);
  });
});

describe('what cannot be read is dropped and counted', () => {
  const good = writeResponse(0, recordsOf());
  const at = (offset: number, bytes: readonly number[]): Buffer => {
    const changed = Buffer.from(good);
    Buffer.from(bytes).copy(changed, offset);
    return changed;
  };
  const head = (answers: number) => Buffer.from([0, 0, 0x84, 0, 0, 0, 0, answers, 0, 0, 0, 0]);
  const wrong: Readonly<Record<string, Buffer>> = {
    nothing: Buffer.alloc(0),
    'half a header': good.subarray(0, 11),
    'a question': at(2, [0, 0]),
    'an error': at(2, [0x84, 3]),
    'another opcode': at(2, [0x8c, 0]),
    'more answers than there are': at(7, [9]),
    'a record that ends early': good.subarray(0, 60),
    'a pointer to itself': Buffer.concat([head(1), Buffer.from([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12])]),
    'pointers in a ring': Buffer.concat([head(1), Buffer.from([0xc0, 14, 0xc0, 12, 0, 12, 0, 1, 0, 0])]),
    'a pointer beyond the end': Buffer.concat([head(1), Buffer.from([0xff, 0xff, 0, 12, 0, 1])]),
    'a label of 64': Buffer.concat([head(1), Buffer.from([64]), Buffer.alloc(80, 97)]),
    'a name without end': Buffer.concat([
      head(1),
      ...Array.from({ length: 9 }, () => Buffer.from(`\x3f${'a'.repeat(63)}`)),
    ]),
  };
  for (const [what, packet] of Object.entries(wrong)) {
    test(what, () => {
      const gathering = gather(packet, good);
      assert.equal(gathering.dropped, 1);
      assert.equal(gathering.announcements().length, 1);
    });
  }

  test('and no mutation of an answer throws, or brings in what is no address', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        (changes) => {
          const packet = Buffer.from(good);
          for (const [offset, byte] of changes) packet[offset] = byte;
          for (const { port, addresses } of gather(packet).announcements()) {
            assert.ok(port > 0 && port <= 65535);
            assert.match(addresses.join(), /^[0-9a-f.:,]+$/);
          }
        },
      ),
      { seed, numRuns: 2000 },
    );
  });
});

describe('of whatever is announced no more is kept than the limits say', () => {
  test('packets of 9,000 bytes are read, larger ones are not', () => {
    assert.equal(gather(ofSize(dnsSdLimits.maxPacketBytes)).dropped, 0);
    assert.equal(gather(ofSize(dnsSdLimits.maxPacketBytes + 1)).dropped, 1);
  });

  test('400 records in a packet are read, 401 are not', () => {
    const empty = (count: number) => {
      const record: DnsRecord = { labels: [], type: 0xff00, data: Buffer.alloc(0) };
      return writeResponse(
        0,
        Array.from({ length: count }, () => record),
      );
    };
    assert.equal(gather(empty(dnsSdLimits.maxRecordsPerPacket)).dropped, 0);
    assert.equal(gather(empty(dnsSdLimits.maxRecordsPerPacket + 1)).dropped, 1);
  });

  test('2,000 packets are read, and nothing after them', () => {
    const small = writeResponse(0, []);
    const flood = Array.from({ length: dnsSdLimits.maxPackets - 1 }, () => small);
    assert.equal(gather(...flood, writeResponse(0, recordsOf())).announcements().length, 1);
    const late = gather(...flood, small, writeResponse(0, recordsOf()));
    assert.deepEqual([late.announcements(), late.isCut], [[], true]);
  });

  test('1 MiB is read, and nothing after it', () => {
    const last = writeResponse(0, recordsOf());
    const count = Math.floor((dnsSdLimits.maxBytes - last.length - 100) / 9000);
    const flood = Array.from({ length: count }, () => ofSize(9000));
    const rest = dnsSdLimits.maxBytes - last.length - count * 9000;
    assert.equal(gather(...flood, ofSize(rest), last).announcements().length, 1);
    const late = gather(...flood, ofSize(rest + 1), last);
    assert.deepEqual([late.announcements(), late.isCut], [[], true]);
  });

  test('200 instances are kept, and of 10,000 no more', () => {
    assert.equal(gather(...inPackets(names(dnsSdLimits.maxInstances))).isCut, false);
    for (const count of [dnsSdLimits.maxInstances + 1, 10_000]) {
      const gathering = gather(...inPackets(names(count)));
      assert.equal(gathering.isCut, true);
      assert.equal(gathering.questions().length, 1 + 2 * dnsSdLimits.maxInstances);
    }
  });

  test('200 hosts are kept with 8 addresses each', () => {
    const hosts = (count: number) =>
      Array.from({ length: count }, (_, at): DnsRecord => {
        return { labels: [`host-${at}`, 'local'], type: dnsTypes.A, data: addressData('10.0.0.1') };
      });
    assert.equal(gather(...inPackets(hosts(dnsSdLimits.maxHosts))).isCut, false);
    assert.equal(gather(...inPackets(hosts(dnsSdLimits.maxHosts + 1))).isCut, true);
    for (const count of [dnsSdLimits.maxAddressesPerHost, dnsSdLimits.maxAddressesPerHost + 1]) {
      const more = Array.from({ length: count }, (_, at) => recordsOf({ address: `10.0.0.${at + 1}` })).flat();
      assert.equal(gather(...inPackets(more)).announcements()[0]?.addresses.length, dnsSdLimits.maxAddressesPerHost);
    }
  });

  test('texts of 4 KiB are read, larger ones are as if there were none', () => {
    const [ptr, srv, , a] = recordsOf() as [DnsRecord, DnsRecord, DnsRecord, DnsRecord];
    const withText = (bytes: number) => {
      const strings: Buffer[] = [Buffer.from('\x04rp=x')];
      for (let left = bytes - 5; left > 0; left -= Math.min(left, 256)) {
        const length = Math.min(left, 256) - 1;
        strings.push(Buffer.from([length]), Buffer.alloc(length, 0x61));
      }
      const txt = { labels: ['Hall', ...SERVICE], type: dnsTypes.TXT, data: Buffer.concat(strings) };
      return gather(writeResponse(0, [ptr, srv, txt, a]))
        .announcements()[0]
        ?.text.get('rp');
    };
    assert.equal(withText(dnsSdLimits.maxTxtBytes), 'x');
    assert.equal(withText(dnsSdLimits.maxTxtBytes + 1), undefined);
  });

  test('questions go out in packets of 1,400 bytes', () => {
    const labels = ['a'.repeat(63), ...SERVICE];
    const questions = Array.from({ length: 100 }, () => ({ type: 'SRV', labels }) as const);
    const packets = writeQueries(questions);
    assert.ok(packets.every(({ length }) => length <= dnsSdLimits.maxQueryBytes));
    assert.equal(
      packets.reduce((sum, packet) => sum + packet.readUInt16BE(4), 0),
      100,
    );
    assert.equal(writeQueries([{ type: 'SRV', labels: ['a'.repeat(64), 'local'] }]).length, 0);
  });
});

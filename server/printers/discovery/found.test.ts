import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Announcement } from '../../protocols/dns-sd/browse.ts';
import { findPrintersIn, IPP_SERVICE, IPPS_SERVICE } from './found.ts';
import { MAX_FOUND, MAX_FOUND_NAME, MAX_RESOURCE_PATH } from './limits.ts';

const UUID = '4509a320-00a0-008f-00b6-002507510eca';

type Said = Partial<Omit<Announcement, 'text'>> & { readonly text?: Readonly<Record<string, string>> };

function announced({ text = {}, ...more }: Said = {}): Announcement {
  return {
    ...{ service: IPP_SERVICE, instance: 'Hall', host: 'hall.local', port: 631, addresses: ['192.168.7.20'] },
    ...more,
    text: new Map(Object.entries(text)),
  };
}

function find(announcements: readonly Announcement[], more: { addedUris?: string[]; allowsLoopback?: boolean } = {}) {
  return findPrintersIn(announcements, { addedUris: [], allowsLoopback: false, ...more });
}

function urisOf(announcements: readonly Announcement[], more?: Parameters<typeof find>[1]): string[] {
  return find(announcements, more).items.map(({ uri }) => uri);
}

test('a printer is offered with its words and its address', () => {
  const text = { rp: 'ipp/print', ty: 'Maker Laser 7', note: 'Second\u0007floor\u202e', uuid: UUID };
  assert.deepEqual(find([announced({ text })]).items, [
    {
      ...{ name: 'Hall', makeModel: 'Maker Laser 7', location: 'Second floor', uri: 'ipp://192.168.7.20/ipp/print' },
      ...{ host: '192.168.7.20', port: 631, isSecure: false, isAdded: false },
    },
  ]);
  const old = announced({ text: { product: '(Maker 4)' }, port: 8631, addresses: ['fd12::7'] });
  assert.deepEqual(urisOf([old]), ['ipp://[fd12::7]:8631/ipp/print']);
  assert.equal(find([old]).items[0]?.makeModel, 'Maker 4');
});

test('of a printer that offers both, TLS is taken, whatever came first', () => {
  const plain = announced({ text: { uuid: UUID } });
  const secure = announced({ service: IPPS_SERVICE, text: { uuid: UUID.toUpperCase() }, instance: 'Hall (2)' });
  const unnamed = { ...secure, instance: 'HALL', text: new Map() };
  for (const both of [
    [plain, secure],
    [secure, plain],
    [announced(), unnamed],
  ]) {
    assert.deepEqual(urisOf(both), ['ipps://192.168.7.20/ipp/print']);
  }
});

test('nobody takes the place of another printer by its UUID or its name', () => {
  const real = announced({ text: { uuid: UUID } });
  const liar = announced({ service: IPPS_SERVICE, text: { uuid: UUID }, addresses: ['192.168.7.66'] });
  assert.deepEqual(urisOf([real, liar]).sort(), ['ipp://192.168.7.20/ipp/print', 'ipps://192.168.7.66/ipp/print']);
});

test('only addresses of one’s own network are offered, and never one that printers do not have', () => {
  const at = (...addresses: string[]) => urisOf([announced({ addresses })]);
  for (const address of ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.0.1']) {
    assert.deepEqual(at(address), [`ipp://${address}/ipp/print`]);
  }
  for (const address of [
    ...['8.8.8.8', '172.15.255.255', '172.32.0.0', '192.167.1.1', '169.254.169.254', '168.63.129.16', '0.0.0.0'],
    ...['100.100.100.200', '224.0.0.251', '255.255.255.255', '127.0.0.1', '::1', '::', 'fe80::1', 'ff02::fb'],
    ...['2001:db8::1', 'fd00:ec2::254', 'fd20:ce::254', '::ffff:169.254.169.254', '::ffff:10.0.0.1', 'hall.local', ''],
  ]) {
    assert.deepEqual(at(address), [], address);
  }
  assert.deepEqual(at('8.8.8.8', 'fd12::7', '10.0.0.1'), ['ipp://10.0.0.1/ipp/print']);
  assert.deepEqual(urisOf([announced({ addresses: ['127.0.0.1'] })], { allowsLoopback: true }), [
    'ipp://127.0.0.1/ipp/print',
  ]);
});

test('the path is plain, or there is no offer', () => {
  const at = (rp: string) => urisOf([announced({ text: { rp } })]);
  assert.deepEqual(at('/ipp/print'), ['ipp://192.168.7.20/ipp/print']);
  assert.deepEqual(at(''), ['ipp://192.168.7.20/']);
  assert.deepEqual(at('printers/Hall_2-b.x~'), ['ipp://192.168.7.20/printers/Hall_2-b.x~']);
  assert.equal(at('a'.repeat(MAX_RESOURCE_PATH)).length, 1);
  assert.equal(at('a'.repeat(MAX_RESOURCE_PATH + 1)).length, 0);
  for (const rp of [
    '../admin',
    'a/../b',
    'a//b',
    '//evil.example/x',
    'a b',
    'a?b',
    'a#b',
    'a%2e',
    'a\\b',
    '@evil',
    'é',
    'a\n',
  ]) {
    assert.deepEqual(at(rp), [], rp);
  }
});

test('names are cut and cleaned, and one without a letter is none', () => {
  assert.equal(find([announced({ instance: 'x'.repeat(MAX_FOUND_NAME) })]).items[0]?.name.length, MAX_FOUND_NAME);
  assert.equal(find([announced({ instance: 'x'.repeat(MAX_FOUND_NAME + 1) })]).items[0]?.name.length, MAX_FOUND_NAME);
  assert.equal(find([announced({ instance: 'a\u001b[31mb\u202ec' })]).items[0]?.name, 'a [31mb c');
  assert.deepEqual(find([announced({ instance: '\u0000\u0007' })]).items, []);
});

test('what was added is marked, also under its other scheme, address or name', () => {
  const plain = announced({ addresses: ['192.168.7.20', 'fd12::7'], text: { uuid: UUID } });
  const secure = { ...plain, service: IPPS_SERVICE, port: 443 };
  const isAdded = (uri: string) => find([plain, secure], { addedUris: [uri] }).items[0]?.isAdded;
  for (const uri of [
    ...['ipps://192.168.7.20:443/ipp/print', 'ipp://192.168.7.20/ipp/print', 'ipp://192.168.7.20:631/ipp/print'],
    ...['ipp://[fd12::7]/ipp/print', 'ipp://Hall.local/ipp/print'],
  ]) {
    assert.equal(isAdded(uri), true, uri);
  }
  assert.equal(isAdded('ipp://192.168.7.21/ipp/print'), false);
  assert.equal(isAdded('ipp://192.168.7.20/ipp/other'), false);
});

test('a hundred are offered in the order of their names, and of more it is told', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => announced({ instance: `P${999 - at}`, addresses: [`10.0.1.${at}`] }));
  const all = find(many(MAX_FOUND));
  assert.deepEqual([all.items.length, all.isCut, all.items[0]?.name], [MAX_FOUND, false, 'P900']);
  const cut = find(many(MAX_FOUND + 1));
  assert.deepEqual([cut.items.length, cut.isCut, cut.items[0]?.name], [MAX_FOUND, true, 'P899']);
});

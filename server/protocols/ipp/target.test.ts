import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IppTargetError, isBlockedAddress, parsePrinterUri, resolveTarget } from './target.ts';

const reasonOf = (input: string): string => {
  try {
    parsePrinterUri(input);
    return 'none';
  } catch (error) {
    return error instanceof IppTargetError ? error.reason : String(error);
  }
};

test('a printer address gives host, port, path and security, with 631 where no port is named', () => {
  assert.deepEqual(parsePrinterUri('ipp://Printer.example/ipp/print?queue=1'), {
    uri: 'ipp://printer.example/ipp/print?queue=1',
    security: 'none',
    host: 'printer.example',
    port: 631,
    path: '/ipp/print?queue=1',
  });
  assert.equal(parsePrinterUri('ipp://printer.example:80/').port, 80);
  assert.equal(parsePrinterUri('ipps://printer.example:443/').port, 443);
  assert.deepEqual(parsePrinterUri('IPPS://[2001:db8::5]/ipp'), {
    uri: 'ipps://[2001:db8::5]/ipp',
    security: 'tls',
    host: '2001:db8::5',
    port: 631,
    path: '/ipp',
  });
});

test('only ipp and ipps are taken, and nothing that hides a host', () => {
  for (const input of [
    'http://printer/',
    'https://printer/',
    'file:///etc/passwd',
    'socket://printer:9100',
    'printer',
    '',
  ]) {
    assert.equal(reasonOf(input), 'scheme', input);
  }
  for (const input of [
    'ipp:printer',
    'ipp:///ipp/print',
    'ipp://user:secret@printer/',
    'ipp://printer/#part',
    'ipp://printer:0/',
    'ipp://printer:70000/',
    'ipp://printer\\@elsewhere/',
    'ipp://print er/',
    'ipp://printer/\r\nHost: elsewhere',
    `ipp://printer/${'x'.repeat(1024)}`,
  ]) {
    assert.equal(reasonOf(input), 'invalid-uri', input);
  }
});

test('every way to write the metadata address is blocked, and so are link-local and group addresses', async () => {
  for (const host of [
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '%31%36%39.254.169.254',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[ff02::fb]',
    '[::]',
    '0.0.0.0',
    '224.0.0.251',
    '255.255.255.255',
  ]) {
    const refusal = resolveTarget(parsePrinterUri(`ipp://${host}/`));
    await assert.rejects(
      refusal,
      (error) => error instanceof IppTargetError && error.reason === 'blocked-address',
      host,
    );
  }
});

test('private, loopback and public addresses are printers like any other', () => {
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '192.168.0.9', '::ffff:10.1.2.3', 'fd12::1', '2001:db8::1']) {
    assert.equal(isBlockedAddress(address), false, address);
  }
});

test('a blocked address is taken when it is allowed by name, and only that one', async () => {
  const allowAddress = (address: string) => address === '169.254.10.20';
  assert.deepEqual(await resolveTarget(parsePrinterUri('ipp://169.254.10.20/'), { allowAddress }), [
    { address: '169.254.10.20', family: 4 },
  ]);
  await assert.rejects(resolveTarget(parsePrinterUri('ipp://169.254.169.254/'), { allowAddress }), IppTargetError);
});

test('a name keeps only those of its addresses that may be connected to', async () => {
  const target = parsePrinterUri('ipp://printer.example/');
  const mixed = async () => [
    { address: '169.254.169.254', family: 4 as const },
    { address: '10.0.0.5', family: 4 as const },
    { address: 'nonsense', family: 4 as const },
  ];
  assert.deepEqual(await resolveTarget(target, { resolve: mixed }), [{ address: '10.0.0.5', family: 4 }]);
  const nothing = resolveTarget(target, { resolve: async () => [] });
  await assert.rejects(nothing, (error) => error instanceof IppTargetError && error.reason === 'unknown-host');
});

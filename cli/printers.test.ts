import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli, startRecordedServer } from './testing.ts';

const found = {
  name: 'Library',
  makeModel: 'Maker Laser 7',
  location: 'Second floor',
  uri: 'ipps://192.168.7.20/ipp/print',
  host: '192.168.7.20',
  port: 631,
  isSecure: true,
  isAdded: false,
};
const discovery = {
  items: [found, { ...found, name: 'Hall \u001b[31m', makeModel: null, location: null, isAdded: true }],
  networks: ['192.168.7.5/24', '10.1.0.5/16'],
  isCut: true,
};
const answering = async (body: unknown, status = 200) =>
  await startRecordedServer({ 'POST /printers/discover': { status, body } });

test('printers on the network are listed with their address, and those that were added are marked', async () => {
  await using server = await answering(discovery);
  const { code, stdout } = await runCli(['printers', 'discover'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /^Library +Maker Laser 7 +Second floor +ipps:\/\/192\.168\.7\.20\/ipp\/print/m);
  assert.match(stdout, /^Hall .*already added$/m);
  assert.match(stdout, /^Looked at: 192\.168\.7\.5\/24, 10\.1\.0\.5\/16$/m);
  assert.match(stdout, /^There are more than these/m);
  assert.ok(!stdout.includes('\u001b'));
  const json = await runCli(['printers', 'discover', '--json'], { env: server.env });
  assert.deepEqual((JSON.parse(json.stdout) as typeof discovery).items[0], found);
});

test('where none is found, it is told why that may be and what to do, in both languages', async () => {
  await using server = await answering({ items: [], networks: ['172.17.0.2/16'], isCut: false });
  for (const [language, words] of [
    ['en', /^No printer has announced itself on 172\.17\.0\.2\/16\. .*subnet.*multicast.*container.*printers add/],
    ['it', /^Nessuna stampante si è annunciata su 172\.17\.0\.2\/16\. .*sottorete.*multicast.*container.*printers add/],
  ] as const) {
    const { code, stdout } = await runCli(['printers', 'discover', '--language', language], { env: server.env });
    assert.equal(code, 0);
    assert.match(stdout, words);
  }
});

test('a search that is switched off ends with its advice', async () => {
  const problem = { code: 'discovery-off', title: 'Off', advice: 'Type the address.', status: 409, temporary: false };
  await using server = await answering(problem, 409);
  const { code, stderr } = await runCli(['printers', 'discover'], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /Off[\s\S]*Type the address\./);
});

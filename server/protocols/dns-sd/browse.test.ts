import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnnouncerOptions, type RunningAnnouncer, startAnnouncer } from '../../../simulator/discovery/announce.ts';
import { addressData, dnsTypes, srvData, writeName, writeResponse } from '../../../simulator/discovery/wire.ts';
import { BrowseError, browse } from './browse.ts';

const IPP = '_ipp._tcp.local';
const pause = async (ms: number) => void (await sleep(ms));

async function announce(t: TestContext, options: AnnouncerOptions): Promise<RunningAnnouncer> {
  const announcer = await startAnnouncer(options);
  t.after(() => announcer.close());
  return announcer;
}

async function ask({ host: address, port }: RunningAnnouncer) {
  return await browse([IPP], { target: { address, port }, pause });
}

describe('a network is asked for services', { concurrency: true }, () => {
  test('three times, for what is still missing each time', async (t) => {
    const name = 'HP 4.0 “Büro”';
    const announcer = await announce(t, { isTerse: true, printers: [{ name, port: 631, address: '10.9.8.7' }] });
    const { announcements, networks, isCut } = await ask(announcer);
    assert.deepEqual(
      announcements.map(({ instance, addresses, port }) => ({ instance, addresses, port })),
      [{ instance: name, addresses: ['10.9.8.7'], port: 631 }],
    );
    assert.deepEqual([networks, isCut], [['127.0.0.1'], false]);
    assert.ok(announcer.questions().includes(`33 ${name}.${IPP}`));
    assert.ok(announcer.questions().includes('1 printer-0.local'));
    assert.equal(announcer.questions().filter((question) => question === `12 ${IPP}`).length, 3);
  });

  test('and 120 that answer at once are all heard', async (t) => {
    const printers = Array.from({ length: 120 }, (_, at) => ({
      name: `Printer ${at}`,
      port: 631,
      address: '10.0.0.1',
    }));
    const { announcements, dropped } = await ask(await announce(t, { printers }));
    assert.equal(announcements.length, 120);
    assert.equal(dropped, 0);
  });

  test('and noise in between is dropped', async (t) => {
    const noise = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(9001), Buffer.alloc(12, 0xff)];
    const { announcements, dropped } = await ask(await announce(t, { noise, printers: [{ name: 'Hall', port: 631 }] }));
    assert.deepEqual(
      announcements.map(({ instance }) => instance),
      ['Hall'],
    );
    assert.ok(dropped >= noise.length);
  });

  test('and an answer from another port is not believed', async (t) => {
    const [asked, stranger] = [createSocket('udp4'), createSocket('udp4')];
    t.after(() => [asked, stranger].map((socket) => socket.close()));
    let answers = 0;
    asked.on('message', (_packet, { port, address }) => {
      const instance = ['Liar', ...IPP.split('.')];
      const lie = writeResponse(0, [
        { labels: IPP.split('.'), type: dnsTypes.PTR, data: writeName(instance) },
        { labels: instance, type: dnsTypes.SRV, data: srvData(631, ['liar', 'local']) },
        { labels: ['liar', 'local'], type: dnsTypes.A, data: addressData('10.6.6.6') },
      ]);
      stranger.send(lie, port, address, () => {
        answers += 1;
      });
    });
    asked.bind(0, '127.0.0.1');
    await once(asked, 'listening');
    const target = { address: '127.0.0.1', port: asked.address().port };
    assert.deepEqual((await browse([IPP], { target, pause })).announcements, []);
    assert.equal(answers, 3);
  });

  test('and a network to which nothing can be sent is told', async () => {
    // A socket must say beforehand that it wants to speak to everybody, and this one does not.
    const target = { address: '255.255.255.255', port: 9 };
    await assert.rejects(browse([IPP], { target, pause }), (error) => {
      return error instanceof BrowseError && /EACCES|ENETUNREACH/.test(error.message);
    });
  });
});

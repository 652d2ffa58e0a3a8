import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAnnouncer } from '../../../simulator/discovery/announce.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import { eventually } from '../../../test/harness/time.ts';
import { PlatenError } from '../../base/errors.ts';
import { dnsSdLimits } from '../../protocols/dns-sd/limits.ts';
import { discoverPrinters } from './discover.ts';

const isOf = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

test('all who look at the same time share one search, and the next looks anew', async () => {
  const printers = [{ name: 'Hall', port: 631 }];
  const announcer = await startAnnouncer({ printers });
  await using platen = await openTestContext({
    settings: { discovery: { address: announcer.host, port: announcer.port } },
  });
  const { context, clock } = platen;
  const look = async (count: number) => {
    const before = announcer.queries();
    const looking = Array.from({ length: count }, () => discoverPrinters(context));
    for (let round = 1; round <= dnsSdLimits.rounds; round += 1) {
      await eventually(() => clock.sleeping === 1 && announcer.queries() === before + round);
      // What was answered is on its way through the loopback.
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.advance(dnsSdLimits.roundMs);
    }
    return await Promise.all(looking);
  };
  try {
    for (const { items, networks, isCut } of await look(3)) {
      assert.deepEqual(
        items.map(({ name, uri }) => [name, uri]),
        [['Hall', 'ipp://127.0.0.1/ipp/print']],
      );
      assert.deepEqual([networks, isCut], [['127.0.0.1'], false]);
    }
    announcer.announce([]);
    assert.deepEqual((await look(1))[0]?.items, []);
  } finally {
    await announcer.close();
  }
});

test('a search that is off or impossible says so, and the next one is tried again', async () => {
  await using off = await openTestContext();
  await assert.rejects(discoverPrinters(off.context), isOf('discovery-off'));
  await using platen = await openTestContext({ settings: { discovery: { address: '255.255.255.255', port: 9 } } });
  for (const _ of [1, 2]) await assert.rejects(discoverPrinters(platen.context), isOf('discovery-failed'));
});

import { createTransport } from 'nodemailer';
import { after } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { aMessage, bytesOf, useSubmissionServer } from '../../test/harness/outbox.ts';
import { startSubmissionServer } from '../../test/harness/submission-server.ts';
import { systemClock } from '../base/clock.ts';
import { countOutbox, submitMessage } from './outbox.ts';
import { startOutboxWorker } from './worker.ts';
import { test } from 'node:test';
test('bench', async () => {
const N = 1500;
await using server = await startSubmissionServer();
await using node = await openTestContext();
const context = { ...node.context };
const real = { ...context, clock: systemClock };
await useSubmissionServer(real, server);
for (let round = 0; round < 3; round++) {
  const messages = Array.from({ length: N }, () => aMessage({}, 10_000));
  const pool = createTransport({ pool: true, maxConnections: 5, maxMessages: Infinity, host: server.host, port: server.port, secure: false, ignoreTLS: true } as never);
  let t = performance.now();
  await Promise.all(messages.map((m) => pool.sendMail({ envelope: { from: m.sender, to: [...m.recipients] }, raw: bytesOf(m) })));
  const bare = N / ((performance.now() - t) / 1000);
  pool.close();
  t = performance.now();
  await Promise.all(messages.map((m) => submitMessage(real, m)));
  const accept = N / ((performance.now() - t) / 1000);
  t = performance.now();
  const cpu0 = process.cpuUsage();
  {
    await using _w = await startOutboxWorker(real);
    while ((await countOutbox(real)).states.sent < N * (round + 1)) await new Promise((r) => setTimeout(r, 50));
  }
  const cpu = process.cpuUsage(cpu0);
  const ours = N / ((performance.now() - t) / 1000);
  console.log({ bare: Math.round(bare), accept: Math.round(accept), ours: Math.round(ours), ratio: (ours / bare).toFixed(2), cpuMsPerMessage: ((cpu.user + cpu.system) / 1000 / N).toFixed(2) });
}
void after;
});

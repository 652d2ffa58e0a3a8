import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { systemClock } from '../server/base/clock.ts';
import { addMailbox } from '../server/intake/intake.ts';
import { startIntakeWorker } from '../server/intake/worker.ts';
import { addQueue } from '../server/jobs/jobs.ts';
import { addUser } from '../server/users/users.ts';
import { openTestContext } from './harness/database.ts';
import { startDovecot } from './harness/dovecot.ts';
import { writeMessage } from './harness/intake.ts';
import { makePrivateCertificate } from './harness/private-ca.ts';

const N = Number(process.env.N ?? 1000);
test('bench', { timeout: 200_000 }, async () => {
  const { ca, cert, key } = makePrivateCertificate();
  setDefaultCACertificates([...getCACertificates('default'), ca]);
  const dovecot = await startDovecot({ tls: { cert, key }, password: 'bench' });
  const user = 'print@practice.example';
  try {
    await using t = await openTestContext();
    const context = { ...t.context, clock: systemClock };
    await t.context.db.executeQuery((await import('kysely')).sql`alter system set fsync = on`.compile(t.context.db));
    await t.context.db.executeQuery((await import('kysely')).sql`select pg_reload_conf()`.compile(t.context.db));
    await addUser(context, { email: 'anna@practice.example', name: 'Anna', role: 'user', addresses: ['anna@practice.example'] }, 'test');
    const queue = await addQueue(context, { name: 'q', mode: 'hold' }, 'test');
    const t0 = performance.now();
    for (let i = 0; i < N; i++) await dovecot.deliver(user, writeMessage({ document: Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(100 * 1024)]) }));
    console.log('delivered', performance.now() - t0);
    for (let round = 0; round < 2; round++) {
      const imap = new ImapFlow({ host: 'localhost', port: dovecot.ports.imaps, secure: true, auth: { user, pass: 'bench' }, logger: false });
      await imap.connect();
      await imap.mailboxOpen('INBOX');
      const uids = (await imap.search({ all: true }, { uid: true })) as number[];
      const t1 = performance.now();
      for (const uid of uids) await imap.fetchOne(String(uid), { source: true }, { uid: true });
      console.log('bare one by one', uids.length / ((performance.now() - t1) / 1000), 'msg/s');
      await imap.logout();
    }
    if (global.gc) global.gc();
    const rss0 = process.memoryUsage().rss; let peak = 0;
    const tick = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss); }, 5);
    const t2 = performance.now();
    await addMailbox(context, { title: 'b', protocol: 'imap', address: user, afterIntake: 'move', queueId: queue.id, server: { host: 'localhost', port: dovecot.ports.imaps, security: 'tls', username: user, password: 'bench' } }, 'test');
    await using worker = await startIntakeWorker(context);
    for (;;) {
      const { c } = await context.db.selectFrom('jobs').select((b) => b.fn.countAll<number>().as('c')).executeTakeFirstOrThrow();
      if (c === N) break;
      await new Promise((r) => setTimeout(r, 10));
    }
    console.log('platen committed', N / ((performance.now() - t2) / 1000), 'msg/s', 'rss', rss0 / 1e6, 'peak', peak / 1e6);
    for (;;) {
      const { c } = await context.db.selectFrom('incoming_messages').where('moved_at', 'is', null).select((b) => b.fn.countAll<number>().as('c')).executeTakeFirstOrThrow();
      if (c === 0) break;
      await new Promise((r) => setTimeout(r, 10));
    }
    console.log('platen moved', N / ((performance.now() - t2) / 1000), 'msg/s');
    clearInterval(tick);
    const delays: number[] = [];
    for (let i = 0; i < Number(process.env.DELAYS ?? 15); i++) {
      await new Promise((r) => setTimeout(r, 700));
      const s = performance.now();
      await dovecot.deliver(user, writeMessage({ document: Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(100 * 1024)]) }));
      for (;;) {
        const { c } = await context.db.selectFrom('jobs').select((b) => b.fn.countAll<number>().as('c')).executeTakeFirstOrThrow();
        if (c === N + i + 1) break;
        await new Promise((r) => setTimeout(r, 2));
      }
      delays.push(performance.now() - s);
    }
    console.log('delay from delivery', delays.map(Math.round).sort((a, b) => a - b).join(' '));
    await worker[Symbol.asyncDispose]();
  } finally {
    await dovecot.close();
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { DAY_MS, systemClock } from '../../server/base/clock.ts';
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { openHttp } from '../../server/http/http.ts';
import { updateMailbox } from '../../server/intake/intake.ts';
import { addQueue, getJob, makeJobLinks, makeReleasePin } from '../../server/jobs/jobs.ts';
import { endHolds } from '../../server/jobs/keeping/retention.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { writeNotices } from '../../server/notices/write.ts';
import { addPrinter } from '../../server/printers/printers.ts';
import { withLease } from '../../server/store/leases.ts';
import { addPerson, call } from '../attacks/callers.ts';
import { openWatchedMailbox, writeMessage } from '../harness/intake.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { openScene } from '../harness/queue-scene.ts';
import { eventually } from '../harness/time.ts';

const LONG = { timeoutMs: 90_000 };

test('a mailed document waits, and comes out of the printer by PIN, by link and by an operator, once each', async () => {
  await using watched = await openWatchedMailbox();
  const paper = await startIppEvePrinter();
  await using undo = new AsyncDisposableStack();
  undo.defer(() => paper.close());
  const context = { ...watched.context, clock: systemClock };
  const printer = await addPrinter(context, { name: 'Ground floor', uri: paper.uri });
  const queue = await addQueue(context, { name: 'Fetch it', mode: 'hold', printerIds: [printer.id] }, 'test');
  await updateMailbox(context, watched.mailboxId, { change: { queueId: queue.id }, actor: 'test' });
  const http = undo.use(await openHttp(watched.context));
  undo.use(await startJobsWorker(context));
  undo.use(await watched.startWorker());
  const server = { test: watched.test, http, [Symbol.asyncDispose]: async () => undefined };
  const known: string[] = [];
  const mail = async () => {
    watched.deliver(writeMessage());
    const job = await eventually(async () => (await watched.jobs()).find(({ id }) => !known.includes(id)), LONG);
    known.push(job.id);
    await eventually(async () => (await getJob(context, job.id)).preparation === 'done', LONG);
    assert.equal((await getJob(context, job.id)).state, 'pending-held');
    assert.equal(paper.printed().length, known.length - 1);
    return job.id;
  };
  const post = async (path: string, body: object, headers = {}) => {
    const answer = await call(server, 'POST', `/api/v1${path}`, { body, headers });
    assert.equal(answer.status, 200, answer.text);
  };
  const printed = async (id: string) => {
    await eventually(async () => (await getJob(context, id)).state === 'completed', LONG);
    assert.equal(paper.printed().length, known.length);
  };

  const byPin = await mail();
  await post(`/printers/${printer.id}/release`, { pin: await makeReleasePin(context, [byPin]) });
  await printed(byPin);

  const byLink = await mail();
  const { print } = await makeJobLinks(context, [byLink]);
  await post('/links', { token: print?.split('#')[1] });
  assert.equal((await getJob(context, byLink)).state, 'pending-held', 'opening the link prints nothing');
  await post('/links', { token: print?.split('#')[1], do: true });
  await printed(byLink);

  const byOperator = await mail();
  const { headers } = await addPerson(server, 'operator');
  await post(`/jobs/${byOperator}/release`, {}, headers);
  await printed(byOperator);
});

test('the owner of a job that nobody fetched is told that it is given up', async () => {
  await using scene = await openScene();
  const { context, server, owner } = scene;
  const outgoing = { host: 'mail.practice.example', port: 587, security: 'starttls', verifyCertificate: true } as const;
  const network = { senderEmail: 'platen@practice.example', senderName: 'Print room' };
  await setNetworkSettings(
    context,
    { ...network, outgoing: { kind: 'classic', server: { ...outgoing, username: null } } },
    'test',
  );
  const write = () =>
    withLease(context, 'notices', {}, async (lease) => {
      while ((await writeNotices(context, lease)) > 0);
    });
  await write();
  const id = await scene.submit((await scene.addQueue({})).id);
  await write();
  server.test.clock.advance(2 * DAY_MS);
  assert.equal(await endHolds(context), 1);
  assert.equal((await getJob(context, id)).state, 'aborted');
  await write();
  const sent = await context.db.selectFrom('outbox_messages').select('body').orderBy('id').execute();
  const mails = await Promise.all(sent.map(({ body }) => new PostalMime().parse(body ?? Buffer.alloc(0))));
  const last = mails.at(-1);
  assert.equal(last?.to?.[0]?.address, owner.email);
  assert.match(last?.text ?? '', /plan\.pdf/);
});

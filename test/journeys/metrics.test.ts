/** The figures of `/metrics` say what the rooms know: each of them is looked at while something of its kind has happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const FAR_AWAY = 'somebody@far-away.example';

/** Everything that Platen measures of itself by name and labels. */
async function readFigures(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await stage.ask('GET', 'metrics');
  assert.equal(status, 200);
  const lines = [...text.matchAll(/^(platen_\w+(?:\{[^}]*\})?) (\S+)$/gm)];
  return new Map(lines.map(([, name, value]) => [String(name), Number(value)]));
}

async function waitFor(stage: Stage, what: Readonly<Record<string, number>>): Promise<ReadonlyMap<string, number>> {
  let last: ReadonlyMap<string, number> = new Map();
  const asWanted = async () => {
    last = await readFigures(stage);
    return Object.entries(what).every(([name, value]) => last.get(name) === value) ? last : undefined;
  };
  return await eventually(asWanted, { timeoutMs: 60_000, what: 'the figures' }).catch(() => {
    const found = Object.fromEntries(Object.keys(what).map((name) => [name, last.get(name)]));
    assert.deepEqual(found, what);
    throw new Error('the figures came too late');
  });
}

test('what prints, leaves, waits and is refused is counted, with its age, its verdicts and the room that is left', async () => {
  await using stage = await openStage({ database: 'external', until: 'connected' });
  const connections = (await stage.api('GET', '/connections')).items as Row[];
  const replyPolicy = { printed: false, held: false, refused: false };
  await stage.watchMailbox(String(connections[0]?.id), { replyPolicy });
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  const scanners = new Scanners(stage);
  const before = await readFigures(stage);
  assert.equal(before.get('platen_outbox_messages{state="sent"}') ?? 0, 0);
  assert.equal(before.get('platen_relay_messages{state="accepted"}'), 0);

  await stage.deliver(1);
  await scanners.reach(await scanners.scanKept(), 'sent');
  assert.match((await scanners.scan({ recipient: FAR_AWAY })).answer ?? '', /^550 /);
  const works = await waitFor(stage, {
    'platen_jobs{state="completed"}': 1,
    'platen_connections{state="connected"}': 2,
    'platen_printers{state="idle"}': 1,
    'platen_mailboxes{state="connected"}': 1,
    'platen_outbox_messages{state="sent"}': 1,
    'platen_outbox_attempts{verdict="accepted"}': 1,
    platen_outbox_headroom_recipients: 9_999,
    'platen_relay_sessions{state="open"}': 0,
    'platen_relay_messages{state="accepted"}': 1,
    'platen_relay_refusals{reason="recipient-domain"}': 1,
    'platen_relay_disk{state="plenty"}': 1,
    platen_alarms_open: 0,
  });
  const room = works.get('platen_outbox_headroom_messages') ?? Number.NaN;
  assert.ok(room >= 4 && room <= 5, `${room} messages`);

  // A mailbox that may not send: what waits is counted and grows old, and somebody has been told.
  await stage.control('/smtp/switch', { tenantAuth: 'off' });
  const waiting = await scanners.scanKept();
  await scanners.reach(waiting, 'held');
  await stage.api('POST', '/connections', {
    ...{ kind: 'exchange-online', title: 'Another', clientId: stage.peers.practice.clientId },
    ...{ tenantId: stage.peers.practice.tid, cloud: 'practice', uses: ['imap'] },
  });
  const [counted] = await stage.sql(`SELECT count(*)::int AS held FROM outbox_messages WHERE state = 'held'`);
  await waitFor(stage, {
    'platen_outbox_messages{state="held"}': Number(counted?.held),
    'platen_connections{state="awaiting-confirmation"}': 1,
    platen_alarms_open: 1,
  });
  const ageOf = async () => (await readFigures(stage)).get('platen_outbox_oldest_seconds') ?? 0;
  const age = await ageOf();
  await eventually(async () => (await ageOf()) > age, { timeoutMs: 10_000, what: 'what waits grows older' });
  const { createdAt } = (await scanners.read(waiting)) as Row;
  const realAge = (Date.now() - Date.parse(String(createdAt))) / 1_000;
  assert.ok(Math.abs((await ageOf()) - realAge) < 5, `${await ageOf()} instead of ${realAge}`);
});

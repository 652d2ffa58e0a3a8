import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runCli } from '../../cli/testing.ts';
import { startPlatenProcess } from '../harness/platen.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** A world with a held job, a message that waits and a mailbox; its backup; and a second Platen that gets it. */
suite('a backup', () => {
  let stage: Stage;
  let folder: string;
  const backup = () => join(folder, 'backup');
  const second = () => join(folder, 'second');

  const platen = (dataDir: string, ...words: string[]) => {
    const env = {
      PLATEN_DATA_DIR: dataDir,
      ...(dataDir === stage.node.dataDir
        ? { PLATEN_SPOOL_DIR: stage.spoolDir, PLATEN_KEY_FILE: join(stage.directory, 'key') }
        : {}),
    };
    return runCli([...words, '--json'], { env });
  };
  const jobsIn = async (state: string): Promise<number> => {
    const rows = await stage.sql('SELECT count(*)::int AS count FROM jobs WHERE state = $1', [state]);
    return Number(rows[0]?.count);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'platen-backup-'));
    stage = await openStage();
    await stage.deliver(2, { documents: 2 });
    await eventually(async () => (await jobsIn('completed')) === 4, { what: 'four jobs', timeoutMs: 60_000 });
    // A job that waits, and a mailbox that keeps its messages: neither may go on by itself after a restore.
    await stage.api('PATCH', `/queues/${stage.queueId}`, { printerIds: [] });
    await stage.deliver(1, { documents: 1 });
    await eventually(async () => (await jobsIn('pending')) === 1, { what: 'a waiting job', timeoutMs: 60_000 });
    await stage.sql(`UPDATE mailboxes SET after_intake = 'keep'`);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const dataDir = (): string => stage.node.dataDir;

  test('is complete while the server works, and goes into an empty folder only', async () => {
    const made = await platen(dataDir(), 'backup', '--to', backup());
    assert.equal(made.code, 0, made.stderr);
    const report = JSON.parse(made.stdout) as { rows: number; files: number; missing: string[] };
    assert.ok(report.rows > 20 && report.files >= 5, made.stdout);
    assert.deepEqual(report.missing, []);
    assert.deepEqual((await readdir(backup())).sort(), ['manifest.json', 'rows', 'spool']);
    const again = await platen(dataDir(), 'backup', '--to', backup());
    assert.equal(again.code, 1);
    assert.match(again.stdout + again.stderr, /backup-folder-in-use/);
  });

  test('does not open without its key, and is not put over what is there', async () => {
    const foreign = await platen(join(folder, 'foreign'), 'restore', '--from', backup());
    assert.match(foreign.stdout + foreign.stderr, /key-file-wrong/);
    const busy = await platen(dataDir(), 'restore', '--from', backup());
    assert.match(busy.stdout + busy.stderr, /data-directory-in-use/);
  });

  test('that was changed is refused before anything is written', async () => {
    const changed = join(folder, 'changed');
    await cp(backup(), changed, { recursive: true });
    const [table] = await readdir(join(changed, 'rows'));
    await writeFile(join(changed, 'rows', table ?? ''), 'other');
    const answer = await platen(join(folder, 'third'), 'restore', '--from', changed);
    assert.equal(answer.code, 1);
    assert.match(answer.stdout + answer.stderr, /backup-unreadable/);
    await rm(join(changed, 'manifest.json'));
    const half = await platen(join(folder, 'third'), 'restore', '--from', changed);
    assert.match(half.stdout + half.stderr, /backup-unreadable/);
  });

  test('brings users, jobs, documents and the connection back, and lets nothing print or leave by itself', async () => {
    await cp(join(stage.directory, 'key'), join(second(), 'key'), { recursive: true });
    const restored = await platen(second(), 'restore', '--from', backup());
    assert.equal(restored.code, 0, restored.stdout + restored.stderr);
    const { heldJobs, pausedMailboxes } = JSON.parse(restored.stdout) as Record<string, number>;
    assert.deepEqual({ heldJobs, pausedMailboxes }, { heldJobs: 1, pausedMailboxes: 1 });
    const sound = await platen(second(), 'fsck');
    assert.equal(sound.code, 0, sound.stdout + sound.stderr);
    const had = await stage.sql('SELECT id, state, document_bytes FROM jobs ORDER BY id');
    await using server = await startPlatenProcess({ dataDir: second() });
    const token = stage.token;
    const jobs = (await server.call('GET', '/jobs?limit=100', { token })).body.items as Record<string, unknown>[];
    assert.deepEqual(
      jobs.map(({ id, state }) => `${id} ${state}`).sort(),
      had.map(({ id, state }) => `${id} ${state === 'pending' ? 'pending-held' : state}`).sort(),
    );
    const [connection] = (await server.call('GET', '/connections', { token })).body.items as { account: unknown }[];
    const [known] = (await stage.api('GET', '/connections')).items as { account: unknown }[];
    assert.ok(known?.account !== undefined && known.account !== null);
    assert.deepEqual(connection?.account, known.account);
    const mailboxes = (await server.call('GET', '/mailboxes', { token })).body.items as Record<string, unknown>[];
    assert.deepEqual(
      mailboxes.map(({ enabled }) => enabled),
      [false],
    );
    const { items } = (await server.call('GET', '/journal?type=backup-restored', { token })).body as {
      items: unknown[];
    };
    assert.equal(items.length, 1);
  });

  test('is not needed to find a document that was damaged or lost', async () => {
    const [first, second] = await stage.sql('SELECT id FROM spool_files ORDER BY id');
    const pathOf = (id: unknown) => join(stage.spoolDir, String(id).slice(0, 6), String(id));
    await writeFile(pathOf(first?.id), 'other');
    await rm(pathOf(second?.id));
    const answer = await platen(dataDir(), 'fsck');
    assert.equal(answer.code, 1);
    const report = JSON.parse(answer.stdout) as { damaged: string[]; missing: string[]; isSound: boolean };
    assert.deepEqual([report.damaged, report.missing, report.isSound], [[first?.id], [second?.id], false]);
  });
});

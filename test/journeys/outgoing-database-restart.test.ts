/** The database goes away under the hands of devices, and comes back: what was promised is sent, the rest is asked again. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ExternalPostgres, startExternalPostgres } from '../harness/external-postgres.ts';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { checkMail, settleMail } from '../harness/sent-mail.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** The longest that a device waits for an answer, and that scans are refused after the database is back. */
const MOST_MS = 10_000;
const DEVICES = 3;

describe('the database breaks down while devices hand in mail', () => {
  let postgres: ExternalPostgres;
  let stage: Stage;
  let scanners: Scanners;

  before(async () => {
    postgres = await startExternalPostgres();
    stage = await openStage({ until: 'administrator', database: { url: postgres.url } });
    await addOutgoing(stage, 'confirmed');
    await fillPace(stage);
    scanners = new Scanners(stage);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await postgres?.close();
  });

  /** Hands in scans all the time until `blow` has ended and scans are taken again. */
  async function scanDuring(blow: () => Promise<void>): Promise<{ refused: number; slowestMs: number }> {
    let hasEnded = false;
    const told = { refused: 0, slowestMs: 0 };
    const device = async (): Promise<void> => {
      while (!hasEnded) {
        const startedAt = performance.now();
        const { answer } = await scanners.scan();
        told.slowestMs = Math.max(told.slowestMs, performance.now() - startedAt);
        // Never for good, and never without a word: a device would throw the scan away.
        assert.match(answer ?? 'no answer', /^(250 2\.6\.0 |451 4\.3\.0 )/);
        if (answer?.startsWith('451')) told.refused += 1;
      }
    };
    const devices = Promise.all(Array.from({ length: DEVICES }, device));
    try {
      await blow();
      const isTaken = async () => (await scanners.scan()).id !== undefined;
      await eventually(isTaken, { what: 'scans are taken again', timeoutMs: MOST_MS });
    } finally {
      hasEnded = true;
      await devices;
    }
    return told;
  }

  async function assertNothingLost(): Promise<void> {
    await settleMail(scanners);
    // Reads every promised id, its bytes, and what the other side has of it.
    const tally = await checkMail(scanners);
    assert.ok(tally.promised > 0 && tally.kept >= tally.promised, JSON.stringify(tally));
  }

  test('pg_ctl restart -m immediate: devices hear 451, nobody waits longer than 10 s, and all that was promised is sent', async () => {
    await scanners.scanKept();
    const told = await scanDuring(() => postgres.restartImmediate());
    assert.ok(told.slowestMs <= MOST_MS, `${told.slowestMs} ms`);
    assert.ok(stage.node.isRunning);
    await assertNothingLost();
  });

  test('kill -9 of a backend, which takes all others with it: the same', async () => {
    const told = await scanDuring(async () => {
      process.kill(findBackend(postgres), 'SIGKILL');
      await eventually(() => /terminated by signal 9/.test(postgres.log()), { what: 'the database has noticed' });
    });
    assert.ok(told.slowestMs <= MOST_MS, `${told.slowestMs} ms`);
    assert.ok(stage.node.isRunning);
    await assertNothingLost();
  });
});

/** A process of the server that serves Platen, by its title. */
function findBackend({ dataDir }: ExternalPostgres): number {
  const server = readFileSync(`${dataDir}/postmaster.pid`, 'utf8').split('\n')[0];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const [title, status] = ['cmdline', 'status'].map((file) => readIfThere(`/proc/${pid}/${file}`));
    if (title?.startsWith('postgres: postgres ') && status?.includes(`\nPPid:\t${server}\n`)) return Number(pid);
  }
  throw new Error('no process of the database serves Platen');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended since it was listed
  }
}

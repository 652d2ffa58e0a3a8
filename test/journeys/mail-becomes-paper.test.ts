import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { twoPagePdf } from '../../setup/demo-document.ts';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { askIpptool } from '../harness/ipptool.ts';
import { PRINT_ROOM, sha256Of, UNKNOWN_SENDER, wrapDocuments } from '../harness/mail.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';

/** What a run has to show whatever the other parties are: the whole way, told from each side. */
async function mailBecomesPaper(stage: Stage): Promise<void> {
  const pdf = await twoPagePdf();
  const mail = wrapDocuments('two-pages', [{ name: 'two pages.pdf', bytes: pdf, sha256: sha256Of(pdf) }]);
  await stage.deliverMail(mail);
  await stage.deliver(1, { documents: 3 });
  await stage.deliver(1, { documents: 0 });
  await stage.deliver(1, { sender: UNKNOWN_SENDER });
  await settle(stage);
  const tally = await checkInvariants(stage);
  assert.deepEqual(
    { mails: tally.mails, sheets: tally.sheets, unknown: tally.unknown },
    { mails: 4, sheets: 4, unknown: 0 },
  );
  const [prepared] = await stage.sql(
    `SELECT encode(sha256, 'hex') AS sha256 FROM spool_files JOIN jobs ON document_id = spool_files.id WHERE pages = 2`,
  );
  const sheet = stage.peers.paper().find(({ sha256 }) => sha256 === prepared?.sha256);
  assert.ok(sheet, 'the two pages came out');
  assert.equal(
    readFileSync(sheet.file)
      .toString('latin1')
      .match(/\/Type\s*\/Page\b/g)?.length,
    2,
  );

  const { items: messages } = (await stage.api('GET', '/messages')) as { items: Row[] };
  assert.deepEqual(messages.map(({ outcome }) => outcome).sort(), ['done', 'done', 'refused', 'refused']);
  const { items: jobs } = (await stage.api('GET', '/jobs')) as { items: Row[] };
  assert.equal(jobs.length, 4);
  assert.ok(jobs.every((job) => job.state === 'completed' && ['anna', 'bruno'].includes(String(job.ownerName))));
}

describe('with the practice tenant', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage();
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  test('a mailed PDF comes out of the practice printer, once', async () => await mailBecomesPaper(stage));

  test('the timeline of a job tells its way from creation to paper with times', async () => {
    await stage.deliver(1);
    await settle(stage);
    const { items } = (await stage.api('GET', '/jobs')) as { items: Row[] };
    const story = (await stage.api('GET', `/jobs/${items[0]?.id}/timeline`)) as { items: Row[] };
    const types = story.items.map(({ type }) => String(type));
    const order = ['job-created', 'job-attempt-started', 'job-attempt-ended'].map((type) => types.indexOf(type));
    assert.ok(
      order.every((at) => at >= 0) && order.join() === order.toSorted((one, two) => one - two).join(),
      types.join(),
    );
    const times = story.items.map(({ at }) => Date.parse(String(at)));
    assert.deepEqual(
      times,
      times.toSorted((one, two) => one - two),
    );
    assert.equal((await stage.api('GET', `/messages/${items[0]?.messageId}`)).outcome, 'done');
    assert.deepEqual(stage.peers.listFolder(PRINT_ROOM, 'INBOX'), []);
  });
});

test('the same way leads through Dovecot and ippeveprinter, and ipptool sees what was sent', async () => {
  await using stage = await openStage({ peers: 'real' });
  await mailBecomesPaper(stage);
  const attempts = await stage.sql('SELECT printer_job_id, printer_job_name, outcome FROM print_attempts');
  assert.equal(attempts.length, 4);
  for (const attempt of attempts) {
    const told = await askIpptool(stage.peers.printerUri, Number(attempt.printer_job_id));
    assert.equal(attempt.outcome, 'completed');
    assert.equal(told['job-state'], 'completed');
    assert.equal(told['job-name'], attempt.printer_job_name);
    assert.match(told['job-originating-user-name'] ?? '', /^(anna|bruno)$/);
  }
});

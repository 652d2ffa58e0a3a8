import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Mailboxes } from './mailboxes.ts';
import { Persistence } from './persistence.ts';

const ADDRESS = 'print@practice.example';
const now = (): Date => new Date('2026-11-22T10:00:00Z');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'platen-mailboxes-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function open(): Mailboxes {
  return new Mailboxes({ now, persistence: new Persistence(directory) });
}

test('mail, flags, folders and numbers survive a restart', async () => {
  const before = open();
  const [one, two] = ['one', 'two'].map((text) => before.deliver(ADDRESS, Buffer.from(`Subject: ${text}\r\n\r\n`)));
  assert.ok(one && two);
  const inbox = before.getFolder(ADDRESS, 'INBOX');
  before.setFlags(inbox, two, ['\\Seen']);
  const done = before.createFolder(before.open(ADDRESS), 'Platen/Done');
  before.append(done, one);
  before.remove(inbox, [one]);
  await before.settled();

  const restarted = open();
  const folder = restarted.getFolder(ADDRESS, 'inbox');
  assert.deepEqual([folder.uidValidity, folder.uidNext], [inbox.uidValidity, inbox.uidNext]);
  assert.deepEqual(
    folder.messages.map(({ uid, bytes, flags, receivedAt }) => [uid, bytes.toString(), [...flags], receivedAt]),
    [[two.uid, 'Subject: two\r\n\r\n', ['\\Seen'], now()]],
  );
  const moved = restarted.getFolder(ADDRESS, 'platen/done');
  assert.equal(moved.uidValidity, done.uidValidity);
  assert.equal(moved.messages[0]?.bytes.toString(), 'Subject: one\r\n\r\n');
  assert.ok(restarted.createFolder(restarted.open(ADDRESS), 'New').uidValidity > done.uidValidity);
});

test('files that no message needs any more are removed at the next start', async () => {
  const before = open();
  const kept = before.deliver(ADDRESS, Buffer.from('Subject: kept\r\n\r\n'));
  const gone = before.deliver(ADDRESS, Buffer.from('Subject: gone\r\n\r\n'));
  before.duplicate(ADDRESS, 'INBOX', kept.uid);
  await before.settled();
  before.remove(before.getFolder(ADDRESS, 'INBOX'), [gone]);
  await before.settled();
  writeFileSync(join(directory, 'messages', 'half-written.eml'), 'x');
  assert.equal(readdirSync(join(directory, 'messages')).length, 3);
  open();
  assert.equal(readdirSync(join(directory, 'messages')).length, 1);
});

test('a message that is delivered during a save is saved, too', async () => {
  const before = open();
  for (let index = 0; index < 50; index += 1) {
    before.deliver(ADDRESS, Buffer.from(`Subject: ${index}\r\n\r\n`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await before.settled();
  assert.equal(open().getFolder(ADDRESS, 'INBOX').messages.length, 50);
});

test('a directory that cannot be written to is reported to who waits for it', async () => {
  const mailboxes = open();
  rmSync(directory, { recursive: true });
  mailboxes.deliver(ADDRESS, Buffer.from('Subject: x\r\n\r\n'));
  await assert.rejects(mailboxes.settled(), { code: 'ENOENT' });
  directory = mkdtempSync(join(tmpdir(), 'platen-mailboxes-'));
});

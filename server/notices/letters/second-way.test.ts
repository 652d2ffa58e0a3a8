import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../../test/harness/database.ts';
import { openHook } from '../../../test/harness/hook.ts';
import { aMessage } from '../../../test/harness/outbox.ts';
import { HOUR_MS } from '../../base/clock.ts';
import { record } from '../../journal/journal.ts';
import { submitMessage } from '../../outbox/outbox.ts';
import type { Context } from '../../store/database.ts';
import { withLease } from '../../store/leases.ts';
import { makeCalls } from '../alarm.ts';
import { DEFAULT_RULES, type NoticeEvent, type Way } from '../notice.ts';
import { countOpenAlarms, setAlarmSettings, setNoticeSettings } from '../notices.ts';
import { writeNotices } from '../write.ts';

const SECRET = 'a shared secret of the webhook';

/** Nobody has set up any outgoing mail: only the second way is there. */
async function openScene() {
  await using undo = new AsyncDisposableStack();
  const { context, clock } = undo.use(await openTestContext());
  const hook = undo.use(await openHook());
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await pass(context);
  const opened = undo.move();
  const told = () => hook.told;
  return { context, clock, told, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Reads the journal to its end and makes the calls that are due, as the workers do. */
async function pass(context: Context): Promise<void> {
  await withLease(context, 'notices', {}, async (lease) => {
    while ((await writeNotices(context, lease)) > 0);
  });
  await withLease(context, 'alarms', {}, (lease) => makeCalls(context, lease));
}

async function choose(context: Context, event: NoticeEvent, ways: readonly Way[]): Promise<void> {
  const rules = { [event]: { ...DEFAULT_RULES[event], enabled: false, ways } };
  await setNoticeSettings(context, { rules }, 'test');
}

async function stopPrinter(context: Context, printer: string): Promise<void> {
  const data = { name: 'Second floor', from: 'idle', state: 'stopped', reasons: ['media-empty'], message: 'Tray 2' };
  await record(context, 'printer-state-changed', { subjectId: printer, data });
  await pass(context);
}

test('a printer that stops is told over the way of its rule, without any mail, at most once an hour', async () => {
  await using scene = await openScene();
  const { context, clock, told } = scene;
  await stopPrinter(context, 'printer-1');
  assert.equal(told().length, 0, 'its rule names no way');
  await choose(context, 'printer-needs-attention', ['webhook', 'server']);
  await stopPrinter(context, 'printer-1');
  const [call, ...more] = told();
  assert.equal(more.length, 0, 'and no server is set up');
  assert.deepEqual(
    [call?.kind, call?.event, call?.phase, call?.solvedAt],
    ['notice', 'printer-needs-attention', 'raised', null],
  );
  assert.match(String(call?.title), /^\[Platen .*\] Second floor needs attention/);
  assert.match(String(call?.text), /has stopped or does not answer\. Jobs for it\s+wait\..*The printer says: Tray 2/s);
  assert.match(String(call?.url), /\/printers\/printer-1$/);
  await stopPrinter(context, 'printer-1');
  assert.equal(told().length, 1, 'this printer was told of a moment ago');
  await stopPrinter(context, 'printer-2');
  assert.equal(told().length, 2, 'another one is news');
  clock.advance(HOUR_MS + 1);
  await stopPrinter(context, 'printer-1');
  assert.equal(told().length, 3);
  assert.equal(await countOpenAlarms(context), 0, 'nothing reminds of it');
  assert.equal((await context.db.selectFrom('outbox_messages').select('id').execute()).length, 0);
});

test('a mailbox that is not read and a scan that is not sent are told, and a notice that is not sent is not', async () => {
  await using scene = await openScene();
  const { context, told } = scene;
  for (const event of ['mailbox-needs-attention', 'message-not-sent'] as const)
    await choose(context, event, ['webhook']);
  const mailbox = {
    title: 'Print',
    from: 'connected',
    to: 'failing',
    code: 'mailbox-refused',
    detail: 'x',
    remote: 'NO',
  };
  await record(context, 'mailbox-state-changed', { subjectId: 'mailbox-1', data: mailbox });
  await pass(context);
  const [first] = told();
  assert.match(String(first?.text), /the mailbox Print cannot be read/);
  assert.match(String(first?.url), /\/settings\/jobs\/mailboxes\/mailbox-1$/);
  const fail = async (kind: 'scan' | 'notice') => {
    const id = await submitMessage(context, aMessage({ kind, subject: 'Scan 31' }));
    await record(context, 'outbox-message-state-changed', { subjectId: id, data: { to: 'failed' } });
    await pass(context);
    return id;
  };
  await fail('notice');
  assert.equal(told().length, 1, 'it would go round in a circle by mail');
  const id = await fail('scan');
  const last = told().at(-1);
  assert.match(String(last?.text), /the message Scan 31 could not be sent/);
  assert.match(String(last?.url), new RegExp(`/outbox/${id}$`));
});

test('a day has no more calls than the limit of notices to one person', async () => {
  await using scene = await openScene();
  const { context, told } = scene;
  await choose(context, 'printer-needs-attention', ['webhook']);
  await setNoticeSettings(context, { limits: { noticesPerPersonAndDay: 2 } }, 'test');
  for (const printer of ['a', 'b', 'c', 'd']) await stopPrinter(context, printer);
  assert.equal(told().length, 2);
  const suppressed = await context.db
    .selectFrom('journal')
    .select('type')
    .where('type', '=', 'notice-suppressed')
    .execute();
  assert.equal(suppressed.length, 1);
});

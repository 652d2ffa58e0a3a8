import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEvent } from '../journal/journal.ts';
import { DEFAULT_LIMITS, DEFAULT_RULES, type NoticeRule, type Receiver } from './notice.ts';
import { chooseReceivers, findOccurrence, isWithinLimits } from './rules.ts';

const everything = Object.fromEntries(
  Object.entries(DEFAULT_RULES).map(([event, rule]) => [event, { ...rule, enabled: true }]),
) as typeof DEFAULT_RULES;

function event(type: JournalEvent['type'], data: Record<string, unknown>, more: Partial<JournalEvent> = {}) {
  const base = { cursor: '9-9', at: new Date(0), subjectKind: 'x', subjectId: 's', actor: null, ownerId: 'anna' };
  return { ...base, type, data, ...more } satisfies JournalEvent;
}

const eventOf = (one: JournalEvent, rules = everything) => findOccurrence(one, rules)?.event;

test('each event of a job is told as what it means to its owner', () => {
  const changed = (data: Record<string, unknown>, more = {}) => eventOf(event('job-state-changed', data, more));
  assert.equal(eventOf(event('job-created', { state: 'pending' })), 'job-received');
  assert.equal(eventOf(event('job-created', { state: 'pending-held' })), 'job-held');
  assert.equal(changed({ from: 'pending', to: 'pending-held' }, { actor: 'olga' }), 'job-held');
  assert.equal(changed({ from: 'processing', to: 'completed' }), 'job-printed');
  assert.equal(changed({ from: 'processing', to: 'aborted' }), 'job-failed');
  const unknown = { from: 'processing', to: 'processing-stopped', reasons: ['outcome-unknown'] };
  assert.equal(changed(unknown), 'job-failed');
  assert.equal(eventOf(event('message-refused', {})), 'job-refused');
  assert.equal(eventOf(event('message-failed', {})), 'job-failed');
});

test('what needs nobody is not told', () => {
  const changed = (data: Record<string, unknown>, more = {}) => eventOf(event('job-state-changed', data, more));
  assert.equal(changed({ from: 'pending', to: 'processing' }), undefined);
  assert.equal(changed({ from: 'pending', to: 'canceled' }), undefined);
  assert.equal(changed({ from: 'processing', to: 'processing-stopped', reasons: ['media-empty'] }), undefined);
  // An own deed, and a change of the reasons alone.
  assert.equal(changed({ from: 'pending', to: 'pending-held' }, { actor: 'anna' }), undefined);
  assert.equal(changed({ from: 'processing-stopped', to: 'completed' }, { actor: 'anna' }), undefined);
  assert.equal(changed({ from: 'pending-held', to: 'pending-held' }), undefined);
  assert.equal(eventOf(event('message-ignored', {})), undefined);
  assert.equal(eventOf(event('outbox-message-queued', { kind: 'notice' })), undefined);
});

test('where nobody is to know of holding, a held document counts as received', () => {
  const rules = { ...everything, 'job-held': { ...everything['job-held'], enabled: false } };
  assert.equal(eventOf(event('job-created', { state: 'pending-held' }), rules), 'job-received');
  assert.equal(eventOf(event('job-created', { state: 'pending-held' }), DEFAULT_RULES), 'job-held');
  assert.equal(eventOf(event('job-created', { state: 'pending' }), DEFAULT_RULES), undefined);
});

test('a printer needs attention when it stops or falls silent, once, and not because somebody paused it', () => {
  const printer = (from: string, state: string, reasons: string[] = []) =>
    eventOf(event('printer-state-changed', { name: 'Second floor', from, state, reasons, message: null }));
  assert.equal(printer('idle', 'stopped', ['media-empty']), 'printer-needs-attention');
  assert.equal(printer('processing', 'unreachable'), 'printer-needs-attention');
  assert.equal(printer('stopped', 'unreachable'), undefined);
  assert.equal(printer('stopped', 'stopped', ['media-jam']), undefined);
  assert.equal(printer('unknown', 'unreachable'), undefined);
  assert.equal(printer('stopped', 'idle'), undefined);
  assert.equal(printer('idle', 'stopped', ['paused']), undefined);
  assert.equal(printer('idle', 'stopped', ['paused', 'media-jam']), 'printer-needs-attention');
});

test('a printer that stays busy and waits for paper needs attention once, by its own word and by the job at it', () => {
  const paper = { reasons: ['media-empty-error'], waitsFor: ['paper'] };
  const printer = (data: Record<string, unknown>) =>
    eventOf(event('printer-state-changed', { name: 'Second floor', state: 'processing', message: null, ...data }));
  assert.equal(printer({ from: 'processing', ...paper, waitedFor: [] }), 'printer-needs-attention');
  assert.equal(printer({ from: 'idle', ...paper, waitedFor: [] }), 'printer-needs-attention');
  assert.equal(printer({ from: 'processing', ...paper, waitedFor: ['door'] }), undefined);
  assert.equal(printer({ from: 'processing', ...paper, waitedFor: ['paper'], state: 'stopped' }), undefined);
  assert.equal(printer({ from: 'stopped', ...paper, waitedFor: ['paper'] }), undefined);
  assert.equal(printer({ from: 'processing', reasons: ['media-empty-warning'], waitsFor: [] }), undefined);
  const busy = event('printer-state-changed', { state: 'processing', ...paper, message: 'Printing.' });
  const itself = findOccurrence(busy, everything);
  assert.equal(itself?.kind === 'printer' && itself.words, 'media-empty-error');
  const problem = {
    code: 'printer-waits',
    detail: 'Second floor: no',
    remote: 'no',
    at: '',
    values: { name: 'Second' },
  };
  const job = { from: 'processing', to: 'processing', printerId: 'p', ...paper, problem };
  const told = findOccurrence(event('job-state-changed', job), everything);
  assert.ok(told?.kind === 'printer');
  assert.deepEqual(
    [told.event, told.printerId, told.name, told.words],
    ['printer-needs-attention', 'p', 'Second', 'no'],
  );
  assert.equal(eventOf(event('job-state-changed', { ...job, to: 'processing-stopped' })), undefined);
});

test('data of another shape than expected is no reason to fail', () => {
  for (const data of [{}, { to: 7 }, { reasons: 'x', to: 'processing-stopped' }, { state: null, from: [] }]) {
    for (const type of ['job-created', 'job-state-changed', 'printer-state-changed'] as const) {
      assert.doesNotThrow(() => eventOf(event(type, data)));
    }
  }
});

const person = (address: string, more: Partial<Receiver> = {}): Receiver => {
  return { address, name: address, language: 'en', isOwner: false, ...more };
};

test('each address gets it once, as the owner where it is one', () => {
  const rule: NoticeRule = { ...DEFAULT_RULES['job-held'], administrators: true, operators: true, addresses: ['x@x'] };
  const owner = person('Anna@practice.example', { isOwner: true });
  const people = {
    owner,
    operators: [person('olga@practice.example')],
    administrators: [person('anna@practice.example'), person('olga@practice.example')],
    addresses: [person('desk@practice.example')],
  };
  const chosen = chooseReceivers(rule, people);
  assert.deepEqual(
    chosen.map(({ address, isOwner }) => [address, isOwner]),
    [
      ['anna@practice.example', true],
      ['olga@practice.example', false],
      ['desk@practice.example', false],
    ],
  );
  assert.deepEqual(chooseReceivers({ ...rule, owner: false, administrators: false, operators: false }, people), [
    person('desk@practice.example'),
  ]);
});

test('a limit lets its own number pass and not one more', () => {
  const settings = { rules: DEFAULT_RULES, limits: { ...DEFAULT_LIMITS, repliesPerPersonAndDay: 2, perHour: 9 } };
  const may = (receiver: Receiver, toReceiver: number, toEverybody = 0) =>
    isWithinLimits(settings, { receiver, event: 'job-held' }, { toReceiver, toEverybody });
  const owner = person('anna@practice.example', { isOwner: true });
  assert.ok(may(owner, 1));
  assert.ok(!may(owner, 2));
  assert.ok(may(person('olga@practice.example'), 19));
  assert.ok(!may(person('olga@practice.example'), 20));
  assert.ok(may(owner, 0, 8));
  assert.ok(!may(owner, 0, 9));
  // A reply brings the PIN of what is held: it has a limit of its own.
  const reply = (toReceiver: number) =>
    isWithinLimits(settings, { receiver: owner, event: 'message-reply' }, { toReceiver, toEverybody: 0 });
  assert.ok(reply(DEFAULT_LIMITS.jobRepliesPerPersonAndDay - 1));
  assert.ok(!reply(DEFAULT_LIMITS.jobRepliesPerPersonAndDay));
  // One to what answers a letter of ours counts with the answers of which there are few.
  const echo = { receiver: owner, event: 'message-reply', isEcho: true } as const;
  assert.ok(isWithinLimits(settings, echo, { toReceiver: 1, toEverybody: 0 }));
  assert.ok(!isWithinLimits(settings, echo, { toReceiver: 2, toEverybody: 0 }));
});

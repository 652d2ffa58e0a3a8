/** `notices`: what Platen writes about, to whom, and at most how often. */
import { type Call, type Command, given, readList, readNumber } from './command.ts';
import { UsageError } from './problem.ts';
import type { Cell, Screen } from './screen.ts';
import { type NoticeRule, type Notices, notices } from './shapes.ts';
import { instant } from './words.ts';

const PATH = '/notices';
const EVENTS = [
  'job-received',
  'job-held',
  'job-printed',
  'job-refused',
  'sender-confirmation',
  'sender-welcome',
  'job-failed',
  'printer-needs-attention',
  'mailbox-needs-attention',
  'message-not-sent',
  'connection-needs-confirmation',
  'connection-may-end',
] as const;
/** `none` is for an event that goes over no second way. */
const WAYS = ['webhook', 'server', 'none'] as const;
const ROLES = ['owner', 'operators', 'administrators'] as const;
const LIMITS = [
  ['replies-per-day', 'repliesPerPersonAndDay'],
  ['notices-per-day', 'noticesPerPersonAndDay'],
  ['notices-per-hour', 'perHour'],
] as const;
const MAX_LIMIT = 10_000;

const show: Command = {
  words: ['notices', 'show'],
  async run({ openClient, screen }) {
    const client = await openClient();
    showNotices(screen, await client.get(notices, PATH));
  },
};

const set: Command = {
  words: ['notices', 'set'],
  options: {
    event: { value: 'text', choices: EVENTS, about: 'notice-event' },
    on: { about: 'notice-on' },
    off: { about: 'notice-off' },
    to: { value: 'list', isMultiple: true, about: 'notice-to' },
    way: { value: 'list', isMultiple: true, choices: WAYS, about: 'notice-way' },
    ...Object.fromEntries(LIMITS.map(([name]) => [name, { value: 'number' } as const])),
  },
  async run(call) {
    const { openClient, screen, find } = call;
    checkOptions(call);
    const limits = given(Object.fromEntries(LIMITS.map(([name, field]) => [field, readLimit(call, name)])));
    const client = await openClient();
    const event = find('event');
    const old = event === undefined ? undefined : (await client.get(notices, PATH)).rules[event];
    const body = {
      ...(event === undefined || old === undefined ? {} : { rules: { [event]: changeRule(call, old) } }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
    showNotices(screen, await client.ask(notices, { method: 'PUT', path: PATH, body }));
  },
};

function checkOptions({ has }: Call): void {
  if (has('on') && has('off')) throw new UsageError('either', { first: 'on', second: 'off' });
  const isRuled = ['on', 'off', 'to', 'way'].some(has);
  if (isRuled && !has('event')) throw new UsageError('missing-option', { name: 'event' });
  const isLimited = LIMITS.some(([name]) => has(name));
  if (!isRuled && !isLimited) throw new UsageError('nothing-to-change');
}

function readLimit(call: Call, name: string): number | undefined {
  return readNumber(call, name, { min: 1, max: MAX_LIMIT });
}

function changeRule(call: Call, old: NoticeRule) {
  const { enabled, owner, operators, administrators, addresses } = old;
  const to = readList(call, 'to');
  const isOn = call.has('on') || (call.has('off') ? false : enabled);
  const way = readList(call, 'way')?.filter((one) => one !== 'none');
  const ways = way === undefined ? {} : { ways: way };
  if (to === undefined) return { enabled: isOn, owner, operators, administrators, addresses, ...ways };
  const roles = Object.fromEntries(ROLES.map((role) => [role, to.includes(role)]));
  const further = to.filter((one) => !(ROLES as readonly string[]).includes(one));
  return { enabled: isOn, ...roles, addresses: further, ...ways };
}

function showNotices(screen: Screen, settings: Notices): void {
  if (screen.isJson) {
    screen.json(settings);
    return;
  }
  screen.table(
    ['event', 'state', 'to', 'second-way', 'last-sent'].map((head) => screen.text(`names.${head}`)),
    Object.entries(settings.rules).map(([event, rule]) => [
      event,
      stateOf(screen, rule),
      receiversOf(screen, rule),
      (rule.ways ?? []).map((way) => screen.text(`notices.ways.${way}`)).join(', '),
      instant(screen.language, rule.lastSentAt),
    ]),
  );
  const name = (key: string) => screen.text(`names.${key}`);
  screen.line('');
  screen.details([
    [name('replies-per-day'), String(settings.limits.repliesPerPersonAndDay)],
    [name('notices-per-day'), String(settings.limits.noticesPerPersonAndDay)],
    [name('notices-per-hour'), String(settings.limits.perHour)],
  ]);
}

function stateOf(screen: Screen, { enabled }: NoticeRule): Cell {
  return enabled
    ? { text: screen.text('notices.on'), tone: 'good' }
    : { text: screen.text('notices.off'), tone: 'faint' };
}

function receiversOf(screen: Screen, rule: NoticeRule): string {
  const roles = ROLES.filter((role) => rule[role]).map((role) => screen.text(`notices.receivers.${role}`));
  return [...roles, ...rule.addresses].join(', ');
}

export const noticesCommands: readonly Command[] = [show, set];

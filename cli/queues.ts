/** `queues`: where jobs wait, and which printers serve them. */
import type { Client } from './client.ts';
import { type Call, type Command, given, readList, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { COLORS, FINISHINGS, optionWords, readOptions, SIDES } from './options.ts';
import { UsageError } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import type { Screen } from './screen.ts';
import { anything, printer, type Queue, queue } from './shapes.ts';
import { shortId } from './words.ts';

const MODES = ['hold', 'direct'] as const;

const RULE_OPTIONS = {
  copies: { value: 'number', about: 'queue-copies' },
  sides: { value: 'text', choices: SIDES, about: 'queue-sides' },
  color: { value: 'text', choices: COLORS, about: 'queue-color' },
  media: { value: 'text', about: 'queue-media' },
  finishing: { value: 'text', choices: FINISHINGS, about: 'queue-finishing' },
  'keep-held-hours': { value: 'number' },
  'keep-documents-days': { value: 'number' },
} as const;

function readRules(call: Call) {
  const defaults = readOptions(call);
  return {
    defaults: Object.keys(defaults).length === 0 ? undefined : defaults,
    keepHeldHours: readNumber(call, 'keep-held-hours', { min: 1, max: 8784 }),
    keepDocumentsDays: readNumber(call, 'keep-documents-days', { min: 0, max: 366 }),
  };
}

const list: Command = {
  words: ['queues', 'list'],
  async run({ openClient, screen }) {
    const client = await openClient();
    const items = await client.list(queue, '/queues');
    if (screen.isJson) return screen.json({ items });
    await showQueues(client, screen, items);
  },
};

const add: Command = {
  words: ['queues', 'add'],
  options: {
    name: { value: 'text', isRequired: true },
    mode: { value: 'text', choices: MODES, isRequired: true },
    printer: { value: 'id', isMultiple: true, about: 'queue-printer' },
    ...RULE_OPTIONS,
  },
  async run(call) {
    const client = await call.openClient();
    const printerIds = await readPrinters(call, client);
    const body = given({ name: call.find('name'), mode: call.find('mode'), printerIds, ...readRules(call) });
    const made = await client.ask(queue, { method: 'POST', path: '/queues', body });
    if (call.screen.isJson) call.screen.json(made);
    else await showQueues(client, call.screen, [made]);
  },
};

const set: Command = {
  words: ['queues', 'set'],
  operands: ['id'],
  options: {
    name: { value: 'text' },
    mode: { value: 'text', choices: MODES },
    printer: { value: 'id', isMultiple: true, about: 'queue-printer' },
    'no-printers': {},
    ...RULE_OPTIONS,
    'no-defaults': {},
    pause: { value: 'text' },
    resume: {},
    'held-jobs': { value: 'text', choices: ['keep', 'print'] },
  },
  async run(call) {
    const { screen, operands, has, find } = call;
    if (!Object.keys(set.options ?? {}).some(has)) throw new UsageError('nothing-to-change');
    const client = await call.openClient();
    const id = await findId(client, screen, { kind: 'queue', text: operands[0] ?? '' });
    const printerIds = has('no-printers') ? [] : await readPrinters(call, client);
    const pauseReason = has('resume') ? null : find('pause');
    const heldJobs = find('held-jobs');
    const rules = has('no-defaults') ? { ...readRules(call), defaults: {} } : readRules(call);
    const body = given({ name: find('name'), mode: find('mode'), printerIds, pauseReason, heldJobs, ...rules });
    const changed = await client.ask(queue, { method: 'PATCH', path: pathOf('queue', id), body });
    if (screen.isJson) screen.json(changed);
    else await showQueues(client, screen, [changed]);
  },
};

const remove: Command = {
  words: ['queues', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  async run({ openClient, screen, operands, has }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'queue', text: operands[0] ?? '' });
    const { name } = await client.get(queue, pathOf('queue', id));
    await confirmRemoval(screen, { what: name, isSure: has('yes') });
    await client.ask(anything, { method: 'DELETE', path: pathOf('queue', id) });
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: name });
  },
};

async function readPrinters(call: Call, client: Client): Promise<string[] | undefined> {
  const texts = readList(call, 'printer');
  if (texts === undefined) return undefined;
  const ids: string[] = [];
  for (const text of texts) ids.push(await findId(client, call.screen, { kind: 'printer', text }));
  return ids;
}

async function showQueues(client: Client, screen: Screen, queues: readonly Queue[]): Promise<void> {
  if (queues.length === 0) return screen.say('queues.none');
  const printers = await client.list(printer, '/printers');
  const nameOf = (id: string) => printers.find((one) => one.id === id)?.name ?? shortId(id);
  screen.table(
    ['id', 'name', 'mode', 'printers', 'options', 'keep-held', 'keep-documents', 'paused-because'].map((head) =>
      screen.text(`names.${head}`),
    ),
    queues.map((item) => [
      shortId(item.id),
      item.isDefault ? `${item.name} ${screen.text('queues.default')}` : item.name,
      item.mode === 'hold' || item.mode === 'direct' ? screen.text(`queues.modes.${item.mode}`) : item.mode,
      item.printerIds.length === 0
        ? { text: screen.text('queues.no-printer'), tone: 'warning' }
        : item.printerIds.map(nameOf).join(', '),
      optionWords(item.defaults),
      String(item.keepHeldHours ?? ''),
      String(item.keepDocumentsDays ?? ''),
      item.pauseReason === null || item.pauseReason === undefined ? '' : { text: item.pauseReason, tone: 'warning' },
    ]),
  );
}

export const queuesCommands: readonly Command[] = [list, add, set, remove];

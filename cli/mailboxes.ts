/** `mailboxes`: jobs via e-mail. */
import { z } from 'zod';
import type { Client } from './client.ts';
import { type Call, type Command, given, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { readNames } from './names.ts';
import { explainKept, keptProblem, Problem, showProblem, UsageError } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import type { Cell, Screen } from './screen.ts';
import { anything, type Connection, connection, type Mailbox, mailbox, queue } from './shapes.ts';
import { instant, shortId, size, state } from './words.ts';

const CHECK_TIMEOUT_MS = 120_000;
const PROTOCOLS = ['imap', 'pop3'] as const;
const AFTER_INTAKE = ['move', 'delete', 'keep'] as const;

const KINDS = ['pdf', 'image', 'office', 'text', 'html'] as const;
const BODIES = ['without-attachment', 'always', 'never'] as const;

/** Which documents of a message are taken. */
const DOCUMENT_OPTIONS = {
  kind: { value: 'text', choices: KINDS, isMultiple: true, about: 'document-kind' },
  body: { value: 'text', choices: BODIES, about: 'message-body' },
  'max-documents': { value: 'number', about: 'max-documents' },
  'max-document-megabytes': { value: 'number', about: 'max-document-megabytes' },
} as const;

const MEGABYTE = 1024 * 1024;

/** Only what was given; `undefined` when nothing was. Throws `UsageError`. */
function readDocumentPolicy(call: Call): object | undefined {
  const megabytes = readNumber(call, 'max-document-megabytes', { min: 1, max: 50 });
  const policy = given({
    kinds: call.all('kind').length === 0 ? undefined : [...call.all('kind')],
    body: call.find('body'),
    maxDocuments: readNumber(call, 'max-documents', { min: 1, max: 50 }),
    maxBytes: megabytes === undefined ? undefined : megabytes * MEGABYTE,
  });
  return Object.keys(policy).length === 0 ? undefined : policy;
}

const list: Command = {
  words: ['mailboxes', 'list'],
  async run({ openClient, screen, language }) {
    const client = await openClient();
    const items = await client.list(mailbox, '/mailboxes');
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('mailboxes.none');
    screen.table(
      ['id', 'title', 'address', 'state', 'since'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        shortId(item.id),
        item.title,
        item.address,
        stateOf(screen, item),
        instant(language, item.stateSince),
      ]),
    );
  },
};

const add: Command = {
  words: ['mailboxes', 'add'],
  options: {
    connection: { value: 'id', about: 'mailbox-connection' },
    address: { value: 'address', about: 'mailbox-address' },
    title: { value: 'text', about: 'mailbox-title' },
    queue: { value: 'id', about: 'mailbox-queue' },
    protocol: { value: 'text', choices: PROTOCOLS },
    folder: { value: 'text' },
    'after-intake': { value: 'text', choices: AFTER_INTAKE },
    'poll-seconds': { value: 'number' },
    ...DOCUMENT_OPTIONS,
  },
  async run(call) {
    const { screen, find } = call;
    const pollSeconds = readNumber(call, 'poll-seconds', { min: 30, max: 3600 });
    const client = await call.openClient();
    const chosen = await chooseConnection(call, client);
    const address = find('address') ?? chosen.account?.username ?? chosen.expectedAccount ?? undefined;
    if (address === undefined) throw new UsageError('missing-option', { name: 'address' });
    const body = given({
      title: find('title') ?? address,
      protocol: find('protocol') ?? 'imap',
      connectionId: chosen.id,
      address,
      folder: find('folder'),
      pollSeconds,
      afterIntake: find('after-intake'),
      documentPolicy: readDocumentPolicy(call),
      queueId: await chooseQueue(call, client),
    });
    await showMailbox(client, screen, await client.ask(mailbox, { method: 'POST', path: '/mailboxes', body }));
  },
};

const show: Command = {
  words: ['mailboxes', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'mailbox', text: operands[0] ?? '' });
    await showMailbox(client, screen, await client.get(mailbox, pathOf('mailbox', id)));
  },
};

const set: Command = {
  words: ['mailboxes', 'set'],
  operands: ['id'],
  options: DOCUMENT_OPTIONS,
  async run(call) {
    const { screen, operands } = call;
    const body = given({ documentPolicy: readDocumentPolicy(call) });
    const client = await call.openClient();
    const id = await findId(client, screen, { kind: 'mailbox', text: operands[0] ?? '' });
    const path = pathOf('mailbox', id);
    await showMailbox(client, screen, await client.ask(mailbox, { method: 'PATCH', path, body }));
  },
};

const remove: Command = {
  words: ['mailboxes', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  async run({ openClient, screen, operands, has }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'mailbox', text: operands[0] ?? '' });
    const { title } = await client.get(mailbox, pathOf('mailbox', id));
    await confirmRemoval(screen, { what: title, isSure: has('yes') });
    await client.ask(anything, { method: 'DELETE', path: pathOf('mailbox', id) });
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: title });
  },
};

const checkAnswer = z.looseObject({ problem: keptProblem });

const check: Command = {
  words: ['mailboxes', 'check'],
  operands: ['id'],
  async run({ openClient, screen, operands, language }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'mailbox', text: operands[0] ?? '' });
    const path = `${pathOf('mailbox', id)}/check`;
    const answer = await client.ask(checkAnswer, { method: 'POST', path, timeoutMs: CHECK_TIMEOUT_MS });
    if (answer.problem !== null && answer.problem !== undefined) process.exitCode = 1;
    if (screen.isJson) return screen.json(answer);
    if (answer.problem === null || answer.problem === undefined) {
      return screen.line({ text: screen.text('mailboxes.check-passed'), tone: 'good' });
    }
    showProblem(screen, explainKept(language, answer.problem), 'result');
  },
};

/** The one that was named, or the only one there is. */
async function chooseConnection({ screen, find }: Call, client: Client): Promise<Connection> {
  const named = find('connection');
  if (named !== undefined) {
    const id = await findId(client, screen, { kind: 'connection', text: named });
    return await client.get(connection, pathOf('connection', id));
  }
  const [only, ...others] = await client.list(connection, '/connections');
  if (only === undefined) {
    throw new Problem({
      code: 'no-connection',
      title: screen.text('mailboxes.no-connection.title'),
      advice: screen.text('mailboxes.no-connection.advice'),
    });
  }
  if (others.length > 0) throw new UsageError('missing-option', { name: 'connection' });
  return only;
}

async function chooseQueue({ screen, find }: Call, client: Client): Promise<string> {
  const named = find('queue');
  if (named !== undefined) return await findId(client, screen, { kind: 'queue', text: named });
  const queues = await client.list(queue, '/queues');
  const chosen = queues.find((one) => one.isDefault) ?? queues[0];
  if (chosen === undefined) throw new UsageError('missing-option', { name: 'queue' });
  return chosen.id;
}

function isOff(item: Mailbox): boolean {
  return item.enabled === false;
}

function stateOf(screen: Screen, item: Mailbox): Cell {
  return state(screen.language, 'mailbox', isOff(item) ? 'disabled' : item.state);
}

async function showMailbox(client: Client, screen: Screen, item: Mailbox): Promise<void> {
  if (screen.isJson) {
    screen.json(item);
    return;
  }
  const names = await readNames(client, ['/connections', '/queues']);
  const named = (id: string | null | undefined) =>
    id === null || id === undefined ? undefined : (names.get(id) ?? id);
  const { language } = screen;
  const name = (key: string) => screen.text(`names.${key}`);
  const policy = item.documentPolicy ?? undefined;
  const body = BODIES.find((one) => one === policy?.body);
  const after = AFTER_INTAKE.find((one) => one === item.afterIntake);
  screen.details([
    [name('title'), item.title],
    [name('id'), item.id],
    [name('address'), item.address],
    [name('state'), stateOf(screen, item)],
    [name('since'), instant(language, item.stateSince)],
    [name('protocol'), item.protocol],
    [name('folder'), item.folder ?? undefined],
    [name('after-intake'), after === undefined ? undefined : screen.text(`mailboxes.after.${after}`)],
    [name('connection'), named(item.connectionId)],
    [name('queue'), named(item.queueId)],
    [name('documents'), policy === undefined ? undefined : policy.kinds.join(', ')],
    [name('message-text'), body === undefined ? undefined : screen.text(`mailboxes.body.${body}`)],
    [name('max-documents'), policy === undefined ? undefined : String(policy.maxDocuments)],
    [name('max-size'), policy === undefined ? undefined : size(language, policy.maxBytes)],
  ]);
  const { problem } = item;
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(language, problem), 'result');
}

export const mailboxesCommands: readonly Command[] = [list, add, set, show, remove, check];

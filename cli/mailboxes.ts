/** `mailboxes`: jobs via e-mail. */
import { z } from 'zod';
import type { Client } from './client.ts';
import { type Call, type Command, given } from './command.ts';
import { findId, pathOf } from './find.ts';
import {
  AFTER_INTAKE,
  BODIES,
  MAILBOX_OPTIONS,
  namesServer,
  readMailbox,
  readRules,
  readServer,
} from './mailbox-options.ts';
import { readNames } from './names.ts';
import { explainKept, keptProblem, Problem, showProblem, UsageError } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import type { Cell, Screen } from './screen.ts';
import { anything, type Connection, connection, type Mailbox, mailbox, queue } from './shapes.ts';
import { instant, shortId, size, state } from './words.ts';

const CHECK_TIMEOUT_MS = 120_000;
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
  options: MAILBOX_OPTIONS,
  async run(call) {
    checkPlace(call);
    const { screen } = call;
    const rules = readRules(call);
    const client = await call.openClient();
    const server = namesServer(call) ? await readServer(call, undefined) : undefined;
    const chosen = server === undefined ? await chooseConnection(call, client) : undefined;
    const address = call.find('address') ?? chosen?.account?.username ?? chosen?.expectedAccount ?? undefined;
    if (address === undefined) throw new UsageError('missing-option', { name: 'address' });
    const queueId = await chooseQueue(call, client);
    const where = given({ connectionId: chosen?.id, server });
    const body = { title: address, protocol: 'imap', ...rules, ...where, address, queueId };
    await showMailbox(client, screen, await client.ask(mailbox, { method: 'POST', path: '/mailboxes', body }));
  },
};

function checkPlace(call: Call): void {
  if (call.has('connection') && namesServer(call))
    throw new UsageError('either', { first: 'connection', second: 'host' });
  if (call.has('enable') && call.has('disable')) throw new UsageError('either', { first: 'enable', second: 'disable' });
}

const show: Command = {
  words: ['mailboxes', 'show'],
  operands: ['id'],
  async run(call) {
    const client = await call.openClient();
    await showMailbox(client, call.screen, await readMailbox(call, client));
  },
};

const set: Command = {
  words: ['mailboxes', 'set'],
  operands: ['id'],
  options: { ...MAILBOX_OPTIONS, enable: { about: 'enable-mailbox' }, disable: { about: 'disable-mailbox' } },
  async run(call) {
    checkPlace(call);
    const { screen, has } = call;
    const rules = readRules(call);
    const client = await call.openClient();
    const old = await readMailbox(call, client);
    const connectionId = has('connection') ? (await chooseConnection(call, client)).id : undefined;
    const server = namesServer(call) ? await readServer(call, old) : undefined;
    const queueId = has('queue') ? await chooseQueue(call, client) : undefined;
    const enabled = has('enable') ? true : has('disable') ? false : undefined;
    const body = { ...rules, ...given({ connectionId, server, queueId, enabled }) };
    if (Object.keys(body).length === 0) throw new UsageError('nothing-to-change');
    const path = pathOf('mailbox', old.id);
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
    [name('mail-server'), serverWords(item)],
    [name('queue'), named(item.queueId)],
    [name('documents'), policy === undefined ? undefined : policy.kinds.join(', ')],
    [name('message-text'), body === undefined ? undefined : screen.text(`mailboxes.body.${body}`)],
    [name('max-documents'), policy === undefined ? undefined : String(policy.maxDocuments)],
    [name('max-size'), policy === undefined ? undefined : size(language, policy.maxBytes)],
    [name('max-pages'), policy?.maxPages === undefined ? undefined : String(policy.maxPages)],
    ...whoMayPrint(screen, item),
  ]);
  const { problem } = item;
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(language, problem), 'result');
}

function serverWords({ server }: Mailbox): string | undefined {
  if (server === null || server === undefined) return undefined;
  return `${server.host}:${server.port}, ${server.security}, ${server.username}`;
}

/** Said with the words of the options that change it. */
function whoMayPrint(screen: Screen, { senderPolicy, proofPolicy, replyPolicy, language }: Mailbox) {
  const name = (key: string) => screen.text(`names.${key}`);
  const answered = Object.entries(replyPolicy ?? {}).flatMap(([what, isAnswered]) =>
    isAnswered === true ? [what] : [],
  );
  const domains = senderPolicy?.domains ?? [];
  return [
    [name('unknown-senders'), senderPolicy?.unknown],
    [name('sender-domains'), domains.length === 0 ? undefined : domains.join(', ')],
    [name('unproven-senders'), proofPolicy?.unproven],
    [name('answered'), replyPolicy === undefined ? undefined : answered.join(', ') || 'none'],
    [name('answered-in'), language === null ? 'sender' : language],
    [name('group'), senderPolicy?.group ?? undefined],
    [name('automatic-mail'), senderPolicy?.machines ?? undefined],
  ] as const;
}

export const mailboxesCommands: readonly Command[] = [list, add, set, show, remove, check];
